/**
 * Rows that look like sales, made of a seed alone. The revision is in every row and changes a part of the rows: a
 * reader can tell which version it got, and a changed file is no mere rewrite of the old one.
 */
import type { Column } from './column-type.ts';

export interface GenerateRows {
  readonly rows: number;
  readonly seed: number;
  /** Which state of the data; 1, 2, 3 … */
  readonly revision: number;
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
/** Few, so that a chunk dies young: with thousands of rows alive, half the time went into collecting garbage. */
const CHUNK_ROWS = 128;
/** The rows in chunks, as values for GENERATED_COLUMNS that JSON can hold too. */
export function generateRows(what: GenerateRows): Generator<readonly (readonly unknown[])[], void, undefined> {
  return chunksOf(what, valuesOf);
}

/** The chunks in the shape that their reader takes at the least cost. */
export function* chunksOf<T>(
  { rows, seed, revision }: GenerateRows,
  shape: (facts: Facts) => T,
): Generator<readonly T[], void, undefined> {
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const chunk: T[] = [];
    for (let id = from; id < Math.min(rows, from + CHUNK_ROWS); id += 1) chunk.push(shape(factsOf(id, seed, revision)));
    yield chunk;
  }
}

/** One row before it is written in any form. */
interface Facts {
  readonly id: number;
  readonly us: number;
  readonly category: string;
  readonly cents: number;
  readonly qty: number;
  readonly flag: boolean;
  readonly note: string | null;
  readonly score: number;
  readonly revision: number;
}

function factsOf(id: number, seed: number, revision: number): Facts {
  // One row in ten is another one in each revision; the others stay, as in a table that is being worked on.
  const state = new Mix(id, seed, id % 10 === revision % 10 ? revision : 0);
  const cents = state.below(100_000_00);
  const word = WORDS[state.below(WORDS.length * 2)];
  return {
    id,
    cents,
    us: FIRST_US + id * STEP_US + state.below(STEP_US),
    category: CATEGORIES[state.below(CATEGORIES.length)] ?? '',
    qty: 1 + state.below(50),
    flag: state.below(2) === 1,
    note: word === undefined ? null : `${word} ${state.below(1000)}`,
    // Six digits: short enough for a CSV to bring back the very same double.
    score: state.below(1_000_000) / 1_000_000,
    revision,
  };
}

function valuesOf({ id, us, category, cents, qty, flag, note, score, revision }: Facts): readonly unknown[] {
  return [id, timestampText(us), category, priceText(cents), qty, flag, note, score, revision];
}

/** Values that RowAppender takes at the least cost. */
export function columnarOf({ id, us, category, cents, qty, flag, note, score, revision }: Facts): readonly unknown[] {
  return [id, BigInt(us), category, priceText(cents), qty, flag, note, score, revision];
}

/** Only notes hold anything that a CSV must quote. */
export function csvLine({ id, us, category, cents, qty, flag, note, score, revision }: Facts): string {
  const noted = note === null ? '' : /[",]/.test(note) ? `"${note.replaceAll('"', '""')}"` : note;
  return `${id},${timestampText(us)},${category},${priceText(cents)},${qty},${flag},${noted},${score},${revision}\n`;
}

function priceText(cents: number): string {
  const rest = cents % 100;
  return `${(cents - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}

const MINUTE_US = 60_000_000;

/** Rows follow each other in time, so most have the minute of the one before. */
let minute = Number.NaN;
let minuteText = '';

function timestampText(us: number): string {
  const within = us % MINUTE_US;
  if (us - within !== minute) {
    minute = us - within;
    minuteText = new Date(minute / 1000).toISOString().slice(0, 17).replace('T', ' ');
  }
  const micros = within % 1_000_000;
  const seconds = (within - micros) / 1_000_000;
  return `${minuteText}${seconds < 10 ? '0' : ''}${seconds}.${String(micros).padStart(6, '0')}`;
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
