/**
 * Whether every record of a text file is as one regular expression says: what a guess from the file's beginning is proved
 * by, while the decoder loads the file already. V8 compiles such an expression; it takes 1.4 to 1.6 ns a byte.
 */
import { open } from 'node:fs/promises';
import { throwIfAborted } from './disk-error.ts';

/** A longer record is left to whoever needs no proof. */
const CHUNK_BYTES = 1024 * 1024;

/** V8 keeps longer texts apart from those that die young, and collecting them took half as long again as the look. */
const TEXT_BYTES = 64 * 1024;

export interface RecordPattern {
  /** Of one record with its line break, over bytes (`latin1`). Sticky. */
  readonly record: RegExp;
  /** Of what stands before the first record; null where nothing does. Sticky. */
  readonly head: RegExp | null;
}

/** The bytes a text has in a file, one character each, as patterns are matched with them. */
export function patternOf(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** @returns how many records there are; null where something else is among them. */
export async function countRecords(path: string, pattern: RecordPattern, signal: AbortSignal): Promise<number | null> {
  await using handle = await open(path, 'r');
  const walk = new RecordWalk(pattern);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let held = 0;
  for (let at = 0; ;) {
    throwIfAborted(signal);
    const { bytesRead } = await handle.read(chunk, held, CHUNK_BYTES - held, at);
    if (bytesRead === 0) return walk.end(chunk.toString('latin1', 0, held)) ? walk.records : null;
    const bytes = chunk.subarray(0, held + bytesRead);
    const taken = takeAll(walk, bytes);
    if (taken === 0 && bytes.length === CHUNK_BYTES) return null;
    chunk.copyWithin(0, taken, bytes.length);
    held = bytes.length - taken;
    at += bytesRead;
  }
}

/** Looks at each record at the beginning of a file, but for the one that is cut at its end. @returns false where something else is among them, or none is */
export function eachRecord(
  bytes: Buffer,
  { head, record }: RecordPattern,
  look: (found: RegExpExecArray) => void,
): boolean {
  const text = bytes.toString('latin1');
  let taken = 0;
  if (head !== null) {
    head.lastIndex = 0;
    if (!head.test(text)) return false;
    taken = head.lastIndex;
  }
  const first = taken;
  record.lastIndex = taken;
  for (let found = record.exec(text); found !== null; found = record.exec(text)) {
    taken = record.lastIndex;
    look(found);
  }
  return taken > first && !text.includes('\n', taken);
}

/** Whether the beginning of a file is as the pattern says, but for the record that is cut at its end. */
export function beginsWith(bytes: Buffer, pattern: RecordPattern): boolean {
  const walk = new RecordWalk(pattern);
  const taken = takeAll(walk, bytes);
  return walk.records > 0 && !bytes.includes('\n', taken);
}

/** @returns how many bytes are whole records. */
function takeAll(walk: RecordWalk, bytes: Buffer): number {
  let taken = 0;
  for (let length = TEXT_BYTES; taken < bytes.length;) {
    const more = walk.take(bytes.toString('latin1', taken, taken + length));
    taken += more;
    if (more > 0) length = TEXT_BYTES;
    else if (taken + length >= bytes.length) break;
    else length *= 2;
  }
  return taken;
}

class RecordWalk {
  records = 0;
  readonly #pattern: RecordPattern;
  #isBehindHead: boolean;

  constructor(pattern: RecordPattern) {
    this.#pattern = pattern;
    this.#isBehindHead = pattern.head === null;
  }

  /** @returns how many bytes are whole records. */
  take(text: string): number {
    const { record, head } = this.#pattern;
    let taken = 0;
    if (!this.#isBehindHead && head !== null) {
      head.lastIndex = 0;
      if (!head.test(text)) return 0;
      this.#isBehindHead = true;
      taken = head.lastIndex;
    }
    for (record.lastIndex = taken; record.test(text);) {
      taken = record.lastIndex;
      this.records += 1;
    }
    return taken;
  }

  /** `rest`: what no record was made of so far; the last one may have no line break, of whichever kind the others have. */
  end(rest: string): boolean {
    if (rest === '') return this.#isBehindHead;
    return ['\n', '\r\n'].some((lineBreak) => this.take(rest + lineBreak) === rest.length + lineBreak.length);
  }
}
