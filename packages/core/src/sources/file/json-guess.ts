/**
 * An NDJSON file guessed from its beginning. DuckDB finds the types of what stands there, as it does for whole files; where they
 * are plain values, the same types hold for the whole file if each of its lines has those keys, in that order, with
 * values of those kinds. A regular expression proves that in one look at the bytes, in place of three: the look for
 * depth and numbers, the inference, and the keys' own. Nothing nests in such lines, and none of their numbers is beyond a double.
 */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from './disk-error.ts';
import type { DuckDbSession } from './duckdb.ts';
import { describeJson, jsonTableOf, type JsonPlan } from './json.ts';
import type { JsonColumn } from './json-columns.ts';
import { beginsWith, countRecords, patternOf, type RecordPattern } from './records.ts';
import type { Guess } from './table.ts';

/** An expression with more keys takes longer to compile than the look takes. */
const KEYS_MAX = 200;

/**
 * Values as they are written, by the type that DuckDB gives a column of them. Integers of 18 digits are of 64 bits, and `-0`
 * is none to everybody. A fraction may have more digits than a double holds, within reason.
 */
const VALUES: Readonly<Record<string, string>> = {
  BIGINT: String.raw`(?:0|-?[1-9]\d{0,17})`,
  DOUBLE: String.raw`-?(?:0|[1-9]\d{0,17})(?:\.\d{1,40})?(?:[eE][-+]?\d{1,2})?`,
  BOOLEAN: 'true|false',
  VARCHAR: String.raw`"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"`,
  // No value so far.
  JSON: 'null',
};

/** @returns null where the beginning allows no guess; what is wrong with a file is not said here. */
export async function guessNdjson(
  session: DuckDbSession,
  path: string,
  plan: JsonPlan & { readonly scratch: string; readonly headBytes: number },
): Promise<Guess | null> {
  const head = await wholeLines(path, plan.headBytes);
  if (head === null) return null;
  const beginning = join(plan.scratch, 'beginning.ndjson');
  await writeFile(beginning, head);
  const described = await describe(session, beginning, plan);
  const pattern = described === null ? null : linePattern(described);
  if (described === null || pattern === null || !beginsWith(head, pattern)) return null;
  return {
    table: jsonTableOf(path, described, plan),
    records: (signal) => countRecords(path, pattern, signal),
  };
}

/** The lines that fit; null where that is the whole file, or not one line. */
async function wholeLines(path: string, headBytes: number): Promise<Buffer | null> {
  await using handle = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(headBytes + 1);
  const { bytesRead } = await handle.read(buffer, 0, headBytes + 1, 0);
  if (bytesRead <= headBytes) return null;
  const end = buffer.lastIndexOf('\n', headBytes - 1) + 1;
  return end === 0 ? null : buffer.subarray(0, end);
}

async function describe(session: DuckDbSession, path: string, plan: JsonPlan): Promise<readonly JsonColumn[] | null> {
  try {
    return await describeJson(session, path, plan);
  } catch {
    // It is said of the whole file, whose message counts its lines.
    throwIfAborted(plan.signal);
    return null;
  }
}

function linePattern(columns: readonly JsonColumn[]): RecordPattern | null {
  if (columns.length > KEYS_MAX) return null;
  const members: string[] = [];
  for (const { name, type } of columns) {
    const value = VALUES[type];
    if (value === undefined) return null;
    members.push(String.raw`(?:${patternOf(JSON.stringify(name))}: ?(?:${value}|null)(?:, ?|(?=\})))?`);
  }
  return { head: null, record: new RegExp(String.raw`\{${members.join('')}\}\r?\n`, 'y') };
}
