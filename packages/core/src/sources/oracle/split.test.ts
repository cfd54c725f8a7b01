/** Several sessions, one point in time: the same rows as one session gives, and one session where it cannot be. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OraError } from '@parqueue/oracle-server';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Extract } from '../../ports/source.ts';
import {
  onTestServer,
  openOracleTestDatabase,
  oracleRequest,
  SERVER_ONLY,
  type OracleAsk,
  type OracleTestDatabase,
  type OracleTestServer,
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

const ROWS = 10_000;
const SQL = 'SELECT S.ID, S.AT, R.NAME FROM PQ_SPLIT S LEFT JOIN PQ_SPLIT_NAMES R ON R.ID = MOD(S.ID, 7)';

let database: OracleTestDatabase;
let out: string;
let files = 0;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-oracle-split-'));
  database = await openOracleTestDatabase();
  await database.drop('TABLE PQ_SPLIT', 'TABLE PQ_SPLIT_NAMES');
  await database.execute('CREATE TABLE PQ_SPLIT (ID NUMBER(9), AT DATE)');
  await database.execute('CREATE TABLE PQ_SPLIT_NAMES (ID NUMBER(9), NAME VARCHAR2(20))');
  await database.execute(`INSERT INTO PQ_SPLIT SELECT LEVEL, DATE '2024-02-29' FROM DUAL CONNECT BY LEVEL <= ${ROWS}`);
  await database.execute("INSERT INTO PQ_SPLIT_NAMES SELECT LEVEL, 'name ' || LEVEL FROM DUAL CONNECT BY LEVEL <= 5");
});

afterEach(() => {
  if (database.server !== null) Object.assign(database.server.hooks, { onParse: null, onExecute: null, onFetch: null });
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

function server(): OracleTestServer {
  return database.server ?? expect.unreachable();
}

async function load(
  ask: OracleAsk,
  more: { readonly sql?: string; readonly max?: number } = {},
): Promise<{ readonly extract: Extract; readonly rows: readonly string[] }> {
  await using source = await database.source({ pool: { max: more.max ?? 4 } });
  await using snapshot = await source.open(oracleRequest(more.sql ?? SQL, ask), sourceContext());
  const path = join(out, `${(files += 1)}.parquet`);
  const extract = await snapshot.extract({ path });
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  return {
    extract,
    rows: table
      .toArray()
      .map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
      .toSorted(),
  };
}

const into = (sessions: number, column = 'ID'): OracleAsk => ({ split: { column, into: sessions } });

describe('a split', () => {
  it.each([
    ['by a number', into(4)],
    ['by a date, which is one value for all rows', into(3, 'AT')],
    ['by a text with NULLs, its name in another case', into(2, 'name')],
    ['by a column that is not wanted', { ...into(4), columns: ['NAME', 'AT'] }],
  ])('%s gives the rows of one session, each once', async (_, ask) => {
    const { split: __, ...alone } = ask;
    const one = await load(alone);
    const several = await load(ask);
    expect(several.rows).toHaveLength(ROWS);
    expect(several.rows).toEqual(one.rows);
    expect(several.extract.version).toBe(one.extract.version);
    expect(several.extract.details).toMatchObject({ split: { sessions: ask.split?.into, column: ask.split?.column } });
    expect(String(several.extract.details['scn'])).toMatch(/^[0-9]+$/);
    expect(several.extract.consistency).toBe('statement');
  });

  it('may have columns of one name', async () => {
    const sql = 'SELECT ID, AT, ID FROM PQ_SPLIT';
    expect((await load(into(3), { sql })).rows).toEqual((await load({}, { sql })).rows);
  });

  it('gives equal bytes for equal rows', async () => {
    expect((await load(into(4))).extract.sha256).toBe((await load(into(4))).extract.sha256);
  });

  it('takes no more sessions than the pool allows', async () => {
    expect((await load(into(4), { max: 3 })).extract.details).toMatchObject({ split: { sessions: 3 } });
    expect((await load(into(4), { max: 1 })).extract.details).toMatchObject({
      split: { reason: expect.stringContaining('1 connection') },
    });
  });

  it('refuses a column that the statement does not give', async () => {
    await expect(load(into(2, 'NOWHERE'))).rejects.toMatchObject({ code: 'PQ_INVALID_REQUEST' });
  });

  it("keeps the statement's own binds apart from its own", async () => {
    const ask: OracleAsk = { ...into(2), binds: { PQ_SCN: { type: 'integer', value: '10' } } };
    const { rows } = await load(ask, { sql: 'SELECT ID FROM PQ_SPLIT WHERE ID <= :PQ_SCN' });
    expect(rows).toHaveLength(10);
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a split that is disturbed'), () => {
  it('shows the state of its SCN, although rows are changed while its sessions read', async () => {
    let changed = false;
    server().hooks.onFetch = async (sql, piece) => {
      if (!sql.includes('AS OF SCN') || piece !== 1 || changed) return;
      changed = true;
      await database.execute("UPDATE PQ_SPLIT SET AT = DATE '1999-01-01'");
    };
    const { rows } = await load(into(4));
    expect(changed).toBe(true);
    expect(rows.filter((row) => !row.includes(String(Date.UTC(2024, 1, 29))))).toEqual([]);
    await database.execute("UPDATE PQ_SPLIT SET AT = DATE '2024-02-29'");
  });

  it('reads at an SCN that is not older than its version, whatever is committed before the version is asked', async () => {
    let added = false;
    server().hooks.onExecute = async (sql) => {
      if (!sql.startsWith('SET TRANSACTION') || added) return;
      added = true;
      await database.execute("INSERT INTO PQ_SPLIT VALUES (0, DATE '2024-02-29')");
    };
    const { extract, rows } = await load(into(4));
    await database.execute('DELETE FROM PQ_SPLIT WHERE ID = 0');
    expect(added).toBe(true);
    expect(extract.version).toContain(`PQ_SPLIT=${ROWS + 1}@`);
    expect(rows).toHaveLength(ROWS + 1);
  });

  it.each([
    [
      'V$DATABASE is not granted',
      { onExecute: 'V$DATABASE', error: new OraError(942, 'table or view does not exist') },
    ],
    [
      'flashback is refused when the statement is parsed',
      { onParse: 'AS OF SCN', error: new OraError(1031, 'insufficient privileges') },
    ],
    [
      'flashback is refused when the statement runs',
      { onExecute: 'AS OF SCN', error: new OraError(1031, 'insufficient privileges') },
    ],
  ])('reads with one session where %s, and says why', async (_, { error, ...where }) => {
    const refuse = (part: string | undefined) =>
      part === undefined
        ? null
        : (sql: string) => {
            if (sql.includes(part)) throw error;
          };
    Object.assign(server().hooks, {
      onParse: refuse('onParse' in where ? where.onParse : undefined),
      onExecute: refuse('onExecute' in where ? where.onExecute : undefined),
    });
    const { extract, rows } = await load(into(4));
    expect(rows).toHaveLength(ROWS);
    expect(extract).toMatchObject({
      consistency: 'exact',
      details: { split: { reason: expect.stringMatching(/not granted|refused/) }, restarts: [] },
    });
  });

  it('runs its statement in all sessions at the same time', async () => {
    let arrived = 0;
    let open: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    server().hooks.onExecute = (sql) => {
      if (!sql.includes('AS OF SCN')) return;
      arrived += 1;
      if (arrived === 4) open();
      return all;
    };
    expect((await load(into(4))).rows).toHaveLength(ROWS);
  });

  it('ends at once when one of its sessions fails, whatever the others wait for', async () => {
    let arrived = 0;
    server().hooks.onExecute = (sql) => {
      if (!sql.includes('AS OF SCN')) return;
      arrived += 1;
      if (arrived === 1) throw new OraError(1652, 'unable to extend temp segment');
      return new Promise(() => undefined);
    };
    await expect(load(into(4))).rejects.toMatchObject({ details: { database: 'ORA-01652' } });
  });

  it('begins anew when one of its sessions is killed', async () => {
    let killed = false;
    server().hooks.onFetch = (sql, piece) => {
      if (!sql.includes('AS OF SCN') || piece !== 1 || killed) return;
      killed = true;
      throw new OraError(28, 'your session has been killed', { fatal: true });
    };
    const { extract, rows } = await load(into(4));
    expect(rows).toHaveLength(ROWS);
    expect(extract.details).toMatchObject({ restarts: ['ORA-00028'] });
  });
  it('that meets a value the statement cannot take fails, and is not read once more by one session', async () => {
    let begun = 0;
    server().hooks.onExecute = (sql) => {
      if (sql.includes('PQ_SPLIT_NAMES') && !/ORA_ROWSCN|ALL_/.test(sql)) begun += 1;
    };
    server().hooks.onFetch = (sql, piece) => {
      if (sql.includes('AS OF SCN') && piece === 2) throw new OraError(1722, 'invalid number');
    };
    await expect(load(into(2))).rejects.toMatchObject({ details: { database: 'ORA-01722' } });
    expect(begun).toBe(2);
  });
});
