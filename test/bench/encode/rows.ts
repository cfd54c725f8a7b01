/** Rows as a driver gives them, ten columns of mixed types: made of their numbers alone, so every process has the same. */
import type { Column } from '@parqueue/core/parquet';

export const COLUMNS = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'at', type: { kind: 'timestamp', unit: 'ms', utc: false }, nullable: false },
  { name: 'day', type: { kind: 'date32' }, nullable: false },
  { name: 'category', type: { kind: 'utf8' }, nullable: false },
  { name: 'price', type: { kind: 'decimal128', precision: 18, scale: 2 }, nullable: false },
  { name: 'quantity', type: { kind: 'int32' }, nullable: true },
  { name: 'flag', type: { kind: 'bool' }, nullable: false },
  { name: 'note', type: { kind: 'utf8' }, nullable: true },
  { name: 'score', type: { kind: 'float64' }, nullable: false },
  { name: 'customer', type: { kind: 'utf8' }, nullable: false },
] as const satisfies readonly Column[];

export type Row = readonly [
  id: number,
  at: Date,
  day: Date,
  category: string,
  price: string,
  quantity: number | null,
  flag: boolean,
  note: string | null,
  score: number,
  customer: string,
];

const CATEGORIES = ['bread', 'cheese', 'coffee', 'fruit', 'honey', 'pasta', 'spices', 'tea'] as const;
const FIRST_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

export function makeRows(count: number): readonly Row[] {
  const below = seeded();
  return Array.from({ length: count }, (_, id): Row => [
    id,
    new Date(FIRST_MS + id * 750 + below(700)),
    new Date(FIRST_MS + below(365) * DAY_MS),
    CATEGORIES[below(CATEGORIES.length)] ?? '',
    `${below(100_000)}.${10 + below(90)}`,
    below(20) === 0 ? null : 1 + below(50),
    below(2) === 1,
    below(3) === 0 ? null : `order ${below(1000)} of ${CATEGORIES[below(CATEGORIES.length)]}`,
    below(1_000_000) / 1_000_000,
    `customer-${below(200_000)}`,
  ]);
}

/** xorshift32. */
function seeded(): (limit: number) => number {
  let state = 0x9e37_79b9;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
