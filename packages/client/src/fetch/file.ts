/**
 * An answer as a file of the caller's own: written beside its place, checked, synced, and put there in one rename, so
 * that nobody ever reads half of it. A Parquet file that is there already and still right stays as it is. Node only.
 */
import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { randomName } from '../ambient.ts';
import type { Facts } from '../cache/kept.ts';
import { isArrowEnd } from './arrow.ts';
import { askFor, type Wish } from './asking.ts';
import { freshnessOf, infoOf, type ByteOptions } from './answers.ts';
import type { FlightContext } from './flights.ts';
import type { FetchedFile } from './options.ts';
import { receive, type Sink } from './transfer.ts';
import type { Transport } from '../transport.ts';

export interface FileWish extends Wish {
  readonly path: string;
}

/** @throws ParqueueHttpError; whatever the file system says (ENOENT where the folder is missing, ENOSPC, EACCES) */
export async function fetchFile(
  wish: FileWish,
  options: ByteOptions,
  { transport, flight }: { readonly transport: Transport; readonly flight: FlightContext<FetchedFile> },
): Promise<FetchedFile> {
  const path = resolve(wish.path);
  const present = options.cache === undefined || options.cache === 'default' ? await presentFile(path, wish) : null;
  const asking = { ...flight, transport, freshness: freshnessOf(options) };
  flight.sends();
  const reply = await askFor(wish, present?.facts ?? null, asking);
  if (reply.kind === 'unchanged') {
    const { bytes = 0, sha256 = '' } = present ?? {};
    return { path, bytes, sha256, info: infoOf(reply.facts, transport.now(), { from: 'disk', verified: true }) };
  }
  await using sink = await FileSink.open(path);
  const { response, bytes, sha256 } = await receive(reply.response, {
    transport,
    sink,
    signal: flight.signal,
    begin: reply.again,
    onBytes: flight.onBytes,
    isEnd: wish.form.format === 'arrow' ? isArrowEnd : undefined,
  });
  flight.signal.throwIfAborted();
  const info = infoOf(reply.factsOf(response), transport.now(), { from: 'server', verified: true });
  await sink.publish();
  return { path, bytes, sha256: sha256 ?? '', info };
}

/** The ETag of Parquet is the SHA-256 of its bytes: a file needs no note beside it to be recognised. */
async function presentFile(
  path: string,
  { form }: Wish,
): Promise<{ readonly facts: Facts; readonly bytes: number; readonly sha256: string } | null> {
  if (form.format !== 'parquet') return null;
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return null;
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    // Not readable for us, or gone: it is replaced then.
    return null;
  }
  const sha256 = hash.digest('hex');
  return { facts: factsOfFile(`"${sha256}"`), bytes: found.size, sha256 };
}

/** Enough to ask whether it is still right. */
function factsOfFile(etag: string): Facts {
  const unknown = { dataset: null, source: null, key: '', generation: 0, version: '', cacheStatus: null };
  return { ...unknown, etag, stored: etag, provenAtMs: 0 };
}

class FileSink implements Sink, AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  #file: FileHandle | null;
  #position = 0;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
  }

  static async open(path: string): Promise<FileSink> {
    const temporary = join(dirname(path), `.${basename(path)}.${randomName()}.part`);
    const replaced = await stat(path).catch(() => null);
    // Nobody may read it who could not read what it replaces.
    const mode = replaced === null ? 0o666 : replaced.mode & 0o777;
    return new FileSink(path, temporary, await open(temporary, 'wx', mode));
  }

  async write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const { bytesWritten } = await this.#opened().write(chunk, at, chunk.byteLength - at, this.#position);
      at += bytesWritten;
      this.#position += bytesWritten;
    }
  }

  async restart(): Promise<void> {
    this.#position = 0;
    await this.#opened().truncate(0);
  }

  async publish(): Promise<void> {
    await this.#opened().sync();
    await this.#close();
    await rename(this.#temporary, this.#path);
  }

  /** After publish there is nothing left to remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  #opened(): FileHandle {
    if (this.#file === null) throw new Error('the file was closed before it was written');
    return this.#file;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}
