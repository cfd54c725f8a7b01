/** Cold fills from a MariaDB server of this machine. */
import { startMariadbServer } from '@parqueue/core/testing/servers';
import mysql from 'mysql2/promise';
import type { Bench, Findings, Section } from '../section.ts';
import { loginOf, RACE_GOALS, RACE_ROWS, raceFills } from '../sql/fill-race.ts';

const DATABASE = 'bench';
const AS_USED = 'mysql2 query, rows as objects of JavaScript values';

export const mysqlFill: Section = {
  name: 'mysql-fill',
  title: 'MySQL cold fill',
  about:
    'Ten mixed columns (int, bigint, decimal, two texts, two datetimes, date, tinyint, double; some NULL) of one table of a MariaDB server on this machine. Floors: mysql2 streaming rows '
    + 'that are dropped, by query (texts on the wire) and by execute (binary), as most people write it; and by query with rows as arrays of the bytes that came. The goal is judged by the '
    + 'fastest, which turns no value into anything. Parqueue: the whole fill in a worker thread and the thread for files beside it, from the snapshot over Parquet (zstd) and SHA-256 to '
    + 'fsync, manifest and publication.',
  goals: RACE_GOALS,
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const rows = bench.pick(RACE_ROWS);
  bench.progress('starts MariaDB');
  await using server = await startMariadbServer();
  bench.progress('fills the table');
  const login = loginOf(server.url, DATABASE);
  const client = await mysql.createConnection({ ...login, database: '' });
  try {
    await client.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4`);
    await client.query(`CREATE TABLE ${DATABASE}.mixed (id int NOT NULL, big bigint, amount decimal(12,2), name varchar(40),
      note varchar(80), at datetime(6), seen datetime, day date, flag tinyint, ratio double)`);
    await client.query(`INSERT INTO ${DATABASE}.mixed SELECT seq, seq * 7919 % 1000003 * 1000003,
      if(seq % 11 = 0, NULL, seq % 1000000 / 100), concat('customer number ', seq % 5000),
      concat('a note about row ', seq, ', of some length'), timestamp'2026-01-01 00:00:00' + INTERVAL seq * 1001000 MICROSECOND,
      timestamp'2020-01-01 00:00:00' + INTERVAL seq MINUTE, date'2000-01-01' + INTERVAL seq % 9000 DAY, seq % 3 = 0,
      if(seq % 7 = 0, NULL, sqrt(seq)) FROM ${DATABASE}.seq_1_to_${rows}`);
  } finally {
    await client.end();
  }
  return await raceFills(bench, {
    kind: 'mysql',
    login,
    pid: server.pid,
    rows,
    drops: {
      [AS_USED]: { by: 'query', plain: false },
      'mysql2 query, rows as arrays of bytes': { by: 'query', plain: true },
      'mysql2 execute, rows as objects of JavaScript values': { by: 'execute', plain: false },
    },
    asUsed: AS_USED,
  });
}
