/** Keys of Postgres and MySQL (I1): one for a question however it is spelled, another as soon as its rows may differ. */
import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import type { ResolvedRequest } from '../model/request.ts';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';
import { targetsOf, tableLabel } from './targets.ts';

interface Spelling {
  readonly connectString?: string;
  readonly user?: string;
  readonly keys?: string;
  readonly dataset?: string;
}

const SQL = 'select region, sum(amount) as amount from orders where day >= :since group by region';

function catalogOf(kind: 'postgres' | 'mysql', spelling: Spelling = {}): Catalog {
  const byDefault = kind === 'postgres' ? 'postgresql://db:5432/shop' : 'mysql://db:3306/shop';
  const { connectString = byDefault, user = 'app', keys = '', dataset = '' } = spelling;
  const text = `
sources:
  shop: { kind: ${kind}, connectString: "${connectString}", user: "${user}", password: s3cret, adhoc: { maxAge: 5m }${keys} }
datasets:
  asked: { source: shop, sql: "${SQL}", params: { Since: { type: date } }${dataset} }
`;
  return new Catalog(loadConfig(text, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' }));
}

const requestOf = (kind: 'postgres' | 'mysql', spelling: Spelling = {}): ResolvedRequest =>
  catalogOf(kind, spelling).resolveDataset('asked', { Since: '2026-01-31' }).request;
const ask = (kind: 'postgres' | 'mysql', sql: string): ResolvedRequest =>
  catalogOf(kind).resolveAdhoc({ source: 'shop', sql }).request;

describe('a question to Postgres', () => {
  it('says which system, whose rights and which schema, and never a secret', () => {
    const request = requestOf('postgres', { user: 'App/1', keys: ', schema: \'"My schema"\'' });
    expect(request.canonical.sourceIdentity).toBe('postgres:db:5432/shop/App%2F1/My%20schema');
    expect(request.canonical).toMatchObject({
      sourceKind: 'postgres',
      question: {
        binds: { SINCE: { type: 'date', value: '2026-01-31' } },
        numbers: 'text',
        version: { kind: 'row-version' },
      },
    });
    expect(request.probeTargets).toEqual(['shop/"My schema".orders']);
    expect(JSON.stringify(request)).not.toContain('s3cret');
  });

  it('has one key however its source is spelled', () => {
    const { key } = requestOf('postgres');
    const others: readonly Spelling[] = [
      { connectString: 'postgres://DB/shop' },
      { connectString: ' postgresql://db:05432/sh%6fp' },
      { keys: ', schema: Public' },
      { keys: ', schema: \'"public"\'' },
      { keys: ', session: { TimeZone: utc, DateStyle: "iso, mdy", bytea_output: HEX }' },
      { keys: ', identity: "db:5432/shop"' },
      { keys: ', tls: require, pool: { max: 9 }, connectTimeout: 1s, maxConcurrentFills: 9' },
      { dataset: ', numbers: text' },
    ];
    for (const other of others) expect(requestOf('postgres', other).key, JSON.stringify(other)).toBe(key);
    expect(requestOf('postgres', { connectString: 'postgresql://127.1/shop' }).key).toBe(
      requestOf('postgres', { connectString: 'postgresql://127.0.0.1:5432/shop' }).key,
    );
  });

  it('has another key for another database, user, schema, session, version or type of number', () => {
    const others: readonly Spelling[] = [
      {},
      { connectString: 'postgresql://db2/shop' },
      { connectString: 'postgresql://db:5433/shop' },
      { connectString: 'postgresql://db/Shop' },
      { connectString: 'postgresql://db/shop%2Fapp' },
      { keys: ', identity: shop-production' },
      { user: 'App' },
      { user: 'reader' },
      { keys: ', schema: sales' },
      { keys: ', schema: \'"Public"\'' },
      { keys: ', session: { timezone: Europe/Berlin }' },
      { keys: ', session: { datestyle: "ISO, DMY" }' },
      { keys: ', session: { lc_monetary: C }' },
      { keys: ', session: { xmlbinary: hex }' },
      { dataset: ', numbers: exact' },
      { dataset: ', numbers: double' },
      { dataset: ', split: { column: region, into: 2 }' },
      { dataset: ', freshness: { version: manual }' },
    ];
    const keys = [...others.map((other) => requestOf('postgres', other).key), requestOf('mysql').key];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is the same entry as the same question without a dataset', () => {
    const adhoc = catalogOf('postgres').resolveAdhoc({
      source: 'shop',
      sql: SQL.toUpperCase(),
      binds: { since: { type: 'date', value: '2026-01-31' } },
    });
    expect(adhoc.request.key).toBe(requestOf('postgres').key);
  });

  it('reads names in lower case, and keeps those in quotes', () => {
    expect(ask('postgres', 'select * from Orders o join "Orders" p on true, Crm.Customers').probeTargets).toEqual([
      'shop/crm.customers',
      'shop/public."Orders"',
      'shop/public.orders',
    ]);
  });
});

describe('a question to MySQL', () => {
  it('has its database for a schema, and keeps names as they are written', () => {
    const request = requestOf('mysql');
    expect(request.canonical.sourceIdentity).toBe('mysql:db:3306/shop/app/shop');
    expect(request.canonical).toMatchObject({ question: { numbers: 'exact', version: { kind: 'table-checksum' } } });
    expect(request.probeTargets).toEqual(['shop/shop.orders']);
    expect(ask('mysql', 'select * from Orders, orders, crm.`My customers`').probeTargets).toHaveLength(3);
  });

  it('has one key however its source is spelled, and another for another database, user or session', () => {
    const { key } = requestOf('mysql');
    const equal: readonly Spelling[] = [
      { connectString: 'mariadb://DB/shop' },
      {
        keys: ', session: { SQL_MODE: "strict_trans_tables, only_full_group_by,no_engine_substitution,ERROR_FOR_DIVISION_BY_ZERO" }',
      },
      { keys: ', session: { time_zone: "+0:00" }, tls: off' },
    ];
    for (const other of equal) expect(requestOf('mysql', other).key, JSON.stringify(other)).toBe(key);
    const unequal: readonly Spelling[] = [
      {},
      { connectString: 'mysql://db/Shop' },
      { connectString: 'mysql://db:3307/shop' },
      { user: 'App' },
      { keys: ', session: { sql_mode: "" }' },
      { keys: ', session: { time_zone: "+01:00" }' },
      { keys: ', session: { group_concat_max_len: "1024" }' },
    ];
    expect(new Set(unequal.map((other) => requestOf('mysql', other).key)).size).toBe(unequal.length);
  });
});

describe('what a request touches', () => {
  it.each(['postgres', 'mysql'] as const)('comes back from what the manifest of %s keeps', (kind) => {
    const request = requestOf(kind);
    const kept = JSON.parse(JSON.stringify(request.canonical)) as typeof request.canonical;
    expect(targetsOf(kept, request)).toMatchObject({ scopes: request.scopes, probeTargets: request.probeTargets });
  });

  it.each([
    ['postgres', 'Orders', 'public.orders'],
    ['postgres', '"Orders"', 'public."Orders"'],
    ['postgres', 'CRM.Customers', 'crm.customers'],
    ['mysql', 'Orders', 'shop.Orders'],
    ['mysql', 'crm.customers', 'crm.customers'],
    ['postgres', 'a b', null],
    ['mysql', '"x"', null],
  ] as const)('of %s is invalidated by %j, which is %j', (kind, text, label) => {
    expect(tableLabel(catalogOf(kind).source('shop'), text)).toBe(label);
  });

  it('of an invalidation names what a question names', () => {
    for (const [kind, sql, table] of [
      ['postgres', 'select * from "My ""odd"" table"', '"My ""odd"" table"'],
      ['mysql', 'select * from `My ``odd`` table`', '`My ``odd`` table`'],
    ] as const) {
      const label = tableLabel(catalogOf(kind).source('shop'), table);
      expect(ask(kind, sql).scopes).toContain(`table:shop/${label}`);
    }
  });
});

describe('a job at a worker of another configuration', () => {
  it.each<['postgres' | 'mysql', Spelling]>([
    ['postgres', { connectString: 'postgresql://db/other' }],
    ['postgres', { user: 'other' }],
    ['postgres', { keys: ', session: { timezone: Europe/Berlin }' }],
    ['mysql', { keys: ', session: { sql_mode: "" }' }],
  ])('%s, %j, is refused', (kind, other) => {
    const request = requestOf(kind);
    expect(() => catalogOf(kind).verifyForWorker(request)).not.toThrow();
    try {
      catalogOf(kind, other).verifyForWorker(request);
    } catch (error) {
      expect(isParqueueError(error) && error.code === 'PQ_INVALID_REQUEST' && error.retryable).toBe(true);
      return;
    }
    throw new Error('it was accepted');
  });
});
