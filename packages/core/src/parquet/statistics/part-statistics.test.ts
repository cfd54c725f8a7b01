/** Statistics as DuckDB finds them in the same file, value for value; and what they say of themselves. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTable } from '../../testing/converted.ts';
import type { ColumnStatistics } from './column-statistics.ts';
import { sampleOf } from './sample.ts';
import { readFooterOf } from '../footer.ts';
import { openStatistics, type PartStatistics } from './part-statistics.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-statistics-'));
let duck: DuckDBConnection;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  duck = await instance.connect();
  await duck.run("SET TimeZone = 'UTC'");
});
afterAll(() => {
  duck.closeSync();
  rmSync(dir, { recursive: true });
});

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function rows(sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await duck.runAndReadAll(sql)).getRows();
}

async function statisticsOf(path: string, now: () => number = () => 0): Promise<PartStatistics> {
  await using reading = await openStatistics({ path, bytes: statSync(path).size, format: 'statistics' }, now);
  const chunks: Uint8Array[] = [];
  for await (const chunk of reading.chunks()) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as PartStatistics;
}

const SORTED = 'SELECT i AS id, i AS b, i AS c FROM range(400000) t(i)';

async function write(name: string, sql: string, options = ''): Promise<string> {
  const path = join(dir, `${name}.parquet`);
  await duck.run(`COPY (${sql}) TO ${literal(path)} (FORMAT parquet${options})`);
  return path;
}

function column(statistics: PartStatistics, name: string): ColumnStatistics {
  const found = statistics.columns.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no column ${name}`);
  return found;
}

/** What DuckDB finds otherwise than told, in its own comparison. */
async function differences(path: string, told: ColumnStatistics, type: string): Promise<readonly string[]> {
  const name = quoted(told.name);
  const isFloat = type === 'DOUBLE' || type === 'FLOAT';
  const finite = isFloat || type.startsWith('TIMESTAMP') || type === 'DATE' ? `isfinite(${name})` : 'true';
  const from = `(SELECT * FROM read_parquet(${literal(path)}) WHERE ${name} IS NOT NULL AND ${finite})`;
  const value = (text: string | null | undefined): string =>
    text === null || text === undefined ? 'NULL' : `CAST(${literal(text)} AS ${isFloat ? 'DOUBLE' : type})`;
  const { edges = [], counts = [] } = told.histogram ?? {};
  const bars = counts.map((count, at) => {
    const upper = at === counts.length - 1 ? '<=' : '<';
    const within = `${name} >= ${value(edges[at])} AND ${name} ${upper} ${value(edges[at + 1])}`;
    return [`bar ${at}`, `count(*) FILTER (${within}) = ${count}`] as const;
  });
  const checks: (readonly [string, string])[] = [
    ['min', `min(${name}) IS NOT DISTINCT FROM ${value(told.min)}`],
    ['max', `max(${name}) IS NOT DISTINCT FROM ${value(told.max)}`],
    [
      'distinct',
      told.distinct === null ? `count(DISTINCT ${name}) > 1000` : `count(DISTINCT ${name}) = ${told.distinct}`,
    ],
    ['bars', `count(*) = ${counts.reduce((sum, count) => sum + count, 0)}`],
    ...bars,
  ];
  const [answers = []] = await rows(`SELECT ${checks.map(([, sql]) => sql).join(', ')} FROM ${from}`);
  return checks.filter((_, at) => answers[at] !== true).map(([what, sql]) => `${told.name}: ${what}: ${sql}`);
}

const ORDERED: Readonly<Record<string, string>> = {
  id: 'BIGINT',
  huge: 'BIGINT',
  ubig: 'UBIGINT',
  tiny: 'TINYINT',
  usmall: 'USMALLINT',
  price: 'DECIMAL(18,2)',
  small: 'DECIMAL(4,3)',
  wide: 'DECIMAL(38,10)',
  f: 'FLOAT',
  d: 'DOUBLE',
  odd: 'DOUBLE',
  day: 'DATE',
  ts: 'TIMESTAMP',
  ms: 'TIMESTAMP_MS',
  ns: 'TIMESTAMP_NS',
  tz: 'TIMESTAMPTZ',
  clock: 'TIME',
  one: 'INTEGER',
  nothing: 'INTEGER',
};
const ORDERED_SQL = `
  SELECT i::BIGINT AS id, (hash(i) // 2)::BIGINT - 4611686018427387904 AS huge, hash(i)::UBIGINT AS ubig,
    (i % 7 - 3)::TINYINT AS tiny, (i % 60000)::USMALLINT AS usmall,
    (random() * 1e12 - 5e11)::DECIMAL(18,2) AS price, CASE WHEN i % 5 > 0 THEN (random() * 2 - 1)::DECIMAL(4,3) END AS small,
    ((random() * 1e15 - 5e14)::DECIMAL(38,10) * 1000)::DECIMAL(38,10) AS wide, random()::FLOAT AS f, random() * 1e300 - 5e299 AS d,
    CASE i % 9 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN 'Infinity'::DOUBLE WHEN 2 THEN NULL ELSE i / 4 END AS odd,
    CASE WHEN i % 11 = 0 THEN 'infinity'::DATE ELSE DATE '1899-12-30' + (i * 13 % 50000)::INTEGER END AS day,
    TIMESTAMP '1955-01-01' + to_microseconds((random() * 4e15)::BIGINT) AS ts, epoch_ms((i * 7919)::BIGINT)::TIMESTAMP_MS AS ms,
    make_timestamp_ns((random() * 4e18)::BIGINT) AS ns, TIMESTAMPTZ '2026-01-01' + to_microseconds(i * 7919) AS tz,
    TIME '00:00:00' + to_microseconds((random() * 86399999999)::BIGINT) AS clock, 42 AS one, NULL::INTEGER AS nothing
  FROM range(6000) t(i)`;

describe('as DuckDB counts', () => {
  test('ranges, different values and every bar of what has an order', async () => {
    await duck.run('SELECT setseed(0.26)');
    const path = await write('ordered', ORDERED_SQL, ', ROW_GROUP_SIZE 2048');
    const told = await statisticsOf(path);
    expect(told).toMatchObject({ rows: 6000, rowGroups: 3, basis: { kind: 'all', rows: 6000, why: null } });
    expect(told.columns.map(({ name }) => name)).toEqual(Object.keys(ORDERED));
    const wrong: string[] = [];
    for (const [name, type] of Object.entries(ORDERED))
      wrong.push(...(await differences(path, column(told, name), type)));
    expect(wrong).toEqual([]);
    const nulls = told.columns.map(({ name }) => `count(*) FILTER (${quoted(name)} IS NULL)`);
    const [counted = []] = await rows(`SELECT ${nulls.join(', ')} FROM read_parquet(${literal(path)})`);
    expect(told.columns.map((one) => one.nulls)).toEqual(counted.map(Number));
    expect(told.columns.every(({ bytes, values, nulls: missing }) => bytes > 0 && values + missing === 6000)).toBe(
      true,
    );
    const named = ['odd', 'day', 'id'].map((name) => column(told, name).notFinite);
    expect(named).toEqual([667 + 667, 546, 0]);
    expect(column(told, 'tiny').histogram).toEqual({
      edges: ['-3', '-2', '-1', '0', '1', '2', '3', '3'],
      counts: [858, 857, 857, 857, 857, 857, 857],
    });
  });

  test('means: of whole numbers and decimals to six digits beyond theirs, of times as times', async () => {
    const path = join(dir, 'ordered.parquet');
    const told = await statisticsOf(path);
    for (const name of ['id', 'tiny', 'usmall', 'price', 'small', 'f', 'd']) {
      const finite = `SELECT avg(${name})::DOUBLE FROM read_parquet(${literal(path)})`;
      const expected = Number((await rows(finite))[0]?.[0]);
      expect(Number(column(told, name).mean), name).toSatisfy(
        (mean: number) => Math.abs(mean - expected) <= 1e-6 + Math.abs(expected) * 1e-12,
      );
    }
    for (const [name, type] of Object.entries({ ts: 'TIMESTAMP', tz: 'TIMESTAMPTZ' })) {
      const mean = `epoch_us(CAST(${literal(column(told, name).mean ?? '')} AS ${type}))`;
      const sql = `SELECT ${mean} = round(sum(epoch_us(${name}))::HUGEINT / count(*))::BIGINT FROM read_parquet(${literal(path)})`;
      expect(await rows(sql), name).toEqual([[true]]);
    }
    expect(column(told, 'one')).toMatchObject({
      mean: '42',
      distinct: 1,
      histogram: { edges: ['42', '42'], counts: [6000] },
    });
  });

  test('the most frequent texts, flags and bytes, and how long they are', async () => {
    const sql = `
      SELECT CASE i % 10 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'wört-' || (i % 13) * (i % 3) END AS word, i % 3 = 0 AS flag,
        ('x' || i % 4)::BLOB AS bin, repeat('ä', 300) || (i % 2) AS long, uuid() AS id FROM range(3000) t(i)`;
    const path = await write('texts', sql, ', ROW_GROUP_SIZE 2048');
    const told = await statisticsOf(path);
    const word = column(told, 'word');
    const top = await rows(`
      SELECT word, count(*)::INTEGER FROM read_parquet(${literal(path)}) WHERE word IS NOT NULL
      GROUP BY word ORDER BY count(*) DESC, word LIMIT 10`);
    expect(word.top?.map(({ value, count }) => [value, count])).toEqual(top);
    const [facts = []] = await rows(`
      SELECT min(word), max(word), count(DISTINCT word)::INTEGER, min(strlen(word))::INTEGER, max(strlen(word))::INTEGER, avg(strlen(word))
      FROM read_parquet(${literal(path)})`);
    const { lengths } = word;
    expect([word.min, word.max, word.distinct, lengths?.min, lengths?.max, lengths?.mean]).toEqual(facts);
    expect(column(told, 'flag')).toMatchObject({
      distinct: 2,
      top: [
        { value: 'false', count: 2000 },
        { value: 'true', count: 1000 },
      ],
    });
    expect(column(told, 'bin').top?.[0]).toEqual({
      value: Buffer.from('x0').toString('base64'),
      count: 750,
      cut: false,
    });
    // Half of them differ in their last letter only, far beyond what is shown.
    expect(column(told, 'long')).toMatchObject({ distinct: 2, max: 'ä'.repeat(128), lengths: { min: 601, max: 601 } });
    expect(column(told, 'long').top).toEqual([
      { value: 'ä'.repeat(128), count: 1500, cut: true },
      { value: 'ä'.repeat(128), count: 1500, cut: true },
    ]);
    expect(column(told, 'id')).toMatchObject({ distinct: 3000, top: expect.any(Array) });
  });

  test('lists by their items; structs and intervals by their NULLs', async () => {
    const sql = `
      SELECT CASE WHEN i % 4 = 0 THEN NULL ELSE range(i % 6) END AS list, {'a': i, 'l': [i]} AS struct, MAP {i: 'x', -i - 1: 'y'} AS map,
        CASE WHEN i % 2 = 0 THEN INTERVAL 1 MONTH END AS span FROM range(1200) t(i)`;
    const told = await statisticsOf(await write('nested', sql));
    expect(told.columns.map(({ nested }) => nested)).toEqual([true, true, true, false]);
    expect(column(told, 'list')).toMatchObject({
      nulls: 300,
      lengths: { unit: 'items', min: 0, max: 5 },
      histogram: null,
    });
    expect(column(told, 'map').lengths).toEqual({ unit: 'items', min: 2, max: 2, mean: 2 });
    expect(column(told, 'struct')).toMatchObject({ nulls: 0, min: null, top: null, lengths: null });
    expect(column(told, 'span')).toMatchObject({ nulls: 600, values: 600, min: null });
  });
});

describe('a sample', () => {
  const SQL = `SELECT i AS id, 'w' || i % 50000 AS word, (i / 7)::DECIMAL(9,2) AS price, i % 3 = 0 AS flag FROM range(620000) t(i)`;

  test('says so, and has the ranges of all rows from the footer', async () => {
    const path = await write('large', SQL);
    const told = await statisticsOf(path);
    expect(told.basis).toEqual({ kind: 'sample', rows: 500_000, places: 8, why: 'rows' });
    const id = column(told, 'id');
    expect(id).toMatchObject({ range: 'all', min: '0', max: '619999', values: 500_000, distinct: null });
    expect(column(told, 'price')).toMatchObject({ range: 'all', min: '0.00', max: '88571.29' });
    const { top, topExact, distinct } = column(told, 'word');
    expect({ topExact, distinct }).toEqual({ topExact: false, distinct: null });
    // No word is more frequent than the others.
    expect(top).toEqual([]);
  });

  test('ends when its time is over, with what it has', async () => {
    let time = 0;
    const told = await statisticsOf(join(dir, 'large.parquet'), () => (time += 1_000));
    expect(told.basis).toMatchObject({ kind: 'sample', why: 'time' });
    expect(told.basis.rows).toBeGreaterThan(0);
    expect(told.basis.rows).toBeLessThan(500_000);
    // A second for each look at the clock leaves none for more than the first places.
    expect(told.basis.places).toBeGreaterThan(0);
    expect(told.basis.places).toBeLessThan(8);
    // Also within one row group that is not sampled.
    const whole = await write('whole', 'SELECT i AS id FROM range(100000) t(i)');
    const cut = await statisticsOf(whole, () => (time += 1_000));
    expect(cut.basis).toMatchObject({ kind: 'sample', places: 1, why: 'time' });
    expect(column(cut, 'id')).toMatchObject({ range: 'all', min: '0', max: '99999', values: cut.basis.rows });
  });

  test('is of the whole file when its time is over, each part of it alike', async () => {
    const sorted = await write('sorted', SORTED);
    const files = [
      { path: join(dir, 'large.parquet'), last: 619_999, stepMs: 120 },
      { path: sorted, last: 399_999, stepMs: 150 },
    ];
    for (const { path, last, stepMs } of files) {
      let time = 0;
      const told = await statisticsOf(path, () => (time += stepMs));
      expect(told.basis).toMatchObject({ kind: 'sample', places: 8, why: 'time' });
      const { histogram, mean } = column(told, 'id');
      expect([histogram?.edges[0], Number(histogram?.edges.at(-1)) / last]).toEqual(['0', expect.closeTo(1, 1)]);
      // Of each place the first rows were read.
      expect(Number(mean) / last).toBeGreaterThan(0.43);
      const thirds = [0, 8, 16].map((at) => histogram?.counts.slice(at, at + 8).reduce((sum, count) => sum + count, 0));
      for (const third of thirds) expect((third ?? 0) / told.basis.rows).toBeGreaterThan(0.2);
    }
  });

  test('is of places that adjoin where it could have been all rows', async () => {
    const sorted = await write('sorted', SORTED);
    const { plan, places, limited } = sampleOf(await readFooterOf(sorted));
    expect({ rows: plan.rows, limited, places: new Set(places).size }).toEqual({
      rows: 400_000,
      limited: null,
      places: 8,
    });
    expect((await statisticsOf(sorted)).basis).toEqual({
      kind: 'all',
      rows: 400_000,
      places: null,
      why: null,
    });
  });

  test('has no rows of row groups that take too much memory', async () => {
    const footer = await readFooterOf(join(dir, 'large.parquet'));
    const [first, ...others] = footer.rowGroups.map(({ rows: count, chunks, bytes }, group) => ({
      rows: count,
      bytes,
      chunks: chunks.map((chunk) => ({ ...chunk, bytes: group === 0 ? 2 ** 40 : chunk.bytes })),
    }));
    const { plan, limited } = sampleOf({ ...footer, rowGroups: first === undefined ? [] : [first, ...others] });
    expect(limited).toBe('memory');
    expect(new Set(plan.windows.map(({ group }) => group)).has(0)).toBe(false);
    expect(plan.rows).toBeGreaterThan(0);
  });
});

describe('a file', () => {
  test('without rows has columns without values', async () => {
    const told = await statisticsOf(await write('empty', 'SELECT 1 AS id, NULL::VARCHAR AS word WHERE false'));
    expect(told).toMatchObject({ rows: 0, basis: { kind: 'all', rows: 0, why: null } });
    expect(told.columns).toMatchObject([
      { name: 'id', min: null, distinct: 0, histogram: null },
      { name: 'word', top: null, distinct: 0 },
    ]);
  });

  test('whose texts are in dictionaries of Arrow is read through them', async () => {
    const words = arrow.vectorFromArray(
      ['a', 'b', null, 'a'],
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
    );
    const path = join(dir, 'dictionary.parquet');
    writeTable(path, new arrow.Table({ words }));
    expect(column(await statisticsOf(path), 'words')).toMatchObject({
      nulls: 1,
      distinct: 2,
      top: [{ value: 'a', count: 2 }, { value: 'b' }],
    });
  });
});
