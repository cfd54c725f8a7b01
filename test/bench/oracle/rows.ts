/** The rows of the Oracle section: ten columns of the kinds that reports have, about a hundred bytes a row, some values missing. */
import type { Column, ScriptedAnswer, Value } from '@parqueue/oracle-server';

export const ORDERS = 'BENCH_ORDERS';
/** Half as many of the same rows. */
export const HALF = 'BENCH_HALF';

/** Encoded once and sent again and again. */
const CYCLE_ROWS = 20_000;

const number = (name: string, precision: number, scale: number): Column => ({
  name,
  type: { kind: 'NUMBER', precision, scale },
  nullable: true,
});
const text = (name: string, chars: number): Column => ({ name, type: { kind: 'VARCHAR2', chars }, nullable: true });

const BEFORE_TIMES: readonly Column[] = [
  number('ORDER_ID', 12, 0),
  number('CUSTOMER_ID', 9, 0),
  number('QUANTITY', 4, 0),
  number('AMOUNT', 12, 2),
  number('RATE', 9, 6),
  text('STATUS', 10),
  text('PRODUCT', 30),
  text('REMARK', 60),
];

const TIMES: readonly Column[] = [
  { name: 'ORDERED', type: { kind: 'DATE' }, nullable: true },
  { name: 'CHANGED', type: { kind: 'TIMESTAMP', fraction: 6 }, nullable: true },
];

const STATUSES = ['OPEN', 'PAID', 'SHIPPED', 'RETURNED', 'CANCELLED'];
const MOD = 2 ** 31 - 1;

/** Never the same twice in a row, and the same in every run. */
function* chances(): Generator<number, never, undefined> {
  let state = 20_261_122;
  for (;;) {
    state = (state * 48_271) % MOD;
    yield state;
  }
}

interface Times {
  readonly ordered: Value;
  readonly changed: Value;
}

function rowsOf(timesOf: (seconds: number, micros: number | null) => Times): readonly (readonly Value[])[] {
  const chance = chances();
  const below = (limit: number): number => chance.next().value % limit;
  return Array.from({ length: CYCLE_ROWS }, (_, row) => {
    const cents = below(90_000_000) - 1_000_000;
    const product = `part ${below(40_000).toString(36)}-${below(1e9).toString(36)}`;
    const remark =
      below(10) < 3
        ? null
        : `${below(50) === 0 ? 'žluťoučký' : 'as agreed'}, delivery ${below(1e9).toString(36)} in week ${below(52)}`;
    const { ordered, changed } = timesOf(1_700_000_000 + below(60_000_000), below(10) < 2 ? null : below(1e6));
    return [
      String(100_000_000_000 + row * 7),
      String(1 + below(5_000_000)),
      String(1 + below(40)),
      `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`,
      `0.${String(below(1e6)).padStart(6, '0')}`,
      STATUSES[below(STATUSES.length)] ?? null,
      product,
      remark,
      ordered,
      changed,
    ];
  });
}

const fieldsOf = (seconds: number, micros: number): Value => {
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanos: micros * 1000,
  };
};

const textOf = (seconds: number, micros: number | null): string =>
  ` ${new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '')}${micros === null ? '' : String(micros).padStart(6, '0')}`;

/** The statements as they are, as Parqueue selects from them, with times as texts, and the one that it reads in two parts. */
export function answersOf(rows: number): readonly ScriptedAnswer[] {
  const asTexts = {
    columns: [...BEFORE_TIMES, ...TIMES.map(({ name }) => text(name, 30))],
    cycle: rowsOf((seconds, micros) => ({
      ordered: textOf(seconds, null),
      changed: micros === null ? null : textOf(seconds, micros),
    })),
  };
  const asTimes = {
    columns: [...BEFORE_TIMES, ...TIMES],
    cycle: rowsOf((seconds, micros) => ({
      ordered: fieldsOf(seconds, 0),
      changed: micros === null ? null : fieldsOf(seconds, micros),
    })),
  };
  return [
    { statements: (sql) => sql.includes('AS OF SCN'), rows: rows / 2, ...asTexts },
    { statements: (sql) => sql.includes('TO_CHAR') && sql.includes(HALF), rows: rows / 2, ...asTexts },
    { statements: (sql) => sql.includes('TO_CHAR'), rows, ...asTexts },
    { statements: (sql) => sql.includes(HALF), rows: rows / 2, ...asTimes },
    { statements: (sql) => sql.includes(ORDERS), rows, ...asTimes },
  ];
}
