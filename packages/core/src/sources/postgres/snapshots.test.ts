/**
 * Loads while others write all the while: transactions that commit out of order, truncates, partitions that come and
 * go. What every load gives is one state of the database, by one session or several; and two loads of one version gave
 * the same rows. The seed is printed.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isParqueueError } from '../../model/errors.ts';
import type { Split } from '../../model/request.ts';
import type { Extract } from '../../ports/source.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { postgresRequest } from '../../testing/sql-request.ts';

const SEED = Number(process.env['PQ_SEED'] ?? Date.now() % 1_000_000);
const LOADS = 40;
const ROWS = 200;
const TOTAL = 2 * ROWS * 1000;

const SQL = `SELECT 'l' AS side, id, n FROM l UNION ALL SELECT 'r', id, n FROM r
  UNION ALL SELECT 'p', id, n FROM p ORDER BY side, id`;

let database: PostgresTestDatabase;
let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-postgres-'));
  database = await openPostgresTestDatabase();
  await database.execute(`
    CREATE TABLE l (id int PRIMARY KEY, n int); INSERT INTO l SELECT g, 1000 FROM generate_series(1, ${ROWS}) g;
    CREATE TABLE r (id int PRIMARY KEY, n int); INSERT INTO r SELECT g, 1000 FROM generate_series(1, ${ROWS}) g;
    CREATE TABLE p (id int NOT NULL, n int) PARTITION BY RANGE (id);
    CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (100); INSERT INTO p SELECT g, 0 FROM generate_series(0, 9) g;
    CREATE TABLE p_2 (id int NOT NULL, n int); INSERT INTO p_2 SELECT g, 0 FROM generate_series(100, 119) g`);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function writing(stop: AbortSignal, chance: () => number, { restMs, once }: Writer): Promise<void> {
  const client = await database.connect();
  while (!stop.aborted) {
    try {
      await client.query('BEGIN');
      for (const statement of once(chance)) {
        await client.query(statement);
        await sleep(chance() * 8);
      }
      await client.query('COMMIT');
    } catch {
      // A deadlock, or a lock that was not had: nothing was written.
      await client.query('ROLLBACK');
    }
    await sleep(chance() * restMs);
  }
  await client.end();
}

const someId = (chance: () => number): number => 1 + Math.floor(chance() * ROWS);

interface Writer {
  /** How long it rests at most. */
  readonly restMs: number;
  readonly once: (chance: () => number) => readonly string[];
}

const WRITERS: readonly Writer[] = [
  ...Array.from({ length: 3 }, () => ({
    restMs: 20,
    once: (chance: () => number): readonly string[] => [
      `UPDATE l SET n = n - 7 WHERE id = ${someId(chance)}`,
      `UPDATE r SET n = n + 7 WHERE id = ${someId(chance)}`,
    ],
  })),
  {
    restMs: 800,
    once: () => [
      "SET LOCAL lock_timeout = '200ms'",
      'LOCK TABLE l IN ACCESS EXCLUSIVE MODE',
      'CREATE TEMP TABLE k ON COMMIT DROP AS SELECT * FROM l',
      'TRUNCATE l',
      'INSERT INTO l SELECT * FROM k',
    ],
  },
  // Attached where it is not, detached where it is; refused otherwise.
  ...['ATTACH PARTITION p_2 FOR VALUES FROM (100) TO (200)', 'DETACH PARTITION p_2'].map((action) => ({
    restMs: 800,
    once: () => ["SET LOCAL lock_timeout = '200ms'", `ALTER TABLE p ${action}`],
  })),
];

let files = 0;

async function load(split: Split | null): Promise<{ readonly extract: Extract; readonly rows: readonly string[] }> {
  await using source = await database.source();
  await using snapshot = await source.open(postgresRequest(SQL, { split }), sourceContext());
  const path = join(out, `${(files += 1)}.parquet`);
  const extract = await snapshot.extract({ path });
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  await rm(path);
  return {
    extract,
    rows: table
      .toArray()
      .map((row) => JSON.stringify(row))
      .toSorted(),
  };
}

/** Three times in a row a table was rebuilt under it: then a load fails, and says so. */
async function unlessUnstable<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_SOURCE_UNSTABLE') return null;
    throw error;
  }
}

describe(`while others write (seed ${SEED})`, () => {
  it('every load is one state, and one version is one set of rows', async () => {
    const stop = new AbortController();
    const writers = WRITERS.map((writer, i) => writing(stop.signal, chances(SEED + i), writer));
    const seen = new Map<string, readonly string[]>();
    let loads = 0;
    const restarts: unknown[] = [];
    const splits: unknown[] = [];
    try {
      for (let i = 0; i < LOADS || loads <= LOADS / 4 || seen.size <= LOADS / 8; i += 1) {
        const loaded = await unlessUnstable(() => load(i % 2 === 0 ? null : { column: 'id', into: 3 }));
        if (loaded === null) continue;
        const { extract, rows } = loaded;
        loads += 1;
        const numbers = rows.map((row) => JSON.parse(row) as { side: string; n: number });
        const moved = numbers.filter(({ side }) => side !== 'p');
        expect(moved).toHaveLength(2 * ROWS);
        expect(moved.reduce((sum, { n }) => sum + n, 0)).toBe(TOTAL);
        expect([10, 30]).toContain(numbers.length - moved.length);
        expect(extract.consistency).toBe('exact');
        const same = seen.get(extract.version);
        if (same !== undefined) expect(rows).toEqual(same);
        seen.set(extract.version, rows);
        restarts.push(extract.details['restarts']);
        splits.push(extract.details['split']);
      }
    } finally {
      stop.abort();
      await Promise.all(writers);
    }
    if (process.env['PQ_TELL'] !== undefined) console.log(JSON.stringify({ versions: seen.size, restarts, splits }));
    // Nobody writes any more: one version, whatever the number of sessions.
    const [alone, together] = [await load(null), await load({ column: 'id', into: 3 })];
    expect(together.extract.version).toBe(alone.extract.version);
    expect(together.rows).toEqual(alone.rows);
    expect(together.extract.details['split']).toEqual({ sessions: 3, column: 'id' });
  });
});
