/** The source on a real server, where connections break, hang and err: whole files or errors that tell, and no secrets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFreezingProxy } from '../../testing/freezing-proxy.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { loadParquet } from '../../testing/sql-parquet.ts';
import { mysqlRequest } from '../../testing/sql-request.ts';

let database: MysqlTestDatabase;
let folder: string;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pq-mysql-source-'));
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Ends all connections of the source's user but one's own. */
async function killAll(how: 'QUERY' | 'CONNECTION', containing: string): Promise<void> {
  const [list] = await database.admin.query({
    sql: 'SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ? AND INFO LIKE ?',
    values: [database.user, `%${containing}%`],
    rowsAsArray: true,
  });
  for (const [id] of list as unknown as unknown[][]) await database.admin.query(`KILL ${how} ${String(id)}`);
}

const WIDE = "SELECT seq, REPEAT('x', 200) AS t FROM seq_1_to_60000";

describe('a load', () => {
  it('whose connection breaks in the middle begins anew, and is whole', async () => {
    await using source = await database.source();
    let killed = false;
    const context = sourceContext({
      onProgress: () => {
        if (killed) return;
        killed = true;
        void killAll('CONNECTION', 'seq_1_to_60000');
      },
    });
    await using snapshot = await source.open(mysqlRequest(WIDE), context);
    const { rows, details } = await snapshot.extract({ path: join(folder, 'broken.parquet') });
    expect(killed).toBe(true);
    expect(rows).toBe(60_000);
    expect(details['restarts']).toHaveLength(1);
  });

  it('that somebody kills fails, and leaves no file', async () => {
    await using source = await database.source();
    let killed = false;
    const context = sourceContext({
      onProgress: () => {
        if (killed) return;
        killed = true;
        void killAll('QUERY', 'seq_1_to_20000000');
      },
    });
    await using snapshot = await source.open(mysqlRequest(WIDE.replace('60000', '20000000')), context);
    const path = join(folder, 'killed.parquet');
    await expect(snapshot.extract({ path })).rejects.toMatchObject({
      details: { database: 'ER_QUERY_INTERRUPTED (1317)' },
    });
    await expect(rm(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('over a network that stops ends with its deadline, and its connection is let go', async () => {
    await using proxy = await openFreezingProxy(`${database.host}:${database.port}`);
    const [host = '', port = ''] = proxy.address.split(':');
    await using source = await database.source({ host, port: Number(port) });
    // Its connection was made before: only what is under test counts.
    await source.probe(mysqlRequest('SELECT 1 AS A'), sourceContext());
    const limits = { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 1500 };
    const context = sourceContext({ limits, onProgress: () => proxy.freeze() });
    const load = async (): Promise<void> => {
      await using snapshot = await source.open(mysqlRequest(WIDE.replace('60000', '20000000')), context);
      await snapshot.extract({ path: join(folder, 'frozen.parquet') });
    };
    await expect(load()).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await expect.poll(() => source.connections?.()).toEqual({ busy: 0, idle: 0 });
  });

  it('keeps the order of its statement, and picks columns by the names they got', async () => {
    await using source = await database.source();
    const sql = 'SELECT seq AS ID, -CAST(seq AS SIGNED) AS ID, seq % 2 AS B FROM seq_1_to_2500 ORDER BY B, 2 DESC';
    await using loaded = await loadParquet(source, mysqlRequest(sql, { columns: ['ID_1', 'B'] }));
    const read = await loaded.query('SELECT CAST(ID_1 AS INTEGER), CAST(B AS INTEGER) FROM parquet');
    const wanted = [0, 1].flatMap((odd) =>
      Array.from({ length: 1250 }, (_, at) => [-(2 * at + (odd === 1 ? 1 : 2)), odd]),
    );
    expect(read).toEqual(wanted);
  });
});

describe('an error', () => {
  it('has neither the password nor a value in it', async () => {
    const values = { V: { type: 'string', value: 'top-secret' }, N: { type: 'integer', value: '987654321' } } as const;
    await using source = await database.source();
    const statements = [
      'SELECT EXP(:n) AS A',
      'SELECT :v + x AS A',
      'SELECT (SELECT 1 UNION SELECT :n) AS A',
      'SELECT CONVERT(:v USING latin1) = CONVERT(:v USING utf16) COLLATE latin1_bin AS A, :n AS B',
    ];
    for (const statement of statements) {
      const used = Object.fromEntries(
        Object.entries(values).filter(([name]) => statement.includes(`:${name.toLowerCase()}`)),
      );
      const request = mysqlRequest(statement, { binds: used });
      const error: unknown = await loadParquet(source, request).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'PQ_SOURCE_REJECTED' });
      expect(JSON.stringify([error, String(error)])).not.toMatch(/top-secret|987654321/);
    }
    await using wrong = await database.source({ password: 'pass-word' });
    const error: unknown = await loadParquet(wrong, mysqlRequest('SELECT 1 AS A')).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'PQ_SOURCE_REJECTED' });
    expect(JSON.stringify([error, String(error)])).not.toContain('pass-word');
  });
});
