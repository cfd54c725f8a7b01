/** Cold fills from a PostgreSQL server of this machine. */
import { startPostgresServer } from '@parqueue/core/testing/servers';
import { Client } from 'pg';
import type { Bench, Findings, Section } from '../section.ts';
import { loginOf, RACE_GOALS, RACE_ROWS, raceFills } from '../sql/fill-race.ts';

const AS_USED = 'pg-cursor, rows as objects of JavaScript values';

export const postgresFill: Section = {
  name: 'postgres-fill',
  title: 'Postgres cold fill',
  about:
    'Ten mixed columns (integer, bigint, numeric, two texts, timestamp with and without time zone, date, boolean, double precision; some NULL) of one table of a PostgreSQL server '
    + 'on this machine. Floors: pg with pg-cursor, a thousand rows at a time, dropped: as most people write it, rows as objects and values parsed; and as its fastest users do, rows as '
    + 'arrays and values left as texts. The goal is judged by the faster one, which turns no value into anything. Parqueue: the whole fill in a worker thread and the thread for files '
    + 'beside it, from the snapshot over Parquet (zstd) and SHA-256 to fsync, manifest and publication.',
  goals: RACE_GOALS,
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const rows = bench.pick(RACE_ROWS);
  bench.progress('starts PostgreSQL');
  await using server = await startPostgresServer();
  bench.progress('fills the table');
  const login = loginOf(server.url, 'postgres');
  const client = new Client({ ...login });
  await client.connect();
  try {
    await client.query(`CREATE TABLE mixed AS SELECT s::int AS id, s::bigint * 7919 % 1000003 * 1000003 AS big,
      CASE WHEN s % 11 <> 0 THEN (s % 1000000 / 100.0)::numeric(12,2) END AS amount,
      'customer number ' || s % 5000 AS name, 'a note about row ' || s || ', of some length' AS note,
      timestamptz '2026-01-01 00:00:00+00' + s * interval '1.001 second' AS at,
      timestamp '2020-01-01' + s * interval '1 minute' AS seen, date '2000-01-01' + s % 9000 AS day,
      s % 3 = 0 AS flag, CASE WHEN s % 7 <> 0 THEN sqrt(s) END AS ratio FROM generate_series(1, ${rows}) AS s`);
    await client.query('VACUUM ANALYZE mixed');
  } finally {
    await client.end();
  }
  return await raceFills(bench, {
    kind: 'postgres',
    login,
    pid: server.pid,
    rows,
    drops: {
      [AS_USED]: { by: 'cursor', plain: false },
      'pg-cursor, rows as arrays of texts': { by: 'cursor', plain: true },
    },
    asUsed: AS_USED,
  });
}
