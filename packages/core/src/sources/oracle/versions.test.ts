/** When a version changes, when it does not, what it costs, and what cannot have one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../ports/clock.ts';
import type { Source } from '../../ports/source.ts';
import {
  hostClock,
  onTestServer,
  openOracleTestDatabase,
  oracleRequest,
  SERVER_ONLY,
  type OracleAsk,
  type OracleTestDatabase,
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

let database: OracleTestDatabase;
let source: Source;

beforeAll(async () => {
  database = await openOracleTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.drop(
    'VIEW PQ_OUTER',
    'VIEW PQ_INNER',
    'VIEW PQ_CLOCK',
    'SYNONYM PQ_ALIAS',
    'PUBLIC SYNONYM PQ_PUBLIC',
    'TABLE PQ_SALES',
    'TABLE PQ_REGIONS',
  );
  await database.execute('CREATE TABLE PQ_SALES (ID NUMBER(9), REGION NUMBER(9), AMOUNT NUMBER(12,2)) ROWDEPENDENCIES');
  await database.execute('CREATE TABLE PQ_REGIONS (ID NUMBER(9), NAME VARCHAR2(40)) ROWDEPENDENCIES');
  await database.execute(
    'INSERT INTO PQ_SALES SELECT LEVEL, MOD(LEVEL, 4), LEVEL / 4 FROM DUAL CONNECT BY LEVEL <= 100',
  );
  await database.execute("INSERT INTO PQ_REGIONS SELECT LEVEL - 1, 'region ' || LEVEL FROM DUAL CONNECT BY LEVEL <= 4");
  source = await database.source();
});

afterEach(() => source[Symbol.asyncDispose]());

async function version(sql: string, ask: OracleAsk = {}): Promise<string> {
  return (await source.probe(oracleRequest(sql, ask), sourceContext())).version;
}

/** What `change` makes of the version of `sql`. */
async function afterwards(sql: string, change: () => Promise<unknown>): Promise<'same' | 'other'> {
  const before = await version(sql);
  expect(await version(sql)).toBe(before);
  await change();
  return (await version(sql)) === before ? 'same' : 'other';
}

const label = (name: string): string => `${database.schema}.${name}`;

describe('the version of a table', () => {
  const all = 'SELECT * FROM PQ_SALES';

  it('is its count and its newest SCN', async () => {
    expect(await version(all)).toMatch(new RegExp(`^rowscn:${label('PQ_SALES')}=100@[0-9]+$`));
    await database.execute('DELETE FROM PQ_SALES');
    expect(await version(all)).toBe(`rowscn:${label('PQ_SALES')}=0@-`);
  });

  it.each([
    ['an update', 'UPDATE PQ_SALES SET AMOUNT = AMOUNT + 1 WHERE ID = 50'],
    ['an insert', 'INSERT INTO PQ_SALES VALUES (101, 1, 1)'],
    ['a delete of any row', 'DELETE FROM PQ_SALES WHERE ID = 1'],
    ['a truncate', 'TRUNCATE TABLE PQ_SALES'],
  ])('changes with %s', async (_, change) => {
    expect(await afterwards(all, () => database.execute(change))).toBe('other');
  });

  it('changes with a delete and an insert that leave the count as it was', async () => {
    const change = async (): Promise<void> => {
      await database.execute('DELETE FROM PQ_SALES WHERE ID = 7');
      await database.execute('INSERT INTO PQ_SALES VALUES (7, 3, 1.75)');
    };
    expect(await afterwards(all, change)).toBe('other');
  });

  it('does not change with what is not committed, nor with what was rolled back', async () => {
    const writer = await database.connect();
    try {
      const change = async (): Promise<void> => {
        await writer.execute('UPDATE PQ_SALES SET AMOUNT = 0');
      };
      expect(await afterwards(all, change)).toBe('same');
      expect(await afterwards(all, () => writer.rollback())).toBe('same');
    } finally {
      await writer.close();
    }
  });

  it('does not change with another table', async () => {
    expect(await afterwards(all, () => database.execute('DELETE FROM PQ_REGIONS'))).toBe('same');
  });

  it('is moved by SELECT FOR UPDATE, without a change of rows: a load too many, not one too few', async () => {
    const change = async (): Promise<void> => {
      const writer = await database.connect();
      await writer.execute('SELECT ID FROM PQ_SALES WHERE ID = 1 FOR UPDATE');
      await writer.commit();
      await writer.close();
    };
    expect(await afterwards(all, change)).toBe('other');
  });

  it('follows a name that became a view', async () => {
    await version(all);
    await database.drop('TABLE PQ_SALES');
    await database.execute('CREATE VIEW PQ_SALES AS SELECT * FROM PQ_REGIONS');
    try {
      expect(await version(all)).toContain(`${label('PQ_REGIONS')}=4@`);
    } finally {
      await database.drop('VIEW PQ_SALES');
    }
  });
});

describe('a name that became a synonym', () => {
  it('is followed within a minute, so that another target is another version', async () => {
    let pastMs = 0;
    const clock: Clock = { now: () => hostClock.now() + pastMs, sleep: hostClock.sleep };
    await using late = await database.source({ clock });
    const probe = async (): Promise<string> => {
      const { version: found } = await late.probe(oracleRequest('SELECT ID FROM PQ_SALES'), sourceContext());
      return found;
    };
    await probe();
    await database.drop('TABLE PQ_SALES');
    await database.execute(`CREATE SYNONYM PQ_SALES FOR ${database.schema}.PQ_REGIONS`);
    try {
      pastMs = 61_000;
      expect(await probe()).toMatch(/definition=[0-9a-f]{12}/);
    } finally {
      await database.drop('SYNONYM PQ_SALES');
    }
  });
});

describe.skipIf(SERVER_ONLY)(onTestServer('a probe of a table'), () => {
  it('is one statement once the table is known, and a statement without tables is none', async () => {
    const { counters } = database.server ?? expect.unreachable();
    await version('SELECT * FROM PQ_SALES');
    const before = counters.executionsTotal;
    await version('SELECT * FROM PQ_SALES');
    expect(counters.executionsTotal - before).toBe(1);
    expect(await version('SELECT 1 FROM DUAL')).toBe('rowscn:');
    expect(counters.executionsTotal - before).toBe(1);
  });

  it('is asked once, however many of the names that a statement reads lead to it', async () => {
    const { counters } = database.server ?? expect.unreachable();
    await database.execute('CREATE VIEW PQ_INNER AS SELECT ID FROM PQ_SALES');
    await database.execute('CREATE SYNONYM PQ_ALIAS FOR PQ_SALES');
    const question = `SELECT COUNT(*), MAX(ORA_ROWSCN) FROM "${database.schema}"."PQ_SALES"`;
    const before = counters.executionsOf(question);
    await version('SELECT A.ID FROM PQ_SALES A, PQ_INNER B, PQ_ALIAS C WHERE B.ID = A.ID AND C.ID = A.ID');
    expect(counters.executionsOf(question) - before).toBe(1);
  });
});

describe('the version of a join', () => {
  const join = 'SELECT S.ID, R.NAME FROM PQ_SALES S JOIN PQ_REGIONS R ON R.ID = S.REGION';

  it('is that of each table, and changes with the second one alone', async () => {
    expect(await version(join)).toMatch(/^rowscn:.*PQ_REGIONS=4@[0-9]+;.*PQ_SALES=100@[0-9]+$/);
    expect(await afterwards(join, () => database.execute("UPDATE PQ_REGIONS SET NAME = 'x' WHERE ID = 1"))).toBe(
      'other',
    );
  });

  it('asks no part that is known already, and composes what it is told', async () => {
    const known = { [label('PQ_SALES')]: '5@7' };
    const sql = `SELECT COUNT(*), MAX(ORA_ROWSCN) FROM "${database.schema}"."PQ_SALES"`;
    const asked = database.server?.counters.executionsOf(sql);
    const probed = await source.probe(oracleRequest(join), sourceContext({ known }));
    expect(Object.keys(probed.parts)).toEqual([label('PQ_REGIONS')]);
    expect(probed.version).toContain('PQ_SALES=5@7');
    expect(database.server?.counters.executionsOf(sql)).toBe(asked);
  });
});

describe('the version of a view or synonym', () => {
  beforeEach(async () => {
    await database.execute(
      'CREATE VIEW PQ_INNER AS SELECT S.ID, S.AMOUNT, R.NAME FROM PQ_SALES S, PQ_REGIONS R WHERE R.ID = S.REGION',
    );
    await database.execute('CREATE VIEW PQ_OUTER AS SELECT NAME, SUM(AMOUNT) AMOUNT FROM PQ_INNER GROUP BY NAME');
    await database.execute('CREATE SYNONYM PQ_ALIAS FOR PQ_SALES');
  });

  it('is that of the tables below, however deep', async () => {
    const probed = await source.probe(oracleRequest('SELECT * FROM PQ_OUTER'), sourceContext());
    expect(probed.reads).toEqual({ [label('PQ_OUTER')]: [label('PQ_REGIONS'), label('PQ_SALES')] });
    expect(probed.parts[label('PQ_OUTER')]?.version).toMatch(
      new RegExp(`^definition=[0-9a-f]{12},${label('PQ_REGIONS')}=4@[0-9]+,${label('PQ_SALES')}=100@[0-9]+$`),
    );
    for (const name of ['PQ_OUTER', 'PQ_INNER']) {
      expect(
        await afterwards(`SELECT * FROM ${name}`, () => database.execute('DELETE FROM PQ_REGIONS WHERE ID = 0')),
      ).toBe('other');
      await database.execute("INSERT INTO PQ_REGIONS VALUES (0, 'region 1')");
    }
  });

  it('changes with the definition, also of a view below, and also at once', async () => {
    const redefine = (rest: string) => (): Promise<unknown> =>
      database.execute(
        `CREATE OR REPLACE VIEW PQ_INNER AS SELECT S.ID, S.AMOUNT, R.NAME FROM PQ_SALES S, PQ_REGIONS R WHERE R.ID = S.REGION ${rest}`,
      );
    expect(await afterwards('SELECT * FROM PQ_OUTER', redefine('AND S.ID > 10'))).toBe('other');
    expect(await afterwards('SELECT * FROM PQ_OUTER', redefine('AND S.ID > 20'))).toBe('other');
  });

  it('through a synonym is that of its target, and changes when it means another table', async () => {
    const probed = await source.probe(oracleRequest('SELECT ID FROM PQ_ALIAS'), sourceContext());
    expect(probed.reads).toEqual({ [label('PQ_ALIAS')]: [label('PQ_SALES')] });
    expect(
      await afterwards('SELECT ID FROM PQ_ALIAS', () =>
        database.execute('CREATE OR REPLACE SYNONYM PQ_ALIAS FOR PQ_REGIONS'),
      ),
    ).toBe('other');
  });

  it("finds what a public synonym means, and a table of one's own before it", async () => {
    await database.execute(`CREATE PUBLIC SYNONYM PQ_PUBLIC FOR ${label('PQ_REGIONS')}`);
    expect(await version('SELECT * FROM PQ_PUBLIC')).toContain(`${label('PQ_REGIONS')}=4@`);
    await database.execute('CREATE TABLE PQ_PUBLIC (ID NUMBER(9))');
    try {
      expect(await version('SELECT * FROM PQ_PUBLIC')).toBe(`rowscn:${label('PQ_PUBLIC')}=0@-`);
    } finally {
      await database.drop('TABLE PQ_PUBLIC');
    }
  });

  it.skipIf(SERVER_ONLY)(
    onTestServer('asks the dictionary once more per probe, and does not read definitions again'),
    async () => {
      const { counters } = database.server ?? expect.unreachable();
      const definitions = (): number =>
        counters.executionsOf('SELECT TEXT FROM ALL_VIEWS WHERE OWNER = :O AND VIEW_NAME = :N');
      // In the second of its creation a definition is not remembered.
      const readAgain = async (): Promise<number> => {
        const read = definitions();
        await version('SELECT * FROM PQ_OUTER');
        return definitions() - read;
      };
      await expect.poll(readAgain).toBe(0);
      const [read, total] = [definitions(), counters.executionsTotal];
      await version('SELECT * FROM PQ_OUTER');
      expect(definitions()).toBe(read);
      // The transaction, the dictionary, two tables.
      expect(counters.executionsTotal - total).toBe(4);
    },
  );
});

describe('what cannot be tracked', () => {
  const refused = async (sql: string, ask: OracleAsk = {}): Promise<string> => {
    const error: unknown = await source
      .probe(oracleRequest(sql, ask), sourceContext())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PQ_UNTRACKABLE' });
    return error instanceof Error ? error.message : '';
  };

  it('is a statement that reads the clock, itself or through a view, and the message names both', async () => {
    expect(await refused("SELECT ID FROM PQ_SALES WHERE SYSDATE > DATE '2020-01-01'")).toContain('SYSDATE');
    await database.execute('CREATE VIEW PQ_CLOCK AS SELECT ID, SYSDATE AS NOW FROM PQ_SALES');
    const message = await refused('SELECT * FROM PQ_CLOCK');
    expect(message).toContain(label('PQ_CLOCK'));
    expect(message).toContain('SYSDATE');
    expect(message).toContain('ttl');
  });

  it('is a view of the dictionary, whose rows change without a trace', async () => {
    for (const name of ['V$SESSION', 'SYS.ALL_OBJECTS']) {
      expect(await refused(`SELECT * FROM ${name}`)).toContain(name.replace('SYS.', ''));
    }
  });

  it('is a view upon views, deeper than anybody writes them', async () => {
    const views = Array.from({ length: 40 }, (_, i) => `PQ_DEEP_${i}`);
    await database.drop(...views.map((name) => `VIEW ${name}`));
    for (const [i, name] of views.entries()) {
      await database.execute(`CREATE VIEW ${name} AS SELECT ID FROM ${i === 0 ? 'PQ_SALES' : `PQ_DEEP_${i - 1}`}`);
    }
    expect(await version('SELECT ID FROM PQ_DEEP_20')).toContain(`${label('PQ_SALES')}=100@`);
    expect(await refused('SELECT ID FROM PQ_DEEP_39')).toContain('nested');
    await database.drop(...views.map((name) => `VIEW ${name}`));
  });

  it('is a synonym for a table of another database', async () => {
    await database.execute('CREATE SYNONYM PQ_ALIAS FOR SALES.ORDERS@ELSEWHERE');
    expect(await refused('SELECT * FROM PQ_ALIAS')).toMatch(
      /PQ_ALIAS is a synonym for .* another database \(ELSEWHERE/,
    );
  });

  it('is a temporary table, whose rows belong to a session', async () => {
    await database.drop('TABLE PQ_TEMPORARY');
    await database.execute('CREATE GLOBAL TEMPORARY TABLE PQ_TEMPORARY (ID NUMBER) ON COMMIT PRESERVE ROWS');
    try {
      expect(await refused('SELECT * FROM PQ_TEMPORARY')).toContain('temporary');
    } finally {
      await database.drop('TABLE PQ_TEMPORARY');
    }
  });

  it('may be asked with a version that is declared otherwise', async () => {
    const sql = "SELECT ID FROM PQ_SALES WHERE SYSDATE > DATE '2020-01-01'";
    const first = await version(sql, { version: { kind: 'ttl' } });
    expect(first).toMatch(/^ttl:[0-9a-f]{32}$/);
    expect(await version(sql, { version: { kind: 'ttl' } })).not.toBe(first);
    expect(await version(sql, { version: { kind: 'manual' } })).toMatch(/^manual:/);
  });
});

describe('a refresh key', () => {
  const key = (statement: string): OracleAsk => ({ version: { kind: 'refresh-key', statement } });

  it.each([
    ['SELECT COUNT(*) FROM PQ_SALES', '100'],
    ["SELECT TIMESTAMP '2024-02-29 12:34:56.123456' FROM DUAL", '20240229123456123456'],
    ["SELECT DATE '2024-02-29' FROM DUAL", '20240229000000'],
    ['SELECT MAX(NAME) FROM PQ_REGIONS', 'region 4'],
    ['SELECT 0.1 + 0.2 FROM DUAL', '.3'],
    ['SELECT MAX(ID) FROM PQ_SALES WHERE ID < 0', '-null-'],
  ])('%s has the version %s', async (statement, value) => {
    const probed = await source.probe(oracleRequest('SELECT * FROM PQ_SALES', key(statement)), sourceContext());
    expect(Object.values(probed.parts).map((part) => part.version)).toEqual([value]);
    expect(probed.version).toMatch(/^refresh-key:refresh-key:[0-9a-f]{12}=/);
  });

  it('is hashed where its text could not travel in a header', async () => {
    const value = await version('SELECT 1 FROM DUAL', key("SELECT 'a;b' || CHR(10) || 'c' FROM DUAL"));
    expect(value).toMatch(/=sha256-[0-9a-f]{64}$/);
  });

  it('is hashed where blanks around its text could get lost', async () => {
    const text = (value: string): Promise<string> => version('SELECT 1 FROM DUAL', key(`SELECT '${value}' FROM DUAL`));
    expect(await text('a ')).toMatch(/=sha256-[0-9a-f]{64}$/);
    expect(await text(' a')).toMatch(/=sha256-[0-9a-f]{64}$/);
    expect(await text('a b')).toMatch(/=a b$/);
  });

  it('changes when its value does, and only then', async () => {
    const ask = key('SELECT COUNT(*) FROM PQ_SALES');
    const first = await version('SELECT * FROM PQ_SALES', ask);
    await database.execute('UPDATE PQ_SALES SET AMOUNT = 1');
    expect(await version('SELECT * FROM PQ_SALES', ask)).toBe(first);
    await database.execute('DELETE FROM PQ_SALES WHERE ID = 1');
    expect(await version('SELECT * FROM PQ_SALES', ask)).not.toBe(first);
  });

  it.each(['SELECT ID FROM PQ_SALES', 'SELECT ID FROM PQ_SALES WHERE ID < 0', 'SELECT 1, 2 FROM DUAL'])(
    'has one row and one column, or is refused: %s',
    async (statement) => {
      await expect(
        source.probe(oracleRequest('SELECT 1 FROM DUAL', key(statement)), sourceContext()),
      ).rejects.toMatchObject({
        code: 'PQ_UNTRACKABLE',
      });
    },
  );
});

describe.skipIf(SERVER_ONLY)(onTestServer('a base table that the user may not read'), () => {
  it('makes the view untrackable, and the grant is named', async () => {
    // The test server grants everything to everybody; the refusal is put in its mouth.
    const { hooks } = database.server ?? expect.unreachable();
    await database.execute('CREATE VIEW PQ_INNER AS SELECT ID FROM PQ_SALES');
    const { OraError } = await import('@parqueue/oracle-server');
    hooks.onExecute = (sql) => {
      if (sql.includes('MAX(ORA_ROWSCN)')) throw new OraError(942, 'table or view does not exist');
    };
    try {
      await expect(source.probe(oracleRequest('SELECT * FROM PQ_INNER'), sourceContext())).rejects.toMatchObject({
        code: 'PQ_UNTRACKABLE',
        message: expect.stringContaining(`grant SELECT on ${label('PQ_SALES')}`),
      });
    } finally {
      hooks.onExecute = null;
    }
  });
});
