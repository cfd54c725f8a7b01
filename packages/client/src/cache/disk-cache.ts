/**
 * Entries in a folder, for several processes at once and for the next run of one. An entry is two files:
 *
 *     v1/<id>.<digest>.data    the bytes; the name ends with the beginning of their SHA-256
 *     v1/<id>.json             facts about them, with a digest of its own
 *
 * Both appear by a rename, the data first, so that facts never tell of bytes that were not there. Whatever is missing,
 * cut short, damaged or written by another release is a miss, never an error: the server has it all. Nothing is synced:
 * what a power failure leaves behind fails its check. The modification time of the facts is the time of the last use.
 * `<id>` is an HMAC over server, question and form under the API key: entries of one key are nothing to another, and
 * neither key nor question can be read from the folder.
 */
import { createHash, createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomName, systemNow } from '../ambient.ts';
import type { DiskCacheOptions } from '../client-options.ts';
import { clientError } from '../problem.ts';
import { Kept, type Facts } from './kept.ts';

const FORMAT = 'v1';
/** What a small file takes. */
const BLOCK_BYTES = 4096;
/** Longer than anybody takes between the first and the second file of an entry. */
const ABANDONED_MS = 3_600_000;

interface DiskRecord {
  readonly id: string;
  readonly sha256: string;
  readonly facts: Facts;
}

interface Listed {
  readonly id: string;
  readonly names: string[];
  bytes: number;
  usedAtMs: number;
  complete: boolean;
}

export class DiskCache {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #identity: string;
  #made: Promise<void> | null = null;
  #wasMade = false;
  /** Writes that failed, for want of space for example: the cache is then smaller, and the answers are right. */
  failures = 0;

  /** @param owner whose entries these are: the server's URL and the API key */
  constructor({ directory, bytes }: DiskCacheOptions, owner: { readonly url: string; readonly apiKey: string }) {
    this.#folder = join(directory, FORMAT);
    this.#bytesMax = bytes;
    this.#identity = createHmac('sha256', owner.apiKey).update(owner.url).digest('hex');
  }

  /** @throws ParqueueHttpError CACHE_UNUSABLE */
  async open(): Promise<void> {
    this.#made ??= mkdir(this.#folder, { recursive: true, mode: 0o700 }).then(() => undefined);
    try {
      await this.#made;
      this.#wasMade = true;
    } catch (cause) {
      this.#made = null;
      // It was there and is gone: misses, until it can be made again.
      if (this.#wasMade) return;
      throw clientError('CACHE_UNUSABLE', 'the folder of the disk cache cannot be made', { cause });
    }
  }

  /** What is told of an entry, its bytes unread. */
  async peek(question: string): Promise<Facts | null> {
    return (await this.#record(this.#idOf(question)))?.facts ?? null;
  }

  async read(question: string): Promise<Kept | null> {
    const id = this.#idOf(question);
    const record = await this.#record(id);
    if (record === null) return null;
    const bytes = await readOrNull(this.#dataPath(id, record.sha256));
    if (bytes !== null && sha256Of(bytes) === record.sha256) {
      const now = new Date(systemNow());
      await this.#try(() => utimes(this.#factsPath(id), now, now));
      return new Kept(record.facts, bytes, record.sha256);
    }
    await this.#remove(id);
    return null;
  }

  async put(question: string, { facts, bytes, sha256: known }: Kept): Promise<void> {
    const id = this.#idOf(question);
    if (bytes.byteLength + BLOCK_BYTES > this.#bytesMax) return this.#remove(id);
    const sha256 = known ?? sha256Of(bytes);
    await this.#try(async () => {
      await this.#write(this.#dataPath(id, sha256), bytes);
      await this.#write(this.#factsPath(id), textOf({ id, sha256, facts }));
      await this.#evict(id, this.#dataPath(id, sha256));
    });
  }

  /** The same bytes were proved right again. */
  async touch(question: string, facts: Facts): Promise<void> {
    const id = this.#idOf(question);
    const record = await this.#record(id);
    if (record?.facts.etag !== facts.etag) return;
    await this.#try(() => this.#write(this.#factsPath(id), textOf({ ...record, facts })));
  }

  async removeWhere(concerned: (facts: Facts) => boolean): Promise<void> {
    await this.#try(async () => {
      for (const { id, complete } of await this.#list()) {
        const record = complete ? await this.#record(id) : null;
        if (record !== null && concerned(record.facts)) await this.#remove(id);
      }
    });
  }

  #idOf(question: string): string {
    return createHmac('sha256', this.#identity).update(question).digest('hex').slice(0, 40);
  }

  #factsPath(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #dataPath(id: string, sha256: string): string {
    return join(this.#folder, `${id}.${sha256.slice(0, 16)}.data`);
  }

  async #record(id: string): Promise<DiskRecord | null> {
    const text = await readOrNull(this.#factsPath(id));
    const record = text === null ? null : recordOf(Buffer.from(text).toString());
    return record?.id === id ? record : null;
  }

  async #write(path: string, content: Uint8Array | string): Promise<void> {
    const temporary = join(this.#folder, `${randomName()}.new`);
    try {
      await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #remove(id: string): Promise<void> {
    await this.#try(async () => {
      await rm(this.#factsPath(id), { force: true });
      for (const { id: other, names } of await this.#list())
        if (other === id) for (const name of names) await rm(join(this.#folder, name), { force: true });
    });
  }

  /** Counts what all processes wrote, not only this one; so the bound holds for all of them together. */
  async #evict(justWritten: string, dataPath: string): Promise<void> {
    const listed = await this.#list();
    const outdated = listed
      .filter(({ id }) => id === justWritten)
      .flatMap(({ names }) => names.filter((name) => name.endsWith('.data') && !dataPath.endsWith(name)));
    for (const name of outdated) await rm(join(this.#folder, name), { force: true });
    let bytes = listed.reduce((sum, entry) => sum + entry.bytes, 0);
    const abandonedBefore = systemNow() - ABANDONED_MS;
    for (const entry of listed.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
      const abandoned = !entry.complete && entry.usedAtMs < abandonedBefore;
      if (entry.id === justWritten || (bytes <= this.#bytesMax && !abandoned)) continue;
      // Facts before data: facts without data would only be a miss, but the fewer of them the better.
      for (const name of entry.names.toSorted((a) => (a.endsWith('.json') ? -1 : 1)))
        await rm(join(this.#folder, name), { force: true });
      bytes -= entry.bytes;
    }
  }

  async #list(): Promise<readonly Listed[]> {
    const entries = new Map<string, Listed>();
    for (const name of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, name)).catch(() => null);
      if (found?.isFile() !== true) continue;
      const id = name.slice(0, name.indexOf('.'));
      const entry = entries.get(id) ?? { id, names: [], bytes: 0, usedAtMs: 0, complete: false };
      entry.names.push(name);
      entry.bytes += Math.max(found.size, BLOCK_BYTES);
      entry.complete ||= name.endsWith('.json');
      if (name.endsWith('.json') || !entry.complete) entry.usedAtMs = found.mtimeMs;
      entries.set(id, entry);
    }
    return [...entries.values()];
  }

  /** A cache that cannot be written costs speed; the answer is there. */
  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch {
      this.failures += 1;
      // The folder may have been removed.
      this.#made = null;
    }
  }
}

function textOf(record: DiskRecord): string {
  const text = JSON.stringify(record);
  return `${sha256Of(Buffer.from(text))}\n${text}`;
}

function recordOf(text: string): DiskRecord | null {
  const [digest, json = ''] = text.split('\n', 2);
  return digest === sha256Of(Buffer.from(json)) ? (JSON.parse(json) as DiskRecord) : null;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readOrNull(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch {
    // Not there, or not readable: both are a miss.
    return null;
  }
}
