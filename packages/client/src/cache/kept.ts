/**
 * What the cache knows of one question in one form: facts, bytes, and what was decoded from them. Decoded objects are
 * handed to every caller alike, so nobody may change them.
 */
import type { InvalidateTarget, Question } from '../types.ts';

/** The part that goes to disk. No parameter, no bind, no key of the API. */
export interface Facts {
  readonly dataset: string | null;
  /** Null where a dataset was asked for: its source is the server's business. */
  readonly source: string | null;
  readonly key: string;
  readonly generation: number;
  readonly version: string;
  /** Of these very bytes, as the server sent it. */
  readonly etag: string;
  /** The ETag of the Parquet file they were made from, where it is known. */
  readonly stored: string | null;
  readonly cacheStatus: string | null;
  /** This machine's clock when the work began that last proved the rows right. */
  readonly provenAtMs: number;
}

/** One decoded object and what it takes in memory. */
export interface Decoded {
  readonly value: unknown;
  readonly bytes: number;
}

export class Kept {
  facts: Facts;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the bytes, hexadecimal; null where nobody computed it yet. */
  readonly sha256: string | null;
  /** By `as`. */
  readonly decoded = new Map<string, Decoded>();

  constructor(facts: Facts, bytes: Uint8Array<ArrayBuffer>, sha256: string | null) {
    this.facts = facts;
    this.bytes = bytes;
    this.sha256 = sha256;
  }

  /** An entry's own objects are small and not counted one by one. */
  get weight(): number {
    let weight = this.bytes.byteLength + ENTRY_BYTES;
    for (const { bytes } of this.decoded.values()) weight += bytes;
    return weight;
  }
}

const ENTRY_BYTES = 1024;

/** Whether an invalidation may concern an entry. What cannot be told is concerned. */
export function mayConcern(target: InvalidateTarget, { key, dataset, source }: Facts): boolean {
  if ('key' in target) return key === target.key;
  if ('dataset' in target) return dataset === target.dataset;
  if ('prefix' in target) return key.startsWith(target.prefix);
  return source === null || source === target.source;
}

export function subjectOf(question: Question): Pick<Facts, 'dataset' | 'source'> {
  return 'dataset' in question
    ? { dataset: question.dataset, source: null }
    : { dataset: null, source: question.source };
}

/** Seconds; null where the clock was set back and nobody can tell. */
export function ageSeconds({ provenAtMs }: Facts, nowMs: number): number | null {
  return nowMs < provenAtMs ? null : (nowMs - provenAtMs) / 1000;
}
