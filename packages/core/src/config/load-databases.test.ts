import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { loadConfig } from './load.ts';
import type { ConfigProblem } from './problems.ts';
import { redactConfig } from './redact.ts';
import { sessionSettings } from './session-settings.ts';

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig(text, { env, readFile: () => '', path: '/etc/parqueue/parqueue.yaml' });

function problemsOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_CONFIG') throw error;
    const problems = error.details['problems'] as ConfigProblem[];
    return problems.map(({ path, message }) => `${path} ${message}`);
  }
  throw new Error('the configuration was accepted');
}

const PG = 'sales: { kind: postgres, connectString: "postgresql://db/sales", user: app, password: x }';
const MY = 'shop: { kind: mysql, connectString: "mysql://db/shop", user: app, password: x }';
const datasets = (sources: readonly string[], ...lines: readonly string[]): string =>
  `sources:\n${sources.map((line) => `  ${line}\n`).join('')}datasets:\n${lines.map((line) => `  ${line}\n`).join('')}`;

describe('a source of kind postgres', () => {
  const source = (keys: string) =>
    load(`sources: { sales: { kind: postgres, user: App, password: "\${PW}", ${keys} } }`, { PW: 's3cret' }).sources[
      'sales'
    ];
  const problems = (keys: string) =>
    problemsOf(`sources: { sales: { kind: postgres, user: app, password: x, ${keys} } }`);

  it('has every default filled in, its address taken apart, and its user as it is written', () => {
    expect(source('connectString: "postgresql://DB.example.com/Sales", adhoc: true')).toEqual({
      name: 'sales',
      kind: 'postgres',
      host: 'db.example.com',
      port: 5432,
      database: 'Sales',
      user: 'App',
      password: 's3cret',
      identity: 'db.example.com:5432/Sales',
      schema: 'public',
      session: sessionSettings('postgres', {}),
      tls: { mode: 'verify', ca: null },
      pool: { max: 4 },
      connectTimeoutMs: 10_000,
      maxConcurrentFills: 2,
      maxConcurrentProbes: 4,
      adhoc: {
        freshness: { version: 'row-version', maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
        version: { kind: 'row-version' },
        numbers: 'text',
      },
    });
  });

  it('takes what goes beside the address', () => {
    expect(
      source(
        'connectString: "postgres://[::1]:6543/s", identity: sales-production, schema: \'"Odd"\', session: { TimeZone: Europe/Berlin }, '
          + 'connectTimeout: 3s, pool: { max: 2 }, ca: certs/db.pem, adhoc: { version: ttl, maxAge: 1m, numbers: exact }',
      ),
    ).toMatchObject({
      host: '::1',
      port: 6543,
      identity: 'sales-production',
      schema: 'Odd',
      session: { timezone: 'Europe/Berlin', datestyle: 'ISO, MDY' },
      tls: { mode: 'verify', ca: '/etc/parqueue/certs/db.pem' },
      pool: { max: 2 },
      connectTimeoutMs: 3000,
      adhoc: { version: { kind: 'ttl' }, numbers: 'exact' },
    });
  });

  it.each([
    ['db.example.com', '', 'verify'],
    ['127.0.0.1', '', 'off'],
    ['127.8.8.8', '', 'off'],
    ['[::1]', '', 'off'],
    ['LOCALHOST', '', 'off'],
    ['localhost', ', tls: verify', 'verify'],
    ['localhost', ', ca: x.pem', 'verify'],
    ['db', ', tls: require', 'require'],
    ['db', ', tls: off', 'off'],
    ['db', ', tls: verify, ca: x.pem', 'verify'],
  ])(
    'at %s%s has tls %s: nothing travels in the clear unless it stays on this host or is asked for',
    (host, keys, mode) => {
      expect(source(`connectString: "postgresql://${host}/s"${keys}`)).toMatchObject({ tls: { mode } });
    },
  );

  it('is told everything that is wrong with it at once, and what to write', () => {
    expect(
      problems(
        'connectString: "postgresql://app:s3cret@db/sales?sslmode=require", schema: "a b", tls: on, session: { timezone: "+02:00" }, '
          + 'host: db, sslmode: require, adhoc: { version: rowscn, numbers: big }',
      ),
    ).toEqual([
      expect.stringMatching(/^sources\.sales\.connectString has an @: user and password are keys of their own/),
      'sources.sales.tls must be off, require, verify',
      expect.stringMatching(/^sources\.sales\.session\.timezone must be a region such as Europe\/Berlin or UTC/),
      expect.stringMatching(
        /^sources\.sales\.host is not known here: write connectString: postgresql:\/\/host:5432\/database; known: kind, /,
      ),
      expect.stringMatching(/^sources\.sales\.sslmode is not known here: write tls: off, require or verify; known: /),
      expect.stringMatching(
        /^sources\.sales\.adhoc\.version must be row-version, refresh-key, ttl or manual; a refresh key is/,
      ),
      'sources.sales.adhoc.numbers must be double, exact or text',
    ]);
    expect(problems('connectString: "postgresql://db/s", schema: "a b", tls: require, ca: x')).toEqual([
      'sources.sales.schema is not a name of the database; write letters, digits, _ and $, or quote it (at most 63 bytes)',
      'sources.sales.ca goes with tls: verify, but tls is require: leave one of them out',
    ]);
  });

  it('has a user that can be sent', () => {
    expect(
      problemsOf(
        'sources: { sales: { kind: postgres, connectString: "postgresql://db/s", password: x, user: "a\\0" } }',
      ),
    ).toEqual(['sources.sales.user must be text without control characters']);
  });

  it('never has its connect string repeated, nor its password shown', () => {
    const config = load(
      'sources: { a: { kind: postgres, connectString: "postgresql://db/s", user: app, password: s3cret }, b: { kind: mysql, connectString: "mysql://db/s", user: app, password: s3cret } }',
    );
    expect(JSON.stringify(redactConfig(config))).not.toContain('s3cret');
    expect(redactConfig(config).sources['a']).toMatchObject({ user: 'app', host: 'db', password: '***' });
    for (const text of ['postgresql://u:s3cret@db/s', 'postgresql://db/s?password=s3cret', 's3cret'])
      expect(problems(`connectString: "${text}"`).join()).not.toContain('s3cret');
  });
});

describe('a source of kind mysql', () => {
  const problems = (keys: string) => problemsOf(`sources: { shop: { kind: mysql, user: app, password: x, ${keys} } }`);

  it('has every default filled in, and its database for a schema', () => {
    const config = load(
      'sources: { shop: { kind: mysql, connectString: "mariadb://127.0.0.1/Shop", user: app, password: x, adhoc: { maxAge: 5m } } }',
    );
    expect(config.sources['shop']).toEqual({
      name: 'shop',
      kind: 'mysql',
      host: '127.0.0.1',
      port: 3306,
      user: 'app',
      password: 'x',
      identity: '127.0.0.1:3306/Shop',
      schema: 'Shop',
      session: sessionSettings('mysql', {}),
      tls: { mode: 'off', ca: null },
      pool: { max: 4 },
      connectTimeoutMs: 10_000,
      maxConcurrentFills: 2,
      maxConcurrentProbes: 4,
      adhoc: {
        freshness: { version: 'table-checksum', maxAgeMs: 300_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
        version: { kind: 'table-checksum' },
        numbers: 'exact',
      },
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('takes settings that are numbers as YAML has them, and no others', () => {
    const shop = 'kind: mysql, connectString: "mysql://db/s", user: app, password: x';
    const config = load(`sources: { shop: { ${shop}, session: { group_concat_max_len: 4096, sql_auto_is_null: 0 } } }`);
    expect(config.sources['shop']).toMatchObject({ session: { group_concat_max_len: '4096', sql_auto_is_null: '0' } });
    expect(problems('connectString: "mysql://db/s", session: { default_week_format: 1.5, time_zone: true }')).toEqual([
      'sources.shop.session.default_week_format must be text or a whole number',
      'sources.shop.session.time_zone must be text or a whole number',
    ]);
  });

  it('is told what other kinds have and it has not', () => {
    expect(
      problems('connectString: "postgresql://db/s", schema: x, adhoc: { numbers: exact, version: row-version }').map(
        (line) => line.replace(/; known: .*/, ''),
      ),
    ).toEqual([
      'sources.shop.connectString is the address of another kind of database; write kind: postgres, or mysql://host:3306/database',
      'sources.shop.schema is not known here: unqualified names mean tables of the database in connectString',
      'sources.shop.adhoc.numbers is not known here: it goes with databases that have numbers of no declared size, Oracle and Postgres',
      expect.stringMatching(/^sources\.shop\.adhoc\.version must be table-checksum, refresh-key, ttl or manual/),
    ]);
  });
});

describe('a kind of source', () => {
  it.each([
    ['postgresql', 'postgres'],
    ['mariadb', 'mysql'],
    ['Oracle', 'oracle'],
    ['msyql', 'mysql'],
  ])('%s is told to be %s', (given, meant) => {
    expect(problemsOf(`sources: { a: { kind: ${given} } }`)).toEqual([
      `sources.a.kind is not a kind of source (did you mean "${meant}"?); known: file, oracle, postgres, mysql`,
    ]);
  });
});

describe('a dataset of a database', () => {
  it('has the version and the numbers of its kind of source', () => {
    const { datasets: declared } = load(
      datasets(
        [PG, MY],
        'a: { source: sales, sql: select 1 as one from t }',
        'b: { source: shop, sql: select 1 as one from t }',
      ),
    );
    expect(declared['a']).toMatchObject({ version: { kind: 'row-version' }, numbers: 'text' });
    expect(declared['b']).toMatchObject({ version: { kind: 'table-checksum' }, numbers: 'exact' });
  });

  it('is told what its kind of source has no use for, and what cannot be tracked by which version', () => {
    expect(
      problemsOf(
        datasets(
          [PG, MY],
          'a: { source: shop, sql: select 1 as one from t, numbers: text, split: { column: id, into: 2 } }',
          'b: { source: sales, sql: select current_timestamp as at from t }',
          'c: { source: shop, sql: select now() as at from t }',
          'd: { source: sales, sql: select 1 as one from t, freshness: { version: table-checksum } }',
        ),
      ),
    ).toEqual([
      'datasets.a.numbers is not for this dataset: source "shop" is of kind mysql, where every number has a declared size, and is read as it is; leave it out',
      'datasets.a.split is not for this dataset: source "shop" is of kind mysql, whose sessions cannot share a snapshot: several of them would read several states; leave it out',
      expect.stringMatching(/^datasets\.b\.sql cannot be tracked by row-version: /),
      expect.stringMatching(/^datasets\.c\.sql cannot be tracked by table-checksum: /),
      'datasets.d.freshness.version must be one that a source of kind postgres has: row-version, refresh-key, ttl, manual',
    ]);
  });

  it('whose source is not known is read as the databases of the file are, or where they differ not at all', () => {
    const one = 'a: { source: slaes, sql: "select $$x$$ as x from t where a = :b" }';
    const unknown = 'datasets.a.source names no source of this file (did you mean "sales"?); declare it under sources';
    const undeclared = 'datasets.a.sql uses :B, which is not declared; declare it under params';
    expect(problemsOf(datasets([PG], one))).toEqual([unknown, undeclared]);
    expect(problemsOf(datasets([PG, MY], one))).toEqual([unknown]);
  });
});
