import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { loadConfig } from './load.ts';
import type { ConfigProblem } from './problems.ts';

const NO_FILES = (): string => {
  throw new Error('no files here');
};

function load(text: string, env: Record<string, string> = {}, readFile: (path: string) => string = NO_FILES) {
  return loadConfig(text, { env, readFile, path: '/etc/parqueue/parqueue.yaml' });
}

function problemsOf(
  text: string,
  env: Record<string, string> = {},
  readFile?: (path: string) => string,
): readonly ConfigProblem[] {
  try {
    load(text, env, readFile);
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_CONFIG') return error.details['problems'] as ConfigProblem[];
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const lines = (problems: readonly ConfigProblem[]): string[] =>
  problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);

describe('a configuration that is right', () => {
  it('needs nothing at all: every value has a default', () => {
    expect(load('')).toMatchInlineSnapshot(`
      {
        "auth": {
          "apiKeys": [],
        },
        "datasets": {},
        "limits": {
          "connectionsMax": 12000,
          "fill": {
            "bytesMax": 214748364800,
            "rowsMax": 2000000000,
            "timeoutMs": 14400000,
          },
          "queuePerSource": 1000,
          "sqlBytesMax": 65536,
          "waitersMax": 10000,
        },
        "listen": {
          "host": "127.0.0.1",
          "port": 8787,
        },
        "log": {
          "level": "info",
        },
        "redis": {
          "durable": true,
          "url": null,
        },
        "sources": {},
        "store": {
          "fileMode": 416,
          "quotaBytes": null,
          "reserveBytes": null,
          "retention": {
            "generations": 3,
            "graceMs": 600000,
            "maxAgeMs": 604800000,
            "unreadMs": null,
          },
          "root": "/etc/parqueue/var/store",
        },
        "telemetry": {
          "traces": null,
        },
        "worker": {
          "drainFinishMs": 600000,
          "leaseTtlMs": 30000,
          "listen": {
            "host": "127.0.0.1",
            "port": 8788,
          },
          "scratch": null,
          "threadMemoryBytes": 1073741824,
          "threads": 2,
        },
      }
    `);
  });

  it('keeps its flow mappings when references stand in them', () => {
    const text = 'redis:   { url: ${REDIS_URL}, durable: true }\n';
    expect(load(text, { REDIS_URL: 'redis://r:6379/2' }).redis).toEqual({ url: 'redis://r:6379/2', durable: true });
    expect(load(text).redis).toEqual({ url: null, durable: true });
    expect(load(text, { REDIS_URL: '' }).redis).toEqual({ url: null, durable: true });
  });

  it('reads the interface of all sections', () => {
    const config = load(
      `
listen:  { host: 0.0.0.0, port: \${PORT} }
store:   { root: /mnt/store, quota: 500GiB, reserve: 5GiB, retention: { generations: 2, maxAge: 2d, grace: 1m, unread: 4w }, fileMode: "0640" }
auth:    { apiKeys: [ { name: bi, sha256: ${'AB'.repeat(32)}, scopes: [read, fill], datasets: ["sales_*"] } ] }
limits:  { rows: 2e9, bytes: 200GiB, sqlBytes: 64KiB, queuePerSource: 1000, waiters: 10000, fillTimeout: 4h }
worker:  { threads: 3, threadMemory: 1.5GiB, drain: { finish: 250ms }, scratch: scratch, leaseTtl: 5s }
sources:
  lake:  { kind: file, root: ../exports/, maxConcurrentFills: 5, adhoc: { maxAge: 5m } }
  open:  { kind: file, root: /data, adhoc: true }
  shut:  { kind: file, root: /data, adhoc: false }
datasets:
  sales:
    source: lake
    path: sales/{since}.parquet
    params: { since: { type: date, required: true } }
    freshness: { version: checksum, maxAge: 60s, staleWhileRevalidate: 10m, staleIfError: 1d }
    columns: { amount: decimal(18,2) }
    parquet: { compression: zstd, rowGroupRows: 1000000 }
    refresh: { every: 15m, jitter: 10% }
    store: { quota: 50GiB, retention: { generations: 1 } }
  prices: { source: lake, path: "prices/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
  tabs: { source: lake, path: t.TSV, csv: { header: true, quote: "" } }
  odd: { source: lake, path: data.txt, format: csv, csv: { delimiter: ";", nullText: "" } }
`,
      { PORT: '9000' },
    );
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 9000 });
    expect(config.store).toEqual({
      root: '/mnt/store',
      quotaBytes: 500 * 2 ** 30,
      reserveBytes: 5 * 2 ** 30,
      retention: { generations: 2, maxAgeMs: 172_800_000, graceMs: 60_000, unreadMs: 2_419_200_000 },
      fileMode: 0o640,
    });
    expect(config.auth.apiKeys).toEqual([
      {
        name: 'bi',
        sha256: 'ab'.repeat(32),
        scopes: ['read', 'fill'],
        datasets: ['sales_*'],
        expiresAtMs: null,
        limits: { requestsPerSecond: null, burst: 1, concurrent: 1000 },
      },
    ]);
    expect(config.worker).toMatchObject({
      threads: 3,
      threadMemoryBytes: 1.5 * 2 ** 30,
      drainFinishMs: 250,
      leaseTtlMs: 5000,
    });
    expect(config.worker.scratch).toBe('/etc/parqueue/scratch');
    expect(config.sources['lake']).toEqual({
      name: 'lake',
      kind: 'file',
      root: '/etc/exports',
      maxConcurrentFills: 5,
      maxConcurrentProbes: 4,
      adhoc: { version: 'checksum', maxAgeMs: 300_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
    });
    expect(config.sources['open']?.adhoc).toEqual({
      version: 'checksum',
      maxAgeMs: 0,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
    });
    expect(config.sources['shut']?.adhoc).toBeNull();
    expect(config.datasets['sales']).toMatchObject({
      format: 'parquet',
      csv: null,
      columnTypes: { amount: 'decimal(18,2)' },
      refresh: {
        schedule: { kind: 'every', everyMs: 900_000 },
        jitterMs: 90_000,
        readWithinMs: 7 * 86_400_000,
        params: [],
      },
      params: { since: { type: 'date', required: true, default: null } },
    });
    expect(config.datasets['prices']).toMatchObject({
      format: 'csv',
      freshness: { version: 'checksum', maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
      params: { market: { required: true, pattern: '[a-z]+', maxLength: 255 } },
    });
    expect(config.datasets['tabs']).toMatchObject({
      csv: { header: true, delimiter: '\t', quote: '', escape: null, nullText: null },
    });
    expect(config.datasets['odd']).toMatchObject({ format: 'csv', csv: { delimiter: ';', nullText: '' } });
  });

  it('is JSON: what a thread is handed is what was read', () => {
    const config = load('sources: { lake: { kind: file, root: . } }\ndatasets: { a: { source: lake, path: a.csv } }');
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('takes a password of Redis from a file where it fits into a URL, and never shows one that does not', () => {
    const withPassword = (password: string) => () =>
      load('redis: { url: "redis://:${file:/run/password}@redis:6379/0" }', {}, () => password);
    expect(withPassword('a+b=-_%2F')().redis.url).toBe('redis://:a+b=-_%2F@redis:6379/0');
    for (const password of ['s3cret/x', 's3cret#x', 's3cret?x', 's3cret%zz']) {
      expect(withPassword(password)).toThrow(/redis\.url must be a URL; in a password write \/ as %2F/);
      expect(withPassword(password)).not.toThrow(/s3cret/);
    }
  });

  it('may be commented out section by section', () => {
    expect(load('listen:\n  # port: 1\nsources:\nauth:\n').listen.port).toBe(8787);
  });

  it('may take sources and datasets with names of inherited members', () => {
    const config = load(
      'sources: { constructor: { kind: file, root: . } }\ndatasets: { valueof: { source: constructor, path: a.csv } }',
    );
    expect(config.datasets['valueof']?.source).toBe('constructor');
  });
});

describe('a configuration with mistakes', () => {
  it('is told all of them at once, each with its place and what to write', () => {
    expect(lines(problemsOf(MISTAKES))).toMatchInlineSnapshot(`
      [
        "2:1 lisen is not known here (did you mean "listen"?); known: listen, store, redis, auth, limits, worker, log, telemetry, sources, datasets",
        "3:32 listen.port must be a port from 0 to 65535 (0: any free one)",
        "4:16 store.root must be text: the folder of the store",
        "4:26 store.quota must be a size such as 500GiB, 64KiB or a number of bytes",
        "4:37 store.retension is not known here (did you mean "retention"?); known: root, quota, reserve, retention, fileMode",
        "4:61 store.fileMode must be permission bits in quotes, such as "0640"",
        "5:17 limits.rows must be a whole number such as 1000 or 2e9",
        "5:34 limits.fillTimeout must be a duration such as 250ms, 60s, 10m, 4h or 7d (a number needs its unit)",
        "6:15 redis.url must be a URL such as redis://host:6379/0 or rediss://…",
        "7:39 auth.apiKeys[0].sha256 must be the SHA-256 of the key, 64 hex digits; \`parqueue key new\` prints it",
        "7:52 auth.apiKeys[0].scopes[0] must be read, fill, adhoc or admin",
        "9:3 sources.Erp is not a name; write lower-case letters, digits and _, starting with a letter",
        "10:16 sources.erp.kind is not a kind of source (did you mean "postgres"?); known: file, oracle, postgres, mysql",
        "11:29 sources.lake.root environment variable NOPE is not set; set it, or write \${NOPE:-default}",
        "11:38 sources.lake.adhok is not known here (did you mean "adhoc"?); known: kind, root, maxConcurrentFills, maxConcurrentProbes, adhoc",
        "11:68 sources.lake.adhoc.maxAge must be a duration such as 250ms, 60s, 10m, 4h or 7d (a number needs its unit)",
        "11:71 sources.lake.adhoc.versoin is not known here (did you mean "version"?); known: version, maxAge, staleWhileRevalidate, staleIfError",
        "13:21 datasets.prices.source names no source of this file (did you mean "lake"?); declare it under sources",
        "13:33 datasets.prices.path uses {markt}, which is not declared (did you mean "market"?); declare it under params",
        "13:73 datasets.prices.params.market is declared but not used; write {market} in the path or leave it out",
        "13:98 datasets.prices.params.market.pattern is not a regular expression: Unterminated character class",
        "13:123 datasets.prices.params.limit.type must be one of string, integer, number, boolean, date, timestamp",
        "14:30 datasets.bad.path is absolute; write it relative to the source's root",
        "14:30 datasets.bad.path has no extension that tells its format (parquet, csv, tsv, ndjson, jsonl, json, arrow, arrows, feather); write format: parquet, csv, ndjson, json or arrow",
        "14:54 datasets.bad.freshness.maxAge is needed with version: ttl; write how long an answer stays right, such as maxAge: 10m",
        "15:29 datasets.p2.path may not contain "..": nothing outside the source's root is read",
        "15:54 datasets.p2.params.d is declared but not used; write {d} in the path or leave it out",
        "15:77 datasets.p2.params.d.default must be a calendar date such as 2026-01-31, as the parameter is of type date",
        "15:107 datasets.p2.columns.a is not a column type; write boolean, integer, bigint, double, decimal(18,2), varchar, date, timestamp, timestamptz or blob",
        "16:28 datasets.p3.sql is not for this dataset: source "lake" is of kind file; leave it out",
        "16:44 datasets.p3.path has no extension that tells its format (parquet, csv, tsv, ndjson, jsonl, json, arrow, arrows, feather); write format: parquet, csv, ndjson, json or arrow",
        "16:69 datasets.p3.csv.delimiter must be one character",
        "17:107 datasets.p4.params.n.pattern is for type string, not integer; use enum, min or max",
        "17:120 datasets.p4.params.n.required contradicts the default; leave one of them out",
        "18:46 datasets.p5.csv is for CSV files, but the format is json",
        "18:63 datasets.p5.params.n has a default or enum value that may not contain "/" or "\\", as it becomes part of a path",
        "18:100 datasets.p5.params.n.min is not for type string; use enum, pattern or maxLength",
        "18:115 datasets.p5.select names a column twice; name each once",
        "19:29 datasets.p6.path has a brace without its partner; a parameter is written {name}",
        "19:59 datasets.p6.refresh.every must be a duration of at least 1s, such as 15m",
        "19:86 datasets.p6.freshness.version must be one that a source of kind file has: checksum, ttl, manual",
      ]
    `);
  });

  it('is told them in one message too', () => {
    expect(() => load('listen: { port: -1 }\nfoo: 1')).toThrow(
      /^2 problems in \/etc\/parqueue\/parqueue\.yaml:\n {2}1:17 listen\.port must be /,
    );
  });

  it('never repeats a value that came from the environment or a file', () => {
    const secret = 's3cr3t-value';
    const text =
      'redis: { url: "${URL}", durable: "${URL}" }\nlisten: { host: "${file:/run/secret}", port: "${URL}" }\nauth: { apiKeys: [ { name: a, sha256: "${URL}", scopes: ["${URL}"] } ] }\n'
      + 'sources: { a: { kind: "${URL}", root: /x } }\ndatasets: { d: { source: "${URL}", path: "x.csv", params: { p: { type: "${URL}" }, q: { type: string, pattern: "[${URL}", default: "${URL}" } } } }';
    const problems = problemsOf(text, { URL: secret }, () => `${secret}\n`);
    expect(problems.length).toBeGreaterThanOrEqual(7);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  it('is refused when anybody could ask it', () => {
    expect(lines(problemsOf('listen: { host: 0.0.0.0 }'))).toEqual([
      '1:17 listen.host is not a loopback address, and there is no auth.apiKeys: anybody could ask; add a key (`parqueue key new`) or write 127.0.0.1',
    ]);
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '"::1"'])
      expect(load(`listen: { host: ${host} }`).listen.port).toBe(8787);
  });

  it('that is not YAML is told where', () => {
    expect(lines(problemsOf('listen: { port: 1\nstore: x'))[0]).toMatch(/^[12]:[0-9]+  ?is not YAML: /);
    expect(lines(problemsOf('a: 1\na: 2'))[0]).toMatch(/^2:1  ?is not YAML: Map keys must be unique/);
    expect(lines(problemsOf('- 1'))).toEqual(['1:1  must be a mapping (name: value lines)']);
  });

  it('finds a key that stands twice among 20,000, and in an inner mapping', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`);
    expect(lines(problemsOf([...keys, 'k7: 2'].join('\n')))).toEqual([
      expect.stringMatching(/^20001:1  ?is not YAML: Map keys must be unique/),
    ]);
    expect(lines(problemsOf('a:\n  b: 1\n  b: 2'))[0]).toMatch(/^3:3  ?is not YAML: Map keys must be unique/);
  });

  it.each(['0s', '25d'])('knows that no timer can be set to a fillTimeout of %s', (limit) => {
    expect(problemsOf(`limits: { fillTimeout: ${limit} }`)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          path: 'limits.fillTimeout',
          message: expect.stringContaining('a duration from 1ms to 24d'),
        }),
      ]),
    );
  });

  it('points into lists, aliases and quoted text', () => {
    const text =
      'sources:\n  a: &a { kind: file, root: 5 }\n  b: *a\nauth:\n  apiKeys:\n    - name: x\n      sha256: "no"\n      scopes: [read]\n';
    expect(problemsOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '2:29 sources.a.root',
      '2:29 sources.b.root',
      '7:15 auth.apiKeys[0].sha256',
    ]);
  });
});

const MISTAKES = `
lisen: { port: 1 }
listen: { host: 0.0.0.0, port: 99999 }
store: { root: 3, quota: 5 parsecs, retension: 4, fileMode: 0640 }
limits: { rows: -1, fillTimeout: 10 }
redis: { url: "http://secret@x" }
auth: { apiKeys: [ { name: a, sha256: zz, scopes: [reed] } ] }
sources:
  Erp: { kind: file, root: x }
  erp: { kind: postgresql, user: x }
  lake: { kind: file, root: \${NOPE}, adhok: true, adhoc: { maxAge: 5, versoin: x } }
datasets:
  prices: { source: laek, path: "prices/{markt}.csv", params: { market: { type: string, pattern: "[a-z" }, limit: { type: int } } }
  bad: { source: lake, path: /etc/passwd, freshness: { version: ttl } }
  p2: { source: lake, path: "../x.csv", params: { d: { type: date, default: 2026-02-30 } }, columns: { a: decimal(1000) } }
  p3: { source: lake, sql: select 1, path: x.xls, csv: { delimiter: ";;" } }
  p4: { source: lake, path: "{n}.csv", params: { n: { type: integer, default: 5, min: 9, max: 7, pattern: x, required: true } } }
  p5: { source: lake, path: "{n}.json", csv: {}, params: { n: { type: string, default: "a/b", min: 3 } }, select: [a, a] }
  p6: { source: lake, path: "a/{n.csv", refresh: { every: 0 }, freshness: { version: rowscn } }
`;

describe('a configuration that nobody should write', () => {
  it('and that holds itself by an alias is refused', () => {
    expect(lines(problemsOf('sources: &a { lake: *a }'))).toEqual([
      '1:1  nests deeper than 64 levels, or holds itself by an alias',
    ]);
  });

  it('with thousands of problems tells the first of them, and how many more there are', () => {
    const text = Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(problemsOf(text)).toHaveLength(200);
    expect(() => load(text)).toThrow(/^3000 problems in [\s\S]* and 2800 more$/);
  });
});
