/**
 * Test data for demos, tests and measurements: rows that look like sales, made of a seed alone, so that equal
 * arguments give equal files byte for byte, on any machine. The revision is in the file's every row and changes a
 * part of the rows: a reader can tell which version it got, and a changed file is no mere rewrite of the old one.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ParqueueError } from '../model/errors.ts';
import { DEFAULT_PARQUET } from '../model/request.ts';
import { arrowSchema, type Column } from './column-type.ts';
import { batchesOf } from './row-appender.ts';
import { writeParquetFile } from './writer.ts';

export interface GenerateRows {
  readonly rows: number;
  readonly seed: number;
  /** Which state of the data; 1, 2, 3 … */
  readonly revision: number;
}

export interface GenerateFile extends GenerateRows {
  /** Replaced in one step when it is complete. */
  readonly path: string;
  readonly format: 'parquet' | 'csv';
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
}

export interface Generated {
  readonly rows: number;
  readonly bytes: number;
}

export const GENERATED_COLUMNS: readonly Column[] = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'ts', type: { kind: 'timestamp', unit: 'us', utc: false }, nullable: false },
  { name: 'category', type: { kind: 'utf8' }, nullable: false },
  { name: 'price', type: { kind: 'decimal128', precision: 18, scale: 2 }, nullable: false },
  { name: 'qty', type: { kind: 'int32' }, nullable: false },
  { name: 'flag', type: { kind: 'bool' }, nullable: false },
  { name: 'note', type: { kind: 'utf8' }, nullable: true },
  { name: 'score', type: { kind: 'float64' }, nullable: false },
  { name: 'revision', type: { kind: 'int32' }, nullable: false },
];

const CATEGORIES = ['bread', 'cheese', 'coffee', 'fruit', 'honey', 'pasta', 'spices', 'tea'] as const;
const WORDS = [
  'ordered',
  'late',
  'gift',
  'Grüße',
  'déjà vu',
  '東京',
  'señor',
  'fragile',
  'quote " inside',
  'comma, inside',
  '🙂',
] as const;

/** 2024-01-01T00:00:00Z in µs; a row every 750 ms or so from there. */
const FIRST_US = 1_704_067_200_000_000;
const STEP_US = 750_000;
const CHUNK_ROWS = 8192;

/** The rows in chunks, as values for GENERATED_COLUMNS. */
export function* generateRows({
  rows,
  seed,
  revision,
}: GenerateRows): Generator<readonly (readonly unknown[])[], void, undefined> {
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const chunk: (readonly unknown[])[] = [];
    for (let id = from; id < Math.min(rows, from + CHUNK_ROWS); id += 1) chunk.push(rowOf(id, seed, revision));
    yield chunk;
  }
}

/**
 * Writes the file beside its final place, syncs it and renames it, so that no reader ever sees half of it.
 * @throws ParqueueError PQ_STORE_FULL, PQ_STORE_IO, PQ_CANCELLED, PQ_INVALID_REQUEST
 */
export async function generateFile(options: GenerateFile): Promise<Generated> {
  if (!Number.isSafeInteger(options.rows) || options.rows < 0)
    throw new ParqueueError('PQ_INVALID_REQUEST', 'rows must be a whole number from 0 on');
  // Two generators of one file at a time would write through each other; the process id keeps them apart on one host.
  const draft = `${options.path}.${process.pid}.tmp`;
  try {
    const rows = options.format === 'parquet' ? await writeParquet(draft, options) : await writeCsv(draft, options);
    const bytes = await sync(draft);
    await rename(draft, options.path);
    await syncDirectory(dirname(options.path));
    return { rows, bytes };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeParquet(path: string, options: GenerateFile): Promise<number> {
  const { onRows } = options;
  const written = await writeParquetFile(
    path,
    arrowSchema(GENERATED_COLUMNS),
    batchesOf(GENERATED_COLUMNS, generateRows(options)),
    {
      parquet: DEFAULT_PARQUET,
      signal: options.signal ?? new AbortController().signal,
      plainColumns: ['id', 'ts', 'score'],
      ...(onRows === undefined ? {} : { onProgress: ({ rows }) => onRows(rows) }),
    },
  );
  return written.rows;
}

async function writeCsv(path: string, options: GenerateFile): Promise<number> {
  const handle = await open(path, 'w');
  try {
    let done = 0;
    await append(handle, `${GENERATED_COLUMNS.map(({ name }) => name).join(',')}\n`);
    for (const chunk of generateRows(options)) {
      if (options.signal?.aborted === true)
        throw new ParqueueError('PQ_CANCELLED', 'generating was cancelled', { cause: options.signal.reason });
      await append(handle, chunk.map(csvLine).join(''));
      done += chunk.length;
      options.onRows?.(done);
    }
    return done;
  } finally {
    await handle.close();
  }
}

async function append(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.writeFile(text);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new ParqueueError(
      code === 'ENOSPC' ? 'PQ_STORE_FULL' : 'PQ_STORE_IO',
      `writing the generated file failed: ${String(code)}`,
      { cause: error },
    );
  }
}

function csvLine(row: readonly unknown[]): string {
  return `${row
    .map((value) => {
      if (value === null) return '';
      const text = String(value);
      return /[",\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',')}\n`;
}

function rowOf(id: number, seed: number, revision: number): readonly unknown[] {
  // One row in ten is another one in each revision; the others stay, as in a table that is being worked on.
  const state = new Mix(id, seed, id % 10 === revision % 10 ? revision : 0);
  const cents = state.below(100_000_00);
  const word = WORDS[state.below(WORDS.length * 2)];
  return [
    id,
    timestampText(FIRST_US + id * STEP_US + state.below(STEP_US)),
    CATEGORIES[state.below(CATEGORIES.length)],
    `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
    1 + state.below(50),
    state.below(2) === 1,
    word === undefined ? null : `${word} ${state.below(1000)}`,
    // Six digits: short enough for a CSV to bring back the very same double.
    state.below(1_000_000) / 1_000_000,
    revision,
  ];
}

function timestampText(us: number): string {
  return `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 23).replace('T', ' ')}${String(us % 1000).padStart(3, '0')}`;
}

/** A small generator of even numbers from 32 bits of state (the finaliser of MurmurHash3 over a Weyl sequence). */
class Mix {
  private state: number;

  constructor(id: number, seed: number, salt: number) {
    this.state = scramble(scramble(scramble(seed | 0) ^ id) ^ Math.imul(salt, 0x9e3779b1));
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    return Math.floor((scramble(this.state) / 0x1_0000_0000) * limit);
  }
}

function scramble(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

async function sync(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
