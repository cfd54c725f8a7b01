/**
 * One answer out of the store, in the form its caller wants. It is pinned from the look that found it until it was read,
 * or until the caller gives a path back; the pin is renewed while that lasts.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Found, InProcess } from '@parqueue/core/in-process';
import type { Table } from 'apache-arrow';
import { randomName } from '../ambient.ts';
import { loadArrow, type ArrowModule } from '../fetch/arrow.ts';
import { decodeRows } from '../fetch/rows.ts';
import type { Opened } from './local.ts';
import type { TableMemory } from './table-memory.ts';
import type { PinnedWrappedFile, WrapCallOptions, WrappedFile, WrappedInfo } from './wrap-types.ts';

export interface AnswerTools extends Opened {
  readonly memory: TableMemory;
  readonly signal: AbortSignal;
}

/** Takes the pin over: it is given back before this resolves, or by whoever got a path. */
export async function inForm(found: Found, options: WrapCallOptions, tools: AnswerTools): Promise<unknown> {
  const pin = new KeptPin(found, tools);
  let isKept = false;
  try {
    options.onAnswer?.(infoOf(found));
    switch (options.as) {
      case 'path':
        isKept = true;
        return pin.file();
      case 'file':
        return await copied(found, options.path);
      case 'bytes':
        return new Uint8Array(await readFile(found.path));
      case 'table':
        return (await tableOf(found, tools)).table;
      default:
        return rowsAsGiven(await tableOf(found, tools));
    }
  } finally {
    if (!isKept) await pin.release();
  }
}

export function infoOf({ answer, pin, manifest }: Found): WrappedInfo {
  const { head, look, cache } = answer;
  return {
    key: pin.key,
    generation: head.fence,
    version: head.version,
    rows: manifest.part.rows,
    bytes: manifest.part.bytes,
    sha256: manifest.part.sha256,
    cache,
    ageSeconds: Math.max(0, look.nowMs - head.verifiedAtMs) / 1000,
  };
}

interface Decoded {
  readonly arrow: ArrowModule;
  readonly table: Table;
}

/** The same table object for as long as the generation is the same and there is room for it. */
async function tableOf(found: Found, { inProcess, memory, signal }: AnswerTools): Promise<Decoded> {
  const arrow = await loadArrow();
  const { key, fence } = found.pin;
  const known = memory.find(key, fence);
  if (known !== null) return { arrow, table: known };
  const pieces = await inProcess.readArrow(found, signal);
  const table = arrow.tableFromIPC(pieces.length === 1 ? pieces[0] : pieces);
  memory.keep({ key, fence, table, bytes: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) });
  return { arrow, table };
}

/**
 * Objects of the caller's own. What was a Date when the function gave it is one again: such columns count milliseconds
 * of UTC; declared timestamps count microseconds, which a Date does not hold. A time of no zone (from Arrow data) stays
 * text: a Date of it would be another instant in each place.
 */
function rowsAsGiven({ arrow, table }: Decoded): readonly object[] {
  const { rows } = decodeRows(arrow, table);
  const dates = table.schema.fields
    .filter(
      ({ type }) =>
        arrow.DataType.isTimestamp(type) && type.unit === arrow.TimeUnit.MILLISECOND && Boolean(type.timezone),
    )
    .map(({ name }) => name);
  return rows.map((row) => {
    const own: Record<string, unknown> = { ...row };
    for (const name of dates) {
      const text = own[name];
      if (typeof text === 'string') own[name] = new Date(text);
    }
    return own;
  });
}

/** Beside its place first, compared with the digest that the store has of it, then there in one step. */
async function copied(found: Found, path: string): Promise<WrappedFile> {
  const info = infoOf(found);
  const temporary = `${path}.${randomName()}.tmp`;
  try {
    await using file = await open(temporary, 'wx');
    const hash = createHash('sha256');
    for await (const piece of createReadStream(found.path, { highWaterMark: COPY_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(piece);
      await file.writeFile(piece);
    }
    if (hash.digest('hex') !== info.sha256)
      throw new Error(`the bytes of ${info.key} are not those that the store has the digest of`);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { path, info };
}

const COPY_BYTES = 1024 * 1024;

/** A pin that is renewed at a third of its life. */
class KeptPin {
  readonly #found: Found;
  readonly #inProcess: InProcess;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #releasing: Promise<void> | null = null;

  constructor(found: Found, { core, inProcess }: Opened) {
    this.#found = found;
    this.#inProcess = inProcess;
    this.#ttlMs = core.PIN_TTL_MS;
    this.#timer = setInterval(() => void this.#renew(), this.#ttlMs / 3).unref();
  }

  file(): PinnedWrappedFile {
    const release = async (): Promise<void> => await this.release();
    return {
      path: this.#found.path,
      info: infoOf(this.#found),
      signal: this.#lost.signal,
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  /** Never throws: a pin that cannot be given back expires. */
  release(): Promise<void> {
    clearInterval(this.#timer);
    this.#releasing ??= this.#inProcess.release(this.#found.pin).catch(() => undefined);
    return this.#releasing;
  }

  async #renew(): Promise<void> {
    try {
      const renewed = await this.#inProcess.renew(this.#found.pin, this.#ttlMs);
      if (renewed === null) this.#end('the pin is over: the generation was purged, or Redis forgot it');
    } catch {
      // Redis is away; the pin is good until it expires, and the next renewal may reach it.
    }
  }

  #end(reason: string): void {
    clearInterval(this.#timer);
    this.#lost.abort(new Error(reason));
  }
}
