/** Every type through the driver: smallest, largest, longest, null. Dates are read in UTC, as the driver makes them. */
import oracledb from 'oracledb';
import type { Connection, Metadata } from 'oracledb';
import { describe, expect, test } from 'vitest';
import type { OraType, Value } from '../engine.ts';
import { column, failureOf, INTEGER, startFixture, values } from '../testing/fixture.ts';
import type { Answer, Row } from '../testing/answering-engine.ts';

process.env.TZ = 'UTC';

const NUMBER: OraType = { kind: 'NUMBER', precision: null, scale: 0 };
const time = { year: 2024, month: 2, day: 29, hour: 12, minute: 34, second: 56, nanos: 0 };
const STRINGS = { fetchTypeHandler: () => ({ type: oracledb.STRING }) };

async function fetched(type: OraType, given: readonly Value[], options: object = {}): Promise<unknown[]> {
  await using fixture = await startFixture(() => values(type, ...given, null));
  const connection = await fixture.connect();
  const { rows } = await connection.execute<unknown[]>('select', [], options);
  expect(rows?.at(-1)).toEqual([null]);
  return rows?.slice(0, -1).map(([value]) => value) ?? [];
}

describe('numbers', () => {
  const exact = ['0', '1', '-1', '0.1', '-123.45', '9'.repeat(38), `-${'9'.repeat(38)}`, '12345678901234567890.12'];

  test('as strings are exact', async () => {
    const expected = exact.map((text) => text.replace(/^(-?)0\./, '$1.'));
    expect(await fetched(NUMBER, exact, STRINGS)).toEqual(expected);
  });

  test('as numbers are the nearest doubles', async () => {
    expect(await fetched(NUMBER, [...exact, '1E125', '1E-130'])).toEqual([...exact, '1E125', '1E-130'].map(Number));
  });

  test('of binary floating point arrive bit by bit', async () => {
    const given = [0, -0, 1.5, -1e308, 5e-324, Infinity, -Infinity, Number.NaN];
    expect(await fetched({ kind: 'BINARY_DOUBLE' }, given)).toEqual(given);
    expect(await fetched({ kind: 'BINARY_FLOAT' }, given)).toEqual(given.map(Math.fround));
  });

  test('that NUMBER cannot hold are ORA-01426', async () => {
    await using fixture = await startFixture(() => values(NUMBER, '1', '1e126'));
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('select'))).code).toBe('ORA-01426');
  });
});

describe('text', () => {
  const given = ['a', 'žluťoučký', '🦄 and ☃', 'x'.repeat(252), 'x'.repeat(253), '\u0000\n', 'ž'.repeat(4000)];

  test.each(['VARCHAR2', 'NVARCHAR2'] as const)('%s arrives whole, surrogate pairs included', async (kind) => {
    expect(await fetched({ kind, chars: 4000 }, given)).toEqual(given);
  });

  test('an empty string is null', async () => {
    expect(await fetched({ kind: 'VARCHAR2', chars: 10 }, [''])).toEqual([null]);
  });

  test.each(['CHAR', 'NCHAR'] as const)('%s is padded with blanks to its characters', async (kind) => {
    expect(await fetched({ kind, chars: 3 }, ['a', 'abc', '🦄'])).toEqual(['a  ', 'abc', '🦄  ']);
  });

  test('of a LONG has any length', async () => {
    const long = ['short', 'ž'.repeat(100_000), 'x'];
    expect(await fetched({ kind: 'LONG' }, long)).toEqual(long);
  });
});

test('RAW and LONG RAW are the bytes', async () => {
  const given = [Buffer.of(0), Buffer.of(1, 2, 255), Buffer.alloc(2000, 7)];
  expect(await fetched({ kind: 'RAW', bytes: 2000 }, given)).toEqual(given);
  expect(await fetched({ kind: 'LONG RAW' }, [...given, Buffer.alloc(200_000, 9)])).toHaveLength(4);
});

describe('times', () => {
  const at = (iso: string): Date => new Date(iso);

  test('DATE is exact to the second, years of four digits in full', async () => {
    const given = [time, { ...time, year: 9999 }, { ...time, year: 100, month: 3, day: 1 }];
    expect(await fetched({ kind: 'DATE' }, given)).toEqual([
      at('2024-02-29T12:34:56Z'),
      at('9999-02-29T12:34:56Z').getTime() ? at('9999-03-01T12:34:56Z') : null,
      at('0100-03-01T12:34:56Z'),
    ]);
  });

  test('TIMESTAMPs are exact to the millisecond, which is all that the driver keeps', async () => {
    const given = [time, { ...time, nanos: 987_654_321 }];
    for (const kind of ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH LOCAL TIME ZONE'] as const) {
      expect(await fetched({ kind, fraction: 9 }, given)).toEqual([
        at('2024-02-29T12:34:56Z'),
        at('2024-02-29T12:34:56.987Z'),
      ]);
    }
  });

  test('intervals keep their fields and their sign', async () => {
    const days = { days: 999_999_999, hours: 23, minutes: 59, seconds: 59, nanos: 999_999_999 };
    const back = { days: -1, hours: -2, minutes: -3, seconds: -4, nanos: -5 };
    const read = await fetched({ kind: 'INTERVAL DAY TO SECOND', leading: 9, fraction: 9 }, [days, back]);
    expect(read).toMatchObject([
      { days: 999_999_999, hours: 23, minutes: 59, seconds: 59, fseconds: 999_999_999 },
      { days: -1, hours: -2, minutes: -3, seconds: -4, fseconds: -5 },
    ]);
    const years = [
      { years: 178, months: 11 },
      { years: -1, months: -2 },
    ];
    expect(await fetched({ kind: 'INTERVAL YEAR TO MONTH', leading: 9 }, years)).toMatchObject(years);
  });
});

test('BOOLEAN, ROWID and UROWID arrive as they are', async () => {
  expect(await fetched({ kind: 'BOOLEAN' }, [true, false])).toEqual([true, false]);
  expect(await fetched({ kind: 'ROWID' }, ['AAAR3sAAEAAAACXAAB'])).toEqual(['AAAR3sAAEAAAACXAAB']);
  expect(await fetched({ kind: 'UROWID' }, ['AAAR3sAAEAAAACXAAB', '*BAEDwQI'])).toEqual([
    'AAAR3sAAEAAAACXAAB',
    '*BAEDwQI',
  ]);
});

describe('JSON', () => {
  const documents = [
    null,
    true,
    'text',
    -12.5,
    [],
    {},
    [1, [2, [3, null]]],
    { b: 1, a: { b: 'x'.repeat(300), 'ž☃': [true, false, null] }, list: Array.from({ length: 300 }, (_, i) => i) },
    Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`field ${i}`, `v${i}`])),
    { big: 'y'.repeat(70_000), after: 1e100 },
  ];

  test('arrives as the value it is', async () => {
    const texts = documents.map((document) => JSON.stringify(document));
    expect(await fetched({ kind: 'JSON' }, texts)).toEqual(documents);
  });

  test('as a string is its text', async () => {
    expect(await fetched({ kind: 'JSON' }, ['{"a":1}', `"${'z'.repeat(50_000)}"`], STRINGS)).toEqual([
      '{"a":1}',
      `"${'z'.repeat(50_000)}"`,
    ]);
  });
});

describe('describing', () => {
  const types: readonly OraType[] = [
    { kind: 'NUMBER', precision: 12, scale: 2 },
    { kind: 'NUMBER', precision: 5, scale: -2 },
    NUMBER,
    { kind: 'FLOAT', precision: 126 },
    { kind: 'VARCHAR2', chars: 17 },
    { kind: 'VARCHAR2', chars: 32_767 },
    { kind: 'RAW', bytes: 16 },
    { kind: 'TIMESTAMP', fraction: 9 },
    { kind: 'OBJECT', schema: 'SYS', name: 'XMLTYPE' },
    { kind: 'BOOLEAN' },
  ];

  async function described(connection: Connection): Promise<readonly Metadata<{}>[]> {
    return (await connection.getStatementInfo('select')).metaData ?? [];
  }

  test('tells names, types, precisions and sizes', async () => {
    const columns = types.map((type, index) => ({ ...column(`C${index}`, type), nullable: index % 2 === 0 }));
    await using fixture = await startFixture(() => ({ columns, rows: [] }));
    const seen = await described(await fixture.connect());
    expect(seen.map(({ name, nullable }) => [name, nullable])).toEqual(
      columns.map(({ name, nullable }) => [name, nullable]),
    );
    expect(
      seen.map(({ dbTypeName, precision, scale, byteSize }) => [dbTypeName, precision ?? scale ?? byteSize, scale]),
    ).toEqual([
      ['NUMBER', 12, 2],
      ['NUMBER', 5, -2],
      ['NUMBER', 0, -127],
      ['NUMBER', 126, -127],
      ['VARCHAR2', 17, undefined],
      ['VARCHAR2', 32_767, undefined],
      ['RAW', 16, undefined],
      ['TIMESTAMP', 9, undefined],
      ['XMLTYPE', undefined, undefined],
      ['BOOLEAN', undefined, undefined],
    ]);
  });

  test('1,000 columns, duplicate names among them, all arrive', async () => {
    const columns = Array.from({ length: 1000 }, (_, i) =>
      column(`C${i % 900}`, i % 2 === 0 ? INTEGER : { kind: 'VARCHAR2', chars: 9 }),
    );
    const row: Row = columns.map((_, i) => (i % 7 === 0 ? null : String(i)));
    const answer: Answer = { columns, rows: [row, row] };
    await using fixture = await startFixture(() => answer, { bitVectors: true });
    const { rows } = await (await fixture.connect()).execute('select');
    const expected = row.map((value, i) => (value !== null && i % 2 === 0 ? Number(value) : value));
    expect(rows).toEqual([expected, expected]);
  });
});
