import { describe, expect, it } from 'vitest';
import { isCacheKey } from '../model/cache-key.ts';
import { isParqueueError, type ParqueueError } from '../model/errors.ts';
import type { SqlQuestion } from '../model/request.ts';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';
import { sessionSettings } from './session-settings.ts';
import { refreshKeyLabel } from '../sql/index.ts';
import { targetsOf } from './targets.ts';

interface Erp {
  readonly connectString?: string;
  readonly user?: string;
  readonly keys?: string;
  readonly dataset?: string;
}

const SQL = 'select region, sum(amount) amount from sales where day >= :since group by region';

function catalogOf({ connectString = 'db:1521/erp', user = 'app', keys = '', dataset = '' }: Erp = {}): Catalog {
  const text = `
limits: { sqlBytes: 1KiB }
sources:
  erp: { kind: oracle, connectString: "${connectString}", user: '${user}', password: s3cret, adhoc: { maxAge: 5m }${keys} }
  tracked: { kind: oracle, connectString: "db/erp", user: app, password: x, adhoc: { version: ttl, maxAge: 1m } }
  shut: { kind: oracle, connectString: "db/erp", user: app, password: x }
  lake: { kind: file, root: /data, adhoc: true }
datasets:
  sales: { source: erp, sql: "${SQL}", params: { Since: { type: date } }${dataset} }
  recent: { source: erp, sql: "select * from t where a = :a or b = :b", params: { a: { type: integer, required: false }, b: { type: string, default: x } } }
  keyed: { source: erp, sql: "select * from t, hr.emp", freshness: { version: { refresh-key: { sql: select max(id) from audit_log } } } }
`;
  return new Catalog(loadConfig(text, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' }));
}

const catalog = catalogOf();
const since = { Since: '2026-01-31' };

function failureOf(run: () => unknown): ParqueueError {
  try {
    run();
  } catch (error) {
    if (isParqueueError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const ask = (sql: string, binds?: Record<string, unknown> | readonly unknown[], columns?: readonly string[]) =>
  catalog.resolveAdhoc({ source: 'erp', sql, binds, columns }).request;
const keyOf = (...question: Parameters<typeof ask>): string => ask(...question).key;
const salesKey = (erp: Erp): string => catalogOf(erp).resolveDataset('sales', since).request.key;
const problemsOf = (run: () => unknown): unknown => failureOf(run).details['problems'];

describe('a dataset that is a statement', () => {
  it('becomes a request with typed binds, session, identity, and its tables as scopes and probe targets', () => {
    const { request, policy } = catalog.resolveDataset('sales', since);
    expect(isCacheKey(request.key)).toBe(true);
    expect(request).toEqual({
      key: request.key,
      canonical: {
        keyFormat: 1,
        sourceKind: 'oracle',
        sourceIdentity: 'oracle:tcp://db:1521/erp/APP/APP',
        question: {
          kind: 'sql',
          statement: 'SELECT REGION, SUM(AMOUNT) AMOUNT FROM SALES WHERE DAY >= :SINCE GROUP BY REGION',
          binds: { SINCE: { type: 'date', value: '2026-01-31' } },
          session: sessionSettings('oracle', {}),
          version: { kind: 'rowscn' },
          numbers: 'double',
          split: null,
        },
        columns: null,
        columnTypes: {},
        parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
      },
      source: 'erp',
      dataset: 'sales',
      scopes: ['dataset:sales', 'source:erp', 'table:erp/APP.SALES'],
      probeTargets: ['erp/APP.SALES'],
      versionKind: 'rowscn',
      limits: { rowsMax: 2e9, bytesMax: 200 * 2 ** 30, timeoutMs: 4 * 3_600_000 },
    });
    expect(policy).toMatchObject({ version: 'rowscn', maxAgeMs: 0 });
    expect(JSON.stringify(request)).not.toContain('s3cret');
  });

  it('binds NULL where an optional parameter has no value', () => {
    const { question } = catalog.resolveDataset('recent', {}).request.canonical;
    expect((question as SqlQuestion).binds).toEqual({
      A: { type: 'integer', value: null },
      B: { type: 'string', value: 'x' },
    });
  });

  it('with a refresh key is probed by that alone, and invalidated by its tables all the same', () => {
    const { scopes, probeTargets, versionKind } = catalog.resolveDataset('keyed', {}).request;
    expect(versionKind).toBe('refresh-key');
    expect(probeTargets).toEqual([`erp/${refreshKeyLabel('SELECT MAX(ID) FROM AUDIT_LOG')}`]);
    expect(probeTargets[0]).toMatch(/^erp\/refresh-key:[0-9a-f]{12}$/);
    expect(scopes).toEqual(['dataset:keyed', 'source:erp', 'table:erp/APP.T', 'table:erp/HR.EMP']);
  });

  it('is the same entry as the same question without a dataset', () => {
    const binds = { since: { type: 'date', value: '2026-01-31' } };
    const adhoc = catalog.resolveAdhoc({ source: 'erp', sql: SQL, binds });
    const declared = catalog.resolveDataset('sales', since).request;
    expect(adhoc.request.key).toBe(declared.key);
    expect(adhoc.request).toMatchObject({ dataset: null, probeTargets: declared.probeTargets });
    expect(adhoc.policy.maxAgeMs).toBe(300_000);
  });
});

describe('equal statements', () => {
  const sql = "select a, 'It''s  x' t from t where a = :a and b = :b";
  const binds = { a: 7, b: 'x' };

  it.each([
    ['white space and line breaks', "select  a,\n\t'It''s  x'   t from t\nwhere a=:a and b = :b ", binds],
    ['the case of what has no case', "SELECT A, 'It''s  x' T From T WHERE a = :A and b = :B", binds],
    ['comments', "select /* all */ a, 'It''s  x' t from t -- of them\n where a = :a and b = :b", binds],
    ['a semicolon at the end', `${sql} ; `, binds],
    ['the order of named binds', sql, { b: 'x', a: 7 }],
    ['the case of bind names', sql, { A: 7, b: 'x' }],
    ['binds by position', sql, [7, 'x']],
    ['binds with their types', sql, { a: { type: 'integer', value: '07' }, b: { value: 'x', type: 'string' } }],
  ])('have one key whatever %s', (_what, spelled, given) => {
    expect(keyOf(spelled, given)).toBe(keyOf(sql, binds));
  });

  it('have one key however their source is spelled', () => {
    const key = salesKey({});
    for (const connectString of ['DB/ERP', 'tcp://db:1521/erp', '//db:1521/erp?connect_timeout=5', ' db : 1521 / erp '])
      expect(salesKey({ connectString }), connectString).toBe(key);
    const descriptor =
      '(description=(address=(protocol=TCP)(host=DB)(port=1521)) (CONNECT_DATA = (service_name = erp)))';
    expect(salesKey({ connectString: descriptor })).toBe(key);
    expect(salesKey({ user: 'APP' })).toBe(key);
    expect(salesKey({ keys: ', schema: App' })).toBe(key);
    expect(salesKey({ keys: ', pool: { max: 9 }, session: { time_zone: "+0:00" }' })).toBe(key);
  });
});

describe('unequal questions have unequal keys:', () => {
  const sql = "select 'a b' x, a from t where a = :a";
  const key = keyOf(sql, { a: 7 });

  it.each([
    ['a literal', "select 'a  b' x, a from t where a = :a", { a: 7 }, undefined],
    ['the case of a literal', "select 'A b' x, a from t where a = :a", { a: 7 }, undefined],
    ['a quoted name', 'select \'a b\' x, "a" from t where a = :a', { a: 7 }, undefined],
    ['a hint', "select /*+ full(t) */ 'a b' x, a from t where a = :a", { a: 7 }, undefined],
    ["a bind's value", sql, { a: 8 }, undefined],
    ["a bind's type", sql, { a: '7' }, undefined],
    ['another type of number', sql, { a: { type: 'number', value: 7 } }, undefined],
    ['NULL', sql, { a: null }, undefined],
    ['columns', sql, { a: 7 }, ['X']],
  ])('%s', (_what, other, binds, columns) => {
    expect(keyOf(other, binds, columns)).not.toBe(key);
  });

  it('database, user, schema, session and all that changes rows or files', () => {
    const others: readonly Erp[] = [
      {},
      { connectString: 'db2/erp' },
      { connectString: 'db/crm' },
      { connectString: 'tcps://db:1521/erp' },
      { connectString: 'db:1522/erp' },
      { keys: ', identity: erp-production' },
      { user: 'reader' },
      { user: '"app"' },
      { keys: ', schema: sales' },
      { keys: ', session: { TIME_ZONE: "+01:00" }' },
      { keys: ', session: { NLS_SORT: GERMAN }' },
      { dataset: ', numbers: exact' },
      { dataset: ', split: { column: region, into: 2 }' },
      { dataset: ', split: { column: region, into: 4 }' },
      { dataset: ', columns: { amount: "decimal(18,2)" }' },
      { dataset: ', select: [REGION]' },
      { dataset: ', freshness: { version: manual }' },
      { dataset: ', freshness: { version: { refresh-key: { sql: select 1 from dual } } }' },
      { dataset: ', freshness: { version: { refresh-key: { sql: select 2 from dual } } }' },
    ];
    expect(new Set(others.map(salesKey)).size).toBe(others.length);
  });
});

describe('an undeclared statement', () => {
  it('names its tables in the spelling of the catalogue, each once', () => {
    const { scopes, probeTargets } = ask(
      'select * from t join "T" on 1=1, hr.emp e, "Odd" where exists (select 1 from hr.EMP)',
    );
    expect(probeTargets).toEqual(['erp/APP."Odd"', 'erp/APP.T', 'erp/HR.EMP']);
    expect(scopes).toEqual(['source:erp', ...probeTargets.map((target) => `table:${target}`)]);
    expect(ask('select 1 from dual').probeTargets).toEqual([]);
  });

  it('is asked where the source allows it, at that kind of source', () => {
    expect(failureOf(() => catalog.resolveAdhoc({ source: 'shut', sql: SQL }))).toMatchObject({
      code: 'PQ_FORBIDDEN',
      message: expect.stringContaining('sources.shut.adhoc'),
    });
    expect(failureOf(() => catalog.resolveAdhoc({ source: 'lake', sql: SQL })).message).toContain(
      'sql is not for source "lake", which is of kind file: ask it by path',
    );
    expect(failureOf(() => catalog.resolveAdhoc({ source: 'erp', path: 'x.csv' })).message).toContain(
      'path is not for source "erp", which is of kind oracle: ask it by sql',
    );
  });

  it('that cannot be tracked is refused with what stands in the way, unless the source does not track', () => {
    const sql = 'select sysdate d from t';
    expect(failureOf(() => ask(sql))).toMatchObject({
      code: 'PQ_UNTRACKABLE',
      message: expect.stringContaining('version: ttl'),
      details: { constructs: [{ construct: 'SYSDATE', why: expect.any(String) }] },
    });
    expect(catalog.resolveAdhoc({ source: 'tracked', sql }).request.versionKind).toBe('ttl');
  });

  it('that is too long, or no statement to ask, is refused', () => {
    expect(failureOf(() => ask(`select '${'x'.repeat(1024)}' from dual`))).toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit: 'sqlBytes', bytesMax: 1024 },
    });
    for (const sql of [
      '',
      'delete from t',
      'select 1 from dual; drop table t',
      'select * from t for update',
      "select '",
    ])
      expect(failureOf(() => ask(sql)).code, sql).toBe('PQ_INVALID_REQUEST');
  });
});

describe('binds', () => {
  const sql = 'select * from t where a = :first and b = :second';

  it('are told everything that is wrong with them at once, and never repeated', () => {
    const secret = 'S3CRET-value';
    const wrong = {
      frist: 1,
      first: { type: 'date', value: secret },
      FIRST: 2,
      second: { type: 'int', value: secret },
    };
    const failure = failureOf(() => ask(sql, wrong));
    expect(failure.details['problems']).toEqual([
      {
        name: 'binds',
        message:
          'has "frist", which is no placeholder of the statement (did you mean "FIRST"?); it has: :FIRST, :SECOND',
      },
      { name: 'binds', message: 'has :FIRST twice, in other letters; give it once' },
      { name: 'binds.first', message: 'must be a calendar date such as 2026-01-31' },
      {
        name: 'binds.second',
        message:
          'must be a text, number, boolean or null, or {"type": …, "value": …} with one of string, integer, number, boolean, date, timestamp',
      },
    ]);
    expect(failure.message + JSON.stringify(failure.details)).not.toContain(secret);
  });

  it('are complete', () => {
    expect(problemsOf(() => ask(sql, { first: 1 }))).toEqual([
      { name: 'binds', message: 'has no value for :SECOND; null is SQL NULL' },
    ]);
    expect(problemsOf(() => ask('select 1 from t', { a: 1 }))).toEqual([
      { name: 'binds', message: 'has "a", which is no placeholder of the statement; it has none' },
    ]);
  });

  it('with many wrong names are told about the first, in little room and time', () => {
    const wrong = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`w${i}`, 1]));
    const many = Array.from({ length: 100 }, (_, i) => `:p${i}`).join(',');
    const failure = failureOf(() => ask(`select ${many} from t`, { ...wrong, ['long'.repeat(100_000)]: 1 }));
    const problems = failure.details['problems'] as readonly { readonly message: string }[];
    expect(problems.slice(0, 12).map(({ message }) => message.slice(0, 40))).toEqual([
      ...Array.from({ length: 10 }, (_, i) =>
        expect.stringMatching(new RegExp(`^has "w${i}", which is no placeholder`)),
      ),
      'has 19991 more that are no placeholders',
      'has no value for :P0; null is SQL NULL',
    ]);
    expect(problems.slice(0, 10).every(({ message }) => message.length < 1000)).toBe(true);
  });

  it('by position are as many as the placeholders, each of which occurs once', () => {
    expect(problemsOf(() => ask(sql, [1]))).toEqual([
      { name: 'binds', message: 'has 1 values, but the statement has 2 placeholders' },
    ]);
    expect(problemsOf(() => ask('select * from t where a = :x or b = :X', [1]))).toEqual([
      { name: 'binds', message: expect.stringContaining('may not be a list where a placeholder occurs twice') },
    ]);
    expect(ask('select * from t where a = :1 and b = :2', ['a', 'b']).canonical.question).toMatchObject({
      binds: { 1: { type: 'string', value: 'a' }, 2: { type: 'string', value: 'b' } },
    });
  });

  it.each([
    ['x', { type: 'string', value: 'x' }],
    ['', { type: 'string', value: '' }],
    [7, { type: 'integer', value: '7' }],
    [-0, { type: 'integer', value: '0' }],
    [0.5, { type: 'number', value: '0.5' }],
    [true, { type: 'boolean', value: 'true' }],
    [null, { type: 'string', value: null }],
    [
      { type: 'integer', value: '9007199254740993' },
      { type: 'integer', value: '9007199254740993' },
    ],
    [
      { type: 'timestamp', value: '2026-01-31T09:00:00+01:00' },
      { type: 'timestamp', value: '2026-01-31T08:00:00.000000Z' },
    ],
    [
      { type: 'date', value: null },
      { type: 'date', value: null },
    ],
  ])('%j has one canonical form', (given, bind) => {
    expect(ask('select * from t where a = :a', [given]).canonical.question).toMatchObject({ binds: { A: bind } });
  });

  it.each([[[1]], [{}], [{ type: 'date' }], [{ type: 'date', value: '2026-01-31', extra: 1 }], [2 ** 60]])(
    '%j is none',
    (given) => {
      expect(failureOf(() => ask('select * from t where a = :a', { a: given })).code).toBe('PQ_INVALID_REQUEST');
    },
  );
});

describe('the targets of a request', () => {
  it('come back from what its manifest keeps', () => {
    for (const request of [
      catalog.resolveDataset('sales', since).request,
      catalog.resolveDataset('keyed', {}).request,
      ask('select * from t, hr.emp, "Odd"'),
      catalog.resolveAdhoc({ source: 'lake', path: 'x.csv' }).request,
    ]) {
      const kept = JSON.parse(JSON.stringify(request.canonical)) as typeof request.canonical;
      expect(targetsOf(kept, request)).toMatchObject({ scopes: request.scopes, probeTargets: request.probeTargets });
    }
  });
});

describe('a job at a worker', () => {
  const { request } = catalog.resolveDataset('sales', since);

  it('is accepted by one with the same configuration, however the address is spelled there', () => {
    expect(() => catalogOf({ connectString: 'DB/erp' }).verifyForWorker(request)).not.toThrow();
  });

  it('is refused where the source is another database, or its sessions mean something else', () => {
    for (const other of [{ connectString: 'db/crm' }, { user: 'x' }, { keys: ', session: { TIME_ZONE: "+01:00" }' }])
      expect(failureOf(() => catalogOf(other).verifyForWorker(request))).toMatchObject({
        code: 'PQ_INVALID_REQUEST',
        retryable: true,
      });
  });
});
