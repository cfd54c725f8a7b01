/** What a load shows while the database changes, breaks, is slow, or is told to stop. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OraError } from '@parqueue/oracle-server';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../model/job.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import type { Extract, SourceContext } from '../../ports/source.ts';
import {
  onTestServer,
  openOracleTestDatabase,
  oracleRequest,
  SERVER_ONLY,
  type OracleTestDatabase,
  type OracleTestServer,
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

const ROWS = 5000;
const ALL = 'SELECT ID, REVISION FROM PQ_STATE ORDER BY ID';

let database: OracleTestDatabase;
let out: string;
let files = 0;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-oracle-snapshots-'));
  database = await openOracleTestDatabase();
  await database.drop('TABLE PQ_STATE');
  await database.execute('CREATE TABLE PQ_STATE (ID NUMBER(9), REVISION NUMBER(9))');
  await database.execute(`INSERT INTO PQ_STATE SELECT LEVEL, 0 FROM DUAL CONNECT BY LEVEL <= ${ROWS}`);
});

afterEach(() => {
  if (database.server !== null) Object.assign(database.server.hooks, { onParse: null, onExecute: null, onFetch: null });
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

function write(revision: number): Promise<number> {
  return database.execute('UPDATE PQ_STATE SET REVISION = :R', { R: revision });
}

/** A load of its own source, so that no connection of an earlier test is in it. */
async function load(
  context: Partial<SourceContext> = {},
  request: CanonicalRequest = oracleRequest(ALL),
): Promise<{ readonly extract: Extract; readonly revisions: readonly number[] }> {
  await using source = await database.source();
  const path = join(out, `${(files += 1)}.parquet`);
  await using snapshot = await source.open(request, sourceContext(context));
  const extract = await snapshot.extract({ path });
  const column = tableFromIPC(readParquet(await readFile(path)).intoIPCStream()).getChild('REVISION');
  return { extract, revisions: [...new Set(Array.from(column ?? [], Number))] };
}

function server(): OracleTestServer {
  return database.server ?? expect.unreachable();
}

async function probed(): Promise<string> {
  await using source = await database.source();
  return (await source.probe(oracleRequest(ALL), sourceContext())).version;
}

/** Calls `act` before the piece of rows of the loaded statement, the first time it is asked for. */
function atPiece(piece: number, act: () => void | Promise<void>, times = 1): void {
  let left = times;
  server().hooks.onFetch = (sql, at) => {
    if (!sql.includes('PQ_STATE') || sql.includes('ORA_ROWSCN') || at !== piece || left === 0) return;
    left -= 1;
    return act();
  };
}

describe('a snapshot', () => {
  it('shows the rows of its version, whatever is committed while they are read', async () => {
    await write(1);
    await using source = await database.source();
    await using snapshot = await source.open(oracleRequest(ALL), sourceContext());
    const version = await snapshot.version();
    await write(2);
    const path = join(out, `${(files += 1)}.parquet`);
    const extract = await snapshot.extract({ path });
    expect(extract).toMatchObject({ version, consistency: 'exact', rows: ROWS });
    const column = tableFromIPC(readParquet(await readFile(path)).intoIPCStream()).getChild('REVISION');
    expect([...new Set(Array.from(column ?? [], Number))]).toEqual([1]);
    expect((await source.probe(oracleRequest(ALL), sourceContext())).version).not.toBe(version);
  });

  it('records where it was: SCN, tables with their versions and costs, nothing rounded, no restart', async () => {
    const { extract } = await load();
    expect(extract.details).toMatchObject({
      method: 'rowscn',
      tables: [
        {
          name: `${database.schema}.PQ_STATE`,
          version: expect.stringMatching(/^5000@[0-9]+$/),
          costMs: expect.any(Number),
        },
      ],
      rounded: {},
      restarts: [],
      split: null,
    });
    expect(String(extract.details['scn'] ?? 'null')).toMatch(/^([0-9]+|null)$/);
  });

  it('tells its rows as they arrive, before a row group is full and written', async () => {
    const told: Progress[] = [];
    await load({ onProgress: (progress) => told.push(progress) });
    const unwritten = told.filter(({ bytes }) => bytes === 0).map(({ rows }) => rows);
    expect(unwritten).toEqual([1000, 2000, 3000, 4000, 5000]);
    expect(told.at(-1)).toMatchObject({ phase: 'reading', rows: ROWS });
  });

  it('of a table that was altered since is begun anew, and has the new columns', async () => {
    await database.drop('TABLE PQ_ALTERED');
    await database.execute('CREATE TABLE PQ_ALTERED (ID NUMBER(9))');
    await database.execute('INSERT INTO PQ_ALTERED VALUES (1)');
    await using source = await database.source();
    await using snapshot = await source.open(oracleRequest('SELECT * FROM PQ_ALTERED'), sourceContext());
    await snapshot.version();
    await database.execute('ALTER TABLE PQ_ALTERED ADD (MORE VARCHAR2(10))');
    const extract = await snapshot.extract({ path: join(out, `${(files += 1)}.parquet`) });
    expect(extract.columns.map(({ name }) => name)).toEqual(['ID', 'MORE']);
    expect(extract.details).toMatchObject({ restarts: ['ORA-01466'] });
    expect(extract.version).toBe(
      (await source.probe(oracleRequest('SELECT * FROM PQ_ALTERED'), sourceContext())).version,
    );
  });

  it('of a refresh key or of nothing is exact as well', async () => {
    const version = { kind: 'refresh-key', statement: 'SELECT COUNT(*) FROM PQ_STATE' } as const;
    expect((await load({}, oracleRequest(ALL, { version }))).extract).toMatchObject({
      consistency: 'exact',
      version: expect.stringMatching(/^refresh-key:.*=5000$/),
    });
    const loads = [await load({}, oracleRequest(ALL, { version: { kind: 'ttl' } }))];
    expect(loads[0]?.extract.version).toMatch(/^ttl:/);
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a load that is disturbed'), () => {
  it('begins anew when its snapshot is too old, and says so', async () => {
    await write(3);
    atPiece(2, async () => {
      await write(4);
      throw new OraError(1555, 'snapshot too old: rollback segment number 9 with name "U" too small');
    });
    const { extract, revisions } = await load();
    expect(revisions).toEqual([4]);
    expect(extract).toMatchObject({ rows: ROWS, details: { restarts: ['ORA-01555'] } });
  });

  it('gives up after three tries, and leaves nothing', async () => {
    const before = await readdir(out);
    let tries = 0;
    atPiece(
      1,
      () => {
        tries += 1;
        throw new OraError(1555, 'snapshot too old');
      },
      99,
    );
    await expect(load()).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNSTABLE',
      retryable: true,
      details: { database: 'ORA-01555' },
    });
    expect(tries).toBe(3);
    expect(await readdir(out)).toEqual(before);
  });

  it.each([
    ['a killed session', new OraError(28, 'your session has been killed', { fatal: true }), 'ORA-00028'],
    ['a socket that is cut', new OraError(3113, 'end-of-file on communication channel'), 'NJS-500'],
  ])('begins anew after %s in the middle of its rows', async (_, error, database_) => {
    atPiece(3, () => {
      throw error;
    });
    const { extract } = await load();
    expect(extract).toMatchObject({ rows: ROWS, details: { restarts: [database_] } });
  });

  it('announces its first rows once, however often it begins', async () => {
    let announced = 0;
    let thrown = false;
    server().hooks.onFetch = () => {
      if (announced === 0 || thrown) return;
      thrown = true;
      throw new OraError(1555, 'snapshot too old');
    };
    // More than one batch, so that rows were announced when the snapshot is lost.
    const sql = 'SELECT A.ID, A.REVISION FROM PQ_STATE A CROSS JOIN PQ_STATE B WHERE B.ID <= 20';
    const { extract } = await load({ onFirstBatch: () => void (announced += 1) }, oracleRequest(sql));
    expect(extract).toMatchObject({ rows: 20 * ROWS, details: { restarts: ['ORA-01555'] } });
    expect(announced).toBe(1);
  });

  it('does not try again what is refused', async () => {
    let tries = 0;
    server().hooks.onExecute = (sql) => {
      if (sql !== oracleText(ALL)) return;
      tries += 1;
      throw new OraError(1031, 'insufficient privileges');
    };
    await expect(load()).rejects.toMatchObject({ code: 'PQ_SOURCE_REJECTED', details: { database: 'ORA-01031' } });
    expect(tries).toBe(1);
  });

  it('asks its version in the transaction of its rows, not before it', async () => {
    await write(5);
    let written = false;
    server().hooks.onExecute = async (sql) => {
      if (!sql.startsWith('SET TRANSACTION') || written) return;
      written = true;
      await write(6);
    };
    const { extract, revisions } = await load();
    expect(revisions).toEqual([6]);
    const version = await probed();
    expect(extract).toMatchObject({ version, consistency: 'exact' });
  });

  it('without a read-only transaction has rows that are newer than its version, never older', async () => {
    await write(7);
    const version = await probed();
    let written = false;
    server().hooks.onExecute = async (sql) => {
      if (sql.startsWith('SET TRANSACTION')) throw new OraError(1456, 'refused');
      if (sql !== oracleText(ALL) || written) return;
      written = true;
      await write(8);
    };
    const { extract, revisions } = await load();
    expect(revisions).toEqual([8]);
    expect(extract).toMatchObject({ version, consistency: 'statement' });
  });

  it('goes on without a read-only transaction where that is refused, and says `statement`', async () => {
    server().hooks.onExecute = (sql) => {
      if (sql.startsWith('SET TRANSACTION')) throw new OraError(1456, 'refused');
    };
    const { extract } = await load();
    expect(extract).toMatchObject({ consistency: 'statement', rows: ROWS });
    expect(await probed()).toBe(extract.version);
  });

  it('has no SCN to tell where V$DATABASE is not granted, and does not ask again soon', async () => {
    let asked = 0;
    server().hooks.onExecute = (sql) => {
      if (!sql.includes('V$DATABASE')) return;
      asked += 1;
      throw new OraError(942, 'table or view does not exist');
    };
    await using source = await database.source();
    for (let i = 0; i < 2; i += 1) {
      await using snapshot = await source.open(oracleRequest(ALL), sourceContext());
      expect((await snapshot.extract({ path: join(out, `${(files += 1)}.parquet`) })).details).toMatchObject({
        scn: null,
      });
    }
    expect(asked).toBe(1);
  });
});

const oracleText = (sql: string): string => {
  const { question } = oracleRequest(sql);
  return question.kind === 'sql' ? question.statement : '';
};

describe.skipIf(SERVER_ONLY)(onTestServer('a load that is stopped'), () => {
  const never = (): Promise<void> => new Promise(() => undefined);

  it.each([
    ['while its version is asked', (sql: string) => sql.includes('ORA_ROWSCN')],
    ['while its statement runs', (sql: string) => sql === oracleText(ALL)],
    ['while its transaction begins', (sql: string) => sql.startsWith('SET TRANSACTION')],
    ['while its session is set up', (sql: string) => sql.startsWith('ALTER SESSION')],
  ])('%s is broken off in the database, and its connection is closed', async (_, where) => {
    const stop = new AbortController();
    server().hooks.onExecute = (sql) => {
      if (!where(sql)) return;
      stop.abort();
      return never();
    };
    await expect(load({ signal: stop.signal })).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    server().hooks.onExecute = null;
    await nothingLeft();
  });

  it('while rows are fetched is broken off as well', async () => {
    const stop = new AbortController();
    atPiece(2, () => {
      stop.abort();
      return never();
    });
    await expect(load({ signal: stop.signal })).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    await nothingLeft();
  });

  it('by its time limit ends with PQ_FILL_TIMEOUT, and the call is broken off', async () => {
    atPiece(1, never);
    const limits = { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 800 };
    await expect(load({ limits })).rejects.toMatchObject({ code: 'PQ_FILL_TIMEOUT' });
    await nothingLeft();
  });

  it('by a value that is refused leaves nothing open at the database either, and the next load is whole', async () => {
    await using source = await database.source({ pool: { max: 1 } });
    {
      const sql = 'SELECT ID, CASE WHEN ID = 1500 THEN 7 ELSE 1 END REFUSED FROM PQ_STATE ORDER BY ID';
      const request = { ...oracleRequest(sql), columnTypes: { REFUSED: 'boolean' } };
      await using snapshot = await source.open(request, sourceContext());
      await expect(snapshot.extract({ path: join(out, 'refused.parquet') })).rejects.toThrow(
        /row 1500, column REFUSED/,
      );
    }
    await expect.poll(() => server().hooks.openResults).toBe(0);
    await using snapshot = await source.open(oracleRequest(ALL), sourceContext());
    expect((await snapshot.extract({ path: join(out, `${(files += 1)}.parquet`) })).rows).toBe(ROWS);
  });

  it('does not poison the connection that the next load gets', async () => {
    await using source = await database.source({ pool: { max: 1 } });
    const stop = new AbortController();
    atPiece(2, () => {
      stop.abort();
      return never();
    });
    {
      await using snapshot = await source.open(oracleRequest(ALL), sourceContext({ signal: stop.signal }));
      await expect(snapshot.extract({ path: join(out, 'stopped.parquet') })).rejects.toMatchObject({
        code: 'PQ_CANCELLED',
      });
    }
    for (let i = 0; i < 3; i += 1) {
      await using snapshot = await source.open(oracleRequest(ALL), sourceContext());
      expect((await snapshot.extract({ path: join(out, `${(files += 1)}.parquet`) })).rows).toBe(ROWS);
    }
    expect(await readdir(out)).not.toContain('stopped.parquet');
  });

  /** Only the fixture's own connection is left, and no result is open. */
  async function nothingLeft(): Promise<void> {
    await expect.poll(() => server().hooks.openResults).toBe(0);
    await expect
      .poll(() =>
        server()
          .sessions()
          .filter(({ program }) => program === 'parqueue'),
      )
      .toEqual([]);
  }
});
