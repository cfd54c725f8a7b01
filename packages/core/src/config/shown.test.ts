/** What `config show` prints: the file's own words and the defaults, and never a value that the file only refers to. */
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load.ts';
import { shownConfig } from './shown.ts';

const SECRETS = {
  HOST: 'db-7.internal.example',
  PORT: '55432',
  USER: 'svc_parqueue',
  PASSWORD: 'hunter2-in-env',
  SCHEMA: 'finance_internal',
  TIMEOUT: '37m',
  REDIS_URL: 'redis://:redis-secret@redis-9.internal:6380/3',
  ROOT: '/mnt/secret-mount/store',
};
const FROM_FILE = 'token-from-a-file';

const TEXT = `
store: { root: "\${ROOT}", quota: 2GiB }
redis: { url: "\${REDIS_URL}" }
limits: { fillTimeout: "\${TIMEOUT}" }
auth: { apiKeys: [ { name: bi, sha256: ${'ab'.repeat(32)}, scopes: [read] } ] }
sources:
  crm:
    kind: postgres
    connectString: "postgresql://\${HOST}:\${PORT}/sales"
    user: "\${USER}"
    password: "\${PASSWORD}"
    schema: "\${SCHEMA:-public}"
  erp: { kind: oracle, connectString: "db.example:1521/sales?a=plain-secret", user: app, password: plain-password }
  feed: { kind: file, root: "\${file:/run/secrets/root}" }
datasets:
  one: { source: crm, sql: select 1 as one }
`;
const surroundings = { path: '/srv/parqueue.yaml', env: SECRETS, readFile: () => `/data/${FROM_FILE}` };

describe('what is shown', () => {
  const shown = shownConfig(TEXT);
  const text = stringify(shown);

  test('holds no value of the environment or of a file, in whatever field, and tells where each comes from', () => {
    loadConfig(TEXT, surroundings);
    for (const value of [...Object.values(SECRETS), FROM_FILE, '2220000']) expect(text).not.toContain(value);
    expect(shown).toMatchObject({
      store: { root: '${ROOT}' },
      redis: { url: '${REDIS_URL}' },
      limits: { fillTimeout: '${TIMEOUT}' },
      sources: {
        crm: {
          connectString: 'postgresql://${HOST}:${PORT}/sales',
          user: '${USER}',
          password: '${PASSWORD}',
          schema: '${SCHEMA:-public}',
        },
        feed: { root: '${file:/run/secrets/root}' },
      },
    });
  });

  test('hides secrets that stand in the file itself', () => {
    for (const value of ['plain-secret', 'plain-password', 'abab']) expect(text).not.toContain(value);
    expect(shown).toMatchObject({
      auth: { apiKeys: [{ name: 'bi', sha256: '***' }] },
      sources: { erp: { connectString: 'db.example:1521/sales?***', password: '***' } },
    });
  });

  test('has what the file leaves unsaid, in its own units', () => {
    expect(shown).toMatchObject({
      listen: { host: '127.0.0.1', port: 8787 },
      store: { quota: '2GiB', retention: { generations: 3, maxAge: '7d' }, fileMode: '0640' },
      worker: { threads: 2, drain: { finish: '10m' } },
      sources: { crm: { maxConcurrentFills: 2 }, feed: { maxConcurrentProbes: 4 } },
    });
  });

  test('means the same when it is read again', () => {
    const simple = 'sources: { lake: { kind: file, root: ./lake } }\ndatasets: { a: { source: lake, path: a.csv } }';
    const again = stringify(shownConfig(simple));
    expect(loadConfig(again, surroundings)).toEqual(loadConfig(simple, surroundings));
    expect(parse(again)).toEqual(shownConfig(again));
  });
});
