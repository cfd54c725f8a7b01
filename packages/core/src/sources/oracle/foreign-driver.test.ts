/** With a driver of another version than the one whose rows are taken: it decodes them itself, the file is the same, and one warning tells. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import oracledb from 'oracledb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openOracleTestDatabase, oracleRequest, type OracleTestDatabase } from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { DRIVER_VERSION } from './driver-internals.ts';

let database: OracleTestDatabase;
let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-oracle-driver-'));
  database = await openOracleTestDatabase();
});

afterAll(async () => {
  vi.restoreAllMocks();
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

it('the same file comes of a driver of another version, which is told once', async () => {
  await database.drop('TABLE FOREIGN_DRIVER');
  await database.execute(
    'CREATE TABLE FOREIGN_DRIVER (ID NUMBER(9), AMOUNT NUMBER(20,4), N NUMBER, T VARCHAR2(40), D DATE)',
  );
  const row = (id: number): string =>
    `SELECT ${id}, ${id % 7 === 0 ? 'NULL' : `${id}.25`}, ${id}e-3, ${id % 5 === 0 ? 'NULL' : `'ä text of ${id}'`}, DATE '2026-01-01' FROM DUAL`;
  const rows = Array.from({ length: 40 }, (_, id) => row(id));
  await database.execute(`INSERT INTO FOREIGN_DRIVER ${rows.join(' UNION ALL ')}`);
  // Several chunks.
  for (let count = 40; count < 2500; count *= 2)
    await database.execute(`INSERT INTO FOREIGN_DRIVER SELECT ID + ${count}, AMOUNT, N, T, D FROM FOREIGN_DRIVER`);
  const source = await database.source();
  const load = async (name: string): Promise<{ readonly sha256: string; readonly rows: number }> => {
    const request = oracleRequest('SELECT * FROM FOREIGN_DRIVER ORDER BY ID');
    await using snapshot = await source.open(request, sourceContext());
    return await snapshot.extract({ path: join(out, name) });
  };
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const told = (): readonly unknown[] =>
    warnings.mock.calls.filter(([message]) => String(message).includes('node-oracledb'));
  const known = await load('known.parquet');
  expect(told()).toEqual([]);
  vi.spyOn(oracledb, 'versionString', 'get').mockReturnValue('26.0.1');
  for (const name of ['first.parquet', 'second.parquet']) {
    const { sha256, rows } = await load(name);
    expect({ sha256, rows }).toEqual({ sha256: known.sha256, rows: 2560 });
  }
  expect(told()).toEqual([
    [
      `node-oracledb 26.0.1 is not ${DRIVER_VERSION}: rows are decoded by the driver, which takes longer`,
      { type: 'ParqueueWarning', code: 'ORACLE_DRIVER_VERSION' },
    ],
  ]);
});
