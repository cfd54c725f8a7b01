import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { loadConfig } from './load.ts';
import type { ConfigProblem } from './problems.ts';
import { redactConfig } from './redact.ts';
import { sessionSettings } from './session-settings.ts';

function load(text: string, env: Record<string, string> = {}) {
  return loadConfig(text, { env, readFile: () => '', path: '/etc/parqueue/parqueue.yaml' });
}

function problemsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    load(text, env);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_CONFIG') throw error;
    const problems = error.details['problems'] as ConfigProblem[];
    return problems.map(({ path, message }) => `${path} ${message}`);
  }
  throw new Error('the configuration was accepted');
}

const ERP = 'erp: { kind: oracle, connectString: "db:1521/erp", user: app, password: x }';

const datasets = (...lines: readonly string[]): string =>
  `sources:\n  ${ERP}\n  lake: { kind: file, root: . }\ndatasets:\n${lines.map((line) => `  ${line}\n`).join('')}`;

const FULL = `
listen:  { host: 127.0.0.1, port: 8787 }
store:   { root: ./var/store, quota: 500GiB, retention: { generations: 3, maxAge: 7d, grace: 10m }, fileMode: "0640" }
redis:   { url: \${REDIS_URL}, durable: true }
auth:    { apiKeys: [ { name: bi, sha256: ${'ab'.repeat(32)}, scopes: [read, fill], datasets: ["sales_*"] } ] }
limits:  { rows: 2e9, bytes: 200GiB, sqlBytes: 64KiB, queuePerSource: 1000, waiters: 10000, fillTimeout: 4h }
worker:  { threads: 2, threadMemory: 1GiB, drain: { finish: 10m } }
sources:
  erp:   { kind: oracle, connectString: "DB.example.com/ERP", user: app, password: \${ERP_PASSWORD}, pool: { max: 4 }, maxConcurrentFills: 2, adhoc: { maxAge: 5m } }
  lake:  { kind: file, root: /data/exports }
datasets:
  sales_by_region:
    source: erp
    sql: select region, day, sum(amount) amount from sales where day >= :since group by region, day
    params: { since: { type: date, required: true } }
    freshness: { version: rowscn, maxAge: 60s, staleWhileRevalidate: 10m, staleIfError: 1d }
    columns: { amount: decimal(18,2) }
    parquet: { compression: zstd, rowGroupRows: 1000000 }
    refresh: { every: 15m, jitter: 10% }
  prices: { source: lake, path: "prices/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
`;

describe('a configuration with a database', () => {
  it('has every unit resolved and every default filled in', () => {
    const { sources, datasets: declared } = load(FULL, { ERP_PASSWORD: 'tiger' });
    expect(sources['erp']).toEqual({
      name: 'erp',
      kind: 'oracle',
      connectString: 'DB.example.com/ERP',
      user: 'app',
      password: 'tiger',
      identity: 'tcp://db.example.com:1521/erp',
      schema: 'APP',
      session: sessionSettings('oracle', {}),
      pool: { max: 4 },
      connectTimeoutMs: 10_000,
      configDir: null,
      walletLocation: null,
      walletPassword: null,
      maxConcurrentFills: 2,
      maxConcurrentProbes: 4,
      adhoc: {
        freshness: { version: 'rowscn', maxAgeMs: 300_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
        version: { kind: 'rowscn' },
        numbers: 'double',
      },
    });
    expect(declared['sales_by_region']).toMatchObject({
      kind: 'sql',
      statement: {
        text: 'SELECT REGION, DAY, SUM(AMOUNT) AMOUNT FROM SALES WHERE DAY >= :SINCE GROUP BY REGION, DAY',
        placeholders: ['SINCE'],
        reads: [{ schema: null, name: 'SALES' }],
        obstacles: [],
      },
      version: { kind: 'rowscn' },
      numbers: 'double',
      split: null,
      columnTypes: { amount: 'decimal(18,2)' },
      freshness: { version: 'rowscn', maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 86_400_000 },
    });
  });

  it('is JSON: what a thread is handed is what was read', () => {
    const config = load(FULL, { ERP_PASSWORD: 'tiger' });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('shows no password, whatever else it shows', () => {
    const text = `sources: { erp: { kind: oracle, connectString: "tcps://db:2484/erp?wallet_password=s3cret", user: app, password: s3cret, walletPassword: s3cret, walletLocation: w } }`;
    const shown = redactConfig(load(text));
    expect(JSON.stringify(shown)).not.toContain('s3cret');
    expect(shown.sources['erp']).toMatchObject({
      user: 'app',
      walletLocation: '/etc/parqueue/w',
      identity: 'tcps://db:2484/erp',
    });
  });

  it('takes what Oracle has beside the usual', () => {
    const { sources } = load(`
sources:
  erp:
    kind: oracle
    connectString: ERP_PROD
    identity: erp-production
    configDir: tns
    walletLocation: SYSTEM
    user: '"app"'
    password: x
    schema: sales_owner
    session: { time_zone: Europe/Berlin, NLS_SORT: German }
    connectTimeout: 3s
    adhoc: { version: { refresh-key: { sql: "select max( id ) from audit_log;" } }, numbers: exact }
`);
    expect(sources['erp']).toMatchObject({
      identity: 'erp-production',
      configDir: '/etc/parqueue/tns',
      walletLocation: 'SYSTEM',
      schema: 'SALES_OWNER',
      session: { TIME_ZONE: 'Europe/Berlin', NLS_SORT: 'GERMAN', NLS_COMP: 'BINARY' },
      connectTimeoutMs: 3000,
      adhoc: {
        freshness: { version: 'refresh-key', maxAgeMs: 0 },
        version: { kind: 'refresh-key', statement: 'SELECT MAX(ID) FROM AUDIT_LOG' },
        numbers: 'exact',
      },
    });
  });

  it('knows one refresh key however it is written', () => {
    const config = load(
      datasets(
        'a: { source: erp, sql: select sysdate d from dual, freshness: { version: { refresh-key: { sql: "select 1 from dual" } } } }',
        'b: { source: erp, sql: select sysdate d from dual, freshness: { version: refresh-key, refreshKey: { sql: "SELECT 1 FROM dual" } } }',
      ),
    );
    const [a, b] = [config.datasets['a'], config.datasets['b']];
    expect(a).toMatchObject({ version: { kind: 'refresh-key', statement: 'SELECT 1 FROM DUAL' } });
    expect(b).toEqual({ ...a, name: 'b' });
  });

  it('may load by several sessions and take numbers as they are', () => {
    const text = datasets('a: { source: erp, sql: select * from t, numbers: exact, split: { column: id, into: 4 } }');
    expect(load(text).datasets['a']).toMatchObject({ numbers: 'exact', split: { column: 'id', into: 4 } });
  });
});

describe('a source that is a database', () => {
  const source = (keys: string): readonly string[] =>
    problemsOf(`sources: { erp: { kind: oracle, user: app, password: x, ${keys} } }`);

  it('needs an address that says which database it is', () => {
    expect(source('connectString: "db:1521/erp/x/y"')).toEqual([
      'sources.erp.connectString is no address; write host:1521/service or tcps://host:2484/service',
    ]);
    expect(source('connectString: "db:1521"')).toEqual([
      'sources.erp.connectString names no service; write host:1521/service',
    ]);
    expect(source('connectString: ERP')).toEqual([
      'sources.erp.connectString is an alias, which can come to mean another database: write identity: and a name that stays true, such as erp-production',
      'sources.erp.connectString is an alias; write configDir: the folder of tnsnames.ora',
    ]);
  });

  it('never has its connect string repeated: people write passwords into it', () => {
    expect(source('connectString: "app/s3cret@db:1521/erp"').join()).not.toContain('s3cret');
  });

  it('takes only settings that change rows, with values that end no literal', () => {
    const problems = source(
      `connectString: "db/erp", session: { NLS_SROT: BINARY, OPTIMIZER_MODE: x, NLS_DATE_FORMAT: "'; x", TIME_ZONE: LOCAL, time_zone: UTC, NLS_CALENDAR: Thai Buddha, NLS_NUMERIC_CHARACTERS: ",," }`,
    );
    expect(problems.map((line) => line.replace(/known: .*/, 'known: …'))).toEqual([
      'sources.erp.session.NLS_SROT is not a setting that may be set here (did you mean "NLS_SORT"?); known: …',
      'sources.erp.session.OPTIMIZER_MODE is not a setting that may be set here; known: …',
      'sources.erp.session.NLS_DATE_FORMAT must be a format such as YYYY-MM-DD HH24:MI:SS, without single quotes',
      'sources.erp.session.TIME_ZONE must be an offset such as +02:00 or a region such as Europe/Berlin (LOCAL and DBTIMEZONE depend on where they are read)',
      'sources.erp.session.time_zone is given twice, in other letters; write it once',
      'sources.erp.session.NLS_CALENDAR must be GREGORIAN',
      'sources.erp.session.NLS_NUMERIC_CHARACTERS must be two different characters, the decimal mark and the group mark, such as ".,"',
    ]);
  });

  it('is told what is missing and what belongs to other kinds', () => {
    expect(problemsOf('sources: { erp: { kind: oracle, root: /x, host: db } }')).toEqual([
      expect.stringMatching(/^sources\.erp\.connectString is missing; write text: where the database is/),
      expect.stringMatching(/^sources\.erp\.user is missing/),
      expect.stringMatching(/^sources\.erp\.password is missing/),
      expect.stringMatching(/^sources\.erp\.root is not known here; known: kind, connectString, user, password, /),
      expect.stringMatching(/^sources\.erp\.host is not known here: write connectString: host:1521\/service; known: /),
    ]);
    expect(source('connectString: "db/erp", schema: "a b", adhoc: { version: ttl }')).toEqual([
      'sources.erp.schema is not a name of the database; write letters, digits, _ $ and #, or quote it',
      'sources.erp.adhoc.maxAge is needed with version: ttl; write how long an answer stays right, such as maxAge: 10m',
    ]);
    expect(source('connectString: "db/erp", adhoc: { version: checksum }')).toEqual([
      expect.stringMatching(/^sources\.erp\.adhoc\.version must be rowscn, refresh-key, ttl or manual/),
    ]);
  });
});

describe('a dataset that is a statement', () => {
  it('is held to its kind of source', () => {
    expect(
      problemsOf(
        datasets(
          'a: { source: erp, path: x.csv }',
          'b: { source: lake, sql: select 1 from dual }',
          'c: { source: erp, path: x.csv, sql: select 1 from dual, format: csv, csv: {} }',
          'd: { source: lake, path: x.csv, numbers: exact, split: { column: a, into: 2 } }',
          'e: { source: erp }',
          'f: { source: lake }',
          'g: { source: erp, sql: select 1 from dual, freshness: { version: checksum } }',
          'h: { source: lake, path: x.csv, freshness: { version: { refresh-key: { sql: select 1 from dual } } } }',
          'i: { source: erp, sql: select 1 from dual, freshness: { version: row-version } }',
        ),
      ),
    ).toEqual([
      'datasets.a.path is not for this dataset: source "erp" is of kind oracle; write sql: a SELECT statement',
      'datasets.b.sql is not for this dataset: source "lake" is of kind file; write path: the file\'s path below the source\'s root, such as prices/{market}.csv',
      'datasets.c.path is not for this dataset: source "erp" is of kind oracle; leave it out',
      'datasets.c.format is not for this dataset: source "erp" is of kind oracle; leave it out',
      'datasets.c.csv is not for this dataset: source "erp" is of kind oracle; leave it out',
      'datasets.d.numbers is not for this dataset: source "lake" is of kind file; leave it out',
      'datasets.d.split is not for this dataset: source "lake" is of kind file; leave it out',
      'datasets.e.sql is missing; write a SELECT statement',
      "datasets.f.path is missing; write the file's path below the source's root, such as prices/{market}.csv",
      'datasets.g.freshness.version must be one that a source of kind oracle has: rowscn, refresh-key, ttl, manual',
      'datasets.h.freshness.version must be one that a source of kind file has: checksum, ttl, manual',
      'datasets.i.freshness.version must be one that a source of kind oracle has: rowscn, refresh-key, ttl, manual',
    ]);
  });

  it('has a parameter for each placeholder and a placeholder for each parameter, whatever their case', () => {
    const since = '{ type: date }';
    expect(
      load(datasets(`a: { source: erp, sql: "select 1 from t where d > :SINCE", params: { since: ${since} } }`)),
    ).toBeTruthy();
    expect(
      problemsOf(
        datasets(
          `a: { source: erp, sql: "select 1 from t where d > :sinec and e = :1 and f = :other", params: { since: ${since}, Since: ${since} } }`,
        ),
      ),
    ).toEqual([
      'datasets.a.sql uses :SINEC, which is not declared (did you mean "since"?); declare it under params',
      'datasets.a.sql uses :1; give it a name, such as :since, and declare that under params',
      'datasets.a.sql uses :OTHER, which is not declared; declare it under params',
      'datasets.a.params.since is declared but not used; write :since in the statement or leave it out',
      'datasets.a.params.Since is "since" in other letters, which a statement does not tell apart; rename one',
    ]);
  });

  it('is told what is no statement, with the place in it, and what is too long', () => {
    const [mistake, size, ...more] = problemsOf(
      `limits: { sqlBytes: 100 }\n${datasets('a: { source: erp, sql: "select \'x\\nfrom t" }', `b: { source: erp, sql: select ${'x'.repeat(100)} from t }`)}`,
    );
    expect(mistake).toMatch(/^datasets\.a\.sql line 1, column 8 of the statement: /);
    expect(size).toBe('datasets.b.sql is 114 bytes long; limits.sqlBytes allows 100');
    expect(more).toEqual([]);
    expect(problemsOf(datasets('a: { source: erp, sql: delete from t }'))).toEqual([
      expect.stringMatching(/^datasets\.a\.sql line 1, column 1 of the statement: /),
    ]);
  });

  it('that cannot be tracked is told why, and what to set; set, it is accepted', () => {
    const sql = 'sql: "select sysdate d, t.* from t@far t"';
    expect(problemsOf(datasets(`a: { source: erp, ${sql} }`))).toEqual([
      expect.stringMatching(
        /^datasets\.a\.sql cannot be tracked by rowscn: .*SYSDATE.*; set freshness to \{ version: ttl, maxAge: … \}, or name/,
      ),
    ]);
    expect(load(datasets(`a: { source: erp, ${sql}, freshness: { version: ttl, maxAge: 1m } }`))).toBeTruthy();
    expect(load(datasets(`a: { source: erp, ${sql}, freshness: { version: manual } }`))).toBeTruthy();
  });

  it('is told everything that is wrong around it at once', () => {
    expect(
      problemsOf(
        datasets(
          'a: { source: erp, sql: "select :p from t", params: { p: { type: int } }, split: { column: a, into: 40 }, numbers: big, freshness: { version: refresh-key } }',
          'b: { source: erp, sql: 5, params: { p: { type: date } }, freshness: { version: { refresh-key: { sql: "select :x from dual" } }, maxAge: 1 } }',
          'c: { source: erp, sql: select 1 from dual, freshness: { refreshKey: { sql: x } } }',
          'd: { source: erp, sql: select 1 from dual, freshness: { version: { refresh-key: { sql: "select :x from dual" } } } }',
        ),
      ),
    ).toEqual([
      'datasets.a.params.p.type must be one of string, integer, number, boolean, date, timestamp',
      'datasets.a.split.into must be a number from 2 to 16',
      'datasets.a.numbers must be double, exact or text',
      'datasets.a.freshness.version needs its statement; write version: { refresh-key: { sql: SELECT … } }',
      'datasets.b.sql must be text: a SELECT statement',
      'datasets.b.freshness.maxAge must be a duration such as 250ms, 60s, 10m, 4h or 7d (a number needs its unit)',
      'datasets.c.freshness.refreshKey goes with version: refresh-key only',
      'datasets.d.freshness.version.refresh-key.sql may not have parameters: its answer counts for all of them',
    ]);
  });
});
