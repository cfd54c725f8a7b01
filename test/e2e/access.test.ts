/** Who may ask and how much, seen over real connections: keys, streams, pins, the dashboard, and callers who dawdle. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { loadConfig, type ApiKey } from '@parqueue/core/config';
import { generateFile } from '@parqueue/core/parquet';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const as = (name: string) => ({ authorization: `Bearer ${name}` });
const KEYS = `auth:
  apiKeys:
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, adhoc, admin] }
    - { name: other, sha256: ${sha256('other')}, scopes: [read, fill] }
    - { name: narrow, sha256: ${sha256('narrow')}, scopes: [read], limits: { concurrent: 1 } }
    - { name: bounded, sha256: ${sha256('bounded')}, scopes: [read], datasets: [prices] }
    - { name: twin, sha256: ${sha256('twin')}, scopes: [read, fill], datasets: [twin, xetra] }
    - { name: steward, sha256: ${sha256('steward')}, scopes: [read, admin], datasets: [twin] }
    - { name: asker, sha256: ${sha256('asker')}, scopes: [read, adhoc], datasets: [] }
`;
/** The first asks what `words` does, the second what `prices` does of one market; the third is longer than a chunk of an answer. */
const SHARING = `  twin: { source: lake, path: words.csv, parquet: { compression: snappy }, refresh: { every: 1h } }
  xetra: { source: lake, path: prices/xetra-2026.csv }
  long: { source: lake, path: long.csv }
`;
const BIND = 'value-that-nobody-sees';

let stage: Stage;
let dawdler: Dawdler;

beforeAll(async () => {
  stage = await Stage.open({
    yaml: `${KEYS}limits: { connections: 60 }\n`,
    datasets: SHARING,
    sources: '  dead: { kind: oracle, connectString: "127.0.0.1:1/things", user: u, password: p, adhoc: true }\n',
  });
  dawdler = new Dawdler(stage.url);
  await stage.writeWords('one', 'two');
  expect((await stage.get('/v1/datasets/words.parquet', as('admin'))).status).toBe(200);
});

afterAll(async () => {
  dawdler.end();
  await stage[Symbol.asyncDispose]();
});

/** Begins a request and never ends it. */
class Dawdler {
  readonly #socket: Socket;
  readonly heard: Promise<string>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname, () =>
      this.#socket.write('GET /v1/whoami HTTP/1.1\r\nHost: x\r\nX-A: '),
    );
    this.heard = new Promise((resolve) => {
      let text = '';
      this.#socket.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      this.#socket.on('error', () => undefined);
      this.#socket.on('close', () => resolve(text));
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

const audited = (outcome: string): readonly Record<string, unknown>[] =>
  stage.logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['audit'] === true && line['outcome'] === outcome);

describe('requests under way', () => {
  test('are counted while a stream of events is open, and no longer', async () => {
    const left = new AbortController();
    const open = await fetch(`${stage.url}/v1/events`, { headers: as('narrow'), signal: left.signal });
    expect(open.status).toBe(200);
    const refused = await stage.get('/v1/whoami', as('narrow'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await problemOf(refused)).toMatchObject({ code: 'PQ_RATE_LIMITED', limit: 'concurrent' });
    left.abort();
    await expect.poll(async () => (await stage.get('/v1/whoami', as('narrow'))).status).toBe(200);
    expect(audited('refused')).toContainEqual(
      expect.objectContaining({ principal: 'key:narrow', code: 'PQ_RATE_LIMITED' }),
    );
  });
});

describe('the audit log', () => {
  test('has every act by name, and nothing of what only reads', async () => {
    await stage.post('/v1/invalidate', { dataset: 'words', mode: 'soft' }, { ...as('admin'), 'x-request-id': 'act-1' });
    await stage.get('/v1/sources', as('admin'));
    await expect
      .poll(() => audited('done').filter(({ requestId }) => requestId === 'act-1'))
      .toEqual([
        expect.objectContaining({
          principal: 'key:admin',
          act: 'invalidate',
          dataset: 'words',
          mode: 'soft',
          status: 200,
        }),
      ]);
    expect(audited('done').map(({ act }) => act)).not.toContain('listSources');
    expect(JSON.stringify(audited('done'))).not.toContain(sha256('admin'));
  });
});

describe('a pin', () => {
  test('is renewed and given back by the key that took it, and by no other', async () => {
    const resolved = await stage.post('/v1/resolve', { dataset: 'words', pin: '1m' }, as('admin'));
    const { pin, key } = (await resolved.json()) as { key: string; pin: { url: string } };
    const taken = await stage.post(`/v1/entries/${key}/pins`, { ttl: '1m' }, as('other'));
    const { url } = (await taken.json()) as { url: string };
    for (const [owner, stranger, path] of [
      ['admin', 'other', pin.url],
      ['other', 'admin', url],
    ] as const) {
      expect((await stage.post(path, {}, as(stranger), 'PUT')).status).toBe(404);
      expect((await stage.get(path, as(stranger), 'DELETE')).status).toBe(404);
      expect((await stage.post(path, {}, as(owner), 'PUT')).status).toBe(200);
      expect((await stage.get(path, as(owner), 'DELETE')).status).toBe(204);
    }
  });
});

describe('what is not for a key', () => {
  /** What is answered, but for the name that was asked for. */
  const answer = async (path: string, name: string, body?: unknown): Promise<string> => {
    const at = path.replace('NAME', name);
    const response =
      body === undefined ? await stage.get(at, as('bounded')) : await stage.post(at, body, as('bounded'));
    const { requestId: _id, instance: _instance, ...problem } = (await response.json()) as Record<string, unknown>;
    return JSON.stringify(problem).replaceAll(name, 'NAME');
  };

  test('is answered as what is not there: datasets, entries, generations of any number', async () => {
    const listed = await stage.get('/v1/entries?dataset=words', as('admin'));
    const { entries } = (await listed.json()) as { entries: { key: string; generation: number }[] };
    const [{ key, generation } = { key: '', generation: 0 }] = entries;
    const paths = ['', '.csv', '.exe', '/data'].map((end) => `/v1/datasets/NAME${end}`);
    for (const path of [...paths, '/v1/events?dataset=NAME'])
      expect(await answer(path, 'words'), path).toBe(await answer(path, 'wordz'));
    expect(await answer('/v1/resolve', 'words', { dataset: 'words' })).toBe(
      await answer('/v1/resolve', 'wordz', { dataset: 'wordz' }),
    );
    const absent = key.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    // Until Redis was compared with the store, of any key less is known.
    await expect.poll(() => answer('/v1/entries/NAME', absent)).not.toContain('has not been compared');
    const ends = [
      '',
      '/explain',
      '/statistics',
      '/data',
      ...[1, generation, generation + 1e9].map((fence) => `/generations/${fence}/data`),
    ];
    for (const end of ends)
      expect(await answer(`/v1/entries/NAME${end}`, key), end).toBe(await answer(`/v1/entries/NAME${end}`, absent));
    const page = await stage.get('/v1/entries?limit=1', as('bounded'));
    expect(await page.json()).toEqual({ entries: [], next: null });
  });
});

describe('an entry that several datasets ask for', () => {
  const READS = ['', '/explain', '/statistics', '/data'];
  const told = async (path: string, name: string): Promise<readonly [status: number, text: string]> => {
    const response = await stage.get(path, as(name));
    return [response.status, await response.text()];
  };
  const resolve = async (body: object, name: string, wait = '60') => {
    const headers = { ...as(name), prefer: wait === '0' ? 'respond-async' : `wait=${wait}` };
    const response = await stage.post('/v1/resolve', body, headers);
    return (await response.json()) as { key: string; dataset: string | null; generation: number; fill: { id: string } };
  };
  const datasetsOf = async (path: string, name: string, list: 'entries' | 'fills'): Promise<readonly unknown[]> => {
    const listed = JSON.parse((await told(path, name))[1]) as Record<string, { dataset: unknown }[]>;
    return (listed[list] ?? []).map(({ dataset }) => dataset);
  };

  test('is for a key of each of them, which hears of its own name only', async () => {
    const entry = await resolve({ dataset: 'twin' }, 'twin');
    expect(entry.dataset).toBe('twin');
    expect(await resolve({ dataset: 'words' }, 'admin')).toMatchObject({ key: entry.key, dataset: 'words' });
    const at = `/v1/entries/${entry.key}`;
    for (const end of READS) {
      const [status, text] = await told(`${at}${end}`, 'twin');
      expect([end, status]).toEqual([end, 200]);
      expect(text, end).not.toContain('"words"');
    }
    const bytes = await stage.get(`${at}/generations/${entry.generation}/data`, as('twin'));
    expect([bytes.status, bytes.headers.get('content-disposition')]).toEqual([
      200,
      'attachment; filename="twin.parquet"',
    ]);
    const pinned = await stage.post(`${at}/pins`, { ttl: '1m' }, as('twin'));
    const { url } = (await pinned.json()) as { url: string };
    expect([pinned.status, (await stage.post(url, {}, as('twin'), 'PUT')).status]).toEqual([201, 200]);
    expect(await datasetsOf('/v1/entries', 'twin', 'entries')).toEqual(['twin']);
    expect(await datasetsOf('/v1/entries?dataset=twin', 'admin', 'entries')).toEqual(['twin']);
    expect(await datasetsOf('/v1/datasets/twin', 'twin', 'entries')).toEqual(['twin']);
    expect(await datasetsOf('/v1/entries?dataset=words', 'twin', 'entries')).toEqual([]);
    expect((await told(at, 'bounded'))[0]).toBe(404);
  });

  test('is invalidated through any of them, and a key of one hears nothing of the others', async () => {
    const mark = async (name: string): Promise<unknown> =>
      await (await stage.post('/v1/invalidate', { dataset: 'twin' }, as(name))).json();
    expect(await mark('steward')).toMatchObject({ target: 'dataset:twin', entries: 1, reached: [] });
    expect(await mark('admin')).toMatchObject({ target: 'dataset:twin', entries: 1, reached: ['dataset:words'] });
  });

  test('is so of the values that a dataset allows, from the first load on', async () => {
    await stage.writeSource('prices/xetra-2026.csv', 'id\n1\n');
    await stage.writeSource('prices/lse-2026.csv', 'id\n1\n');
    await stage.stopWorker();
    const prices = (market: string) => ({ dataset: 'prices', params: { market } });
    const { fill } = await resolve(prices('xetra'), 'admin', '0');
    const { fill: other } = await resolve(prices('lse'), 'admin', '0');
    expect((await resolve({ dataset: 'xetra' }, 'twin', '0')).fill).toEqual(fill);
    const [status, text] = await told(`/v1/fills/${fill.id}`, 'twin');
    expect([status, JSON.parse(text)]).toEqual([200, expect.objectContaining({ id: fill.id, dataset: 'xetra' })]);
    expect((await told(`/v1/fills/${other.id}`, 'twin'))[0]).toBe(404);
    expect(new Set(await datasetsOf('/v1/fills?state=queued', 'twin', 'fills'))).toEqual(new Set(['xetra']));
    await stage.startWorker();
    const loaded = await resolve(prices('xetra'), 'admin');
    const foreign = await resolve(prices('lse'), 'admin');
    const ends = [...READS, `/generations/${loaded.generation}/data`];
    for (const end of ends)
      expect([end, (await told(`/v1/entries/${loaded.key}${end}`, 'twin'))[0]]).toEqual([end, 200]);
    const [, entry] = await told(`/v1/entries/${loaded.key}`, 'twin');
    expect(JSON.parse(entry)).toMatchObject({ dataset: 'xetra' });
    for (const end of READS) expect((await told(`/v1/entries/${foreign.key}${end}`, 'twin'))[0]).toBe(404);
  });

  test('is so for who may ask the same ad hoc, and nothing else of the dataset', async () => {
    const { key } = await resolve({ source: 'lake', path: 'prices/xetra-2026.csv' }, 'asker');
    const [status, entry] = await told(`/v1/entries/${key}`, 'asker');
    expect([status, JSON.parse(entry)]).toEqual([200, expect.objectContaining({ key, dataset: null })]);
    const words = await resolve({ dataset: 'words' }, 'admin');
    // Declared with another compression than what is asked ad hoc gets: another question.
    expect((await told(`/v1/entries/${words.key}`, 'asker'))[0]).toBe(404);
  });
});

describe('/queues', () => {
  interface Listed {
    readonly queues: readonly {
      readonly name: string;
      readonly readOnlyMode: boolean;
      readonly jobs: readonly { readonly data: Record<string, unknown> }[];
    }[];
  }
  const list = async (queue: string, name: string): Promise<Listed> =>
    (await (await stage.get(`/queues/api/queues?activeQueue=${queue}&status=latest`, as(name))).json()) as Listed;

  test('shows statements made readable and the names of binds, never a value, to who may see them', async () => {
    const sql = 'select a, b from t where a = :who and b in (select c from u where d = :since)';
    const binds = { who: BIND, since: { type: 'date', value: '2021-03-04' } };
    expect((await stage.post('/v1/query', { source: 'dead', sql, binds }, as('admin'))).status).toBe(503);
    const listed = await list('probe-dead', 'admin');
    const fills = await list('fill-dead', 'admin');
    const text = JSON.stringify([listed, fills]);
    expect(text).not.toContain(BIND);
    expect(text).not.toContain('2021-03-04');
    const jobs = [listed, fills].flatMap(({ queues }) => queues.flatMap((queue) => queue.jobs));
    expect(jobs.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({
        sql: expect.arrayContaining([expect.stringMatching(/^SELECT$/i)]) as unknown,
        binds: [':SINCE (date)', ':WHO (string)'],
      }),
    );
    const hidden = JSON.stringify([await list('probe-dead', 'other'), await list('fill-dead', 'other')]);
    expect(hidden).toContain('needs scope adhoc');
    expect(hidden).not.toMatch(/select/i);
  });

  test('is for keys of all datasets: others would see what goes on in those that are not theirs', async () => {
    for (const path of ['/queues/', '/queues/api/queues', '/queues/api/queues/fill-lake/workers']) {
      expect((await stage.get(path, as('other'))).status, path).toBe(200);
      const refused = await stage.get(path, as('bounded'));
      expect(await problemOf(refused), path).toMatchObject({ status: 403, code: 'PQ_FORBIDDEN' });
    }
  });

  test('shows what workers do by themselves, and lets nobody meddle with it', async () => {
    const { queues } = await list('refresh', 'admin');
    const own = queues.filter(({ name }) => name === 'refresh' || name === 'maintenance');
    expect(own.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
      ['refresh', true],
      ['maintenance', true],
    ]);
    expect(own[0]?.jobs.map(({ data }) => data)).toEqual([{ dataset: 'twin' }]);
    for (const [act, status] of [
      ['pause', 405],
      ['resume', 405],
      ['obliterate', 400],
    ] as const)
      expect((await stage.get(`/queues/api/queues/refresh/${act}`, as('admin'), 'PUT')).status, act).toBe(status);
  });

  test('is read-only unless its reader is an administrator, who may take a job back; acts are audited', async () => {
    expect((await list('fill-lake', 'other')).queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    const ofLake = (await list('fill-lake', 'admin')).queues.filter(({ name }) => name.endsWith('-lake'));
    expect(ofLake.map(({ readOnlyMode }) => readOnlyMode)).toEqual([false, false]);
    const put = async (path: string, name: string): Promise<number> =>
      (await stage.get(`/queues/api/queues/${path}`, { ...as(name), 'x-request-id': 'board-1' }, 'PUT')).status;
    expect(await put('fill-lake/pause', 'other')).toBe(403);
    expect(await put('fill-lake/pause', 'admin')).toBe(200);
    expect(
      (
        (await (await stage.get('/v1/sources', as('admin'))).json()) as { sources: { name: string; paused: boolean }[] }
      ).sources.find(({ name }) => name === 'lake')?.paused,
    ).toBe(true);
    expect(await put('fill-lake/resume', 'admin')).toBe(200);
    expect(await put('fill-lake/obliterate', 'admin')).toBe(400);
    const acts = audited('done').filter(({ requestId }) => requestId === 'board-1');
    expect(acts.map(({ target }) => target)).toEqual([
      '/queues/api/queues/fill-lake/pause',
      '/queues/api/queues/fill-lake/resume',
    ]);
  });
});

describe('keys read again', () => {
  const keysOf = (yaml: string): readonly ApiKey[] =>
    loadConfig(yaml, { path: '/c', env: {}, readFile: () => '' }).auth.apiKeys;

  test('count at once, and a configuration without any changes nothing', async () => {
    stage.api.replaceKeys(keysOf(KEYS.replace(sha256('other'), sha256('another'))));
    expect((await stage.get('/v1/whoami', as('other'))).status).toBe(401);
    expect((await stage.get('/v1/whoami', as('another'))).status).toBe(200);
    expect(() => stage.api.replaceKeys([])).toThrow(expect.objectContaining({ code: 'PQ_CONFIG' }));
    expect((await stage.get('/v1/whoami')).status).toBe(401);
    stage.api.replaceKeys(keysOf(KEYS));
    expect((await stage.get('/v1/whoami', as('other'))).status).toBe(200);
  });
});

describe('a caller who dawdles', () => {
  test('is cut off with 408, and told nothing but that', async () => {
    expect(await dawdler.heard).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nconnection: close\r\n/);
    expect(await dawdler.heard).toContain('"retryable":true');
  });

  test('cannot take all connections: beyond the limit only health is heard, far beyond it nobody, and the log says so', async () => {
    const idle = Array.from({ length: 160 }, () => new Dawdler(stage.url));
    await expect.poll(() => stage.logged.some((line) => line.includes('connections are refused'))).toBe(true);
    for (const one of idle) one.end();
    await expect.poll(async () => (await stage.get('/healthz').catch(() => null))?.status).toBe(200);
  });
});

// The last one: it starts the API anew, which ends every connection.
test('Redis may bound Parqueue to what docs/security.md says, and no command is denied', async () => {
  const root = new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url);
  const [rules = ''] = /~\{pq\}\*.*/.exec(await readFile(new URL('docs/security.md', root), 'utf8')) ?? [];
  expect(rules).toContain('-@dangerous');
  await using warden = await Warden.open(stage.redis.url);
  await stage.stopWorker();
  await stage.stopApi();
  await warden.bound(rules.split(' '));
  await stage.startApi();
  await stage.startWorker();
  await stage.writeWords('bounded');
  const rows = await stage.get('/v1/datasets/words.json', as('admin'));
  expect(await rows.json()).toEqual([{ id: 1, word: 'bounded' }]);
  const asks = [
    '/readyz',
    '/v1/sources',
    '/v1/fills',
    '/metrics',
    '/queues/api/queues?activeQueue=fill-lake',
    '/queues/api/queues/fill-lake/workers',
  ];
  for (const path of asks) expect((await stage.get(path, as('admin'))).status, path).toBe(200);
  expect((await stage.post('/v1/invalidate', { dataset: 'words', mode: 'purge' }, as('admin'))).status).toBe(200);
  expect(await warden.denied()).toEqual([]);
});

/** Redis' own administrator, whom no bounds hold. */
class Warden implements AsyncDisposable {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  static async open(url: string): Promise<Warden> {
    const first = new Redis(url);
    await first.call('ACL', 'SETUSER', 'warden', 'on', '>warden', '~*', '&*', '+@all');
    first.disconnect();
    return new Warden(new Redis(url, { username: 'warden', password: 'warden' }));
  }

  async bound(rules: readonly string[]): Promise<void> {
    await this.#redis.call('ACL', 'SETUSER', 'default', 'resetkeys', 'resetchannels', ...rules);
  }

  async denied(): Promise<readonly unknown[]> {
    const log = (await this.#redis.call('ACL', 'LOG')) as readonly (readonly unknown[])[];
    return log.map((entry) => entry[entry.indexOf('object') + 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.call('ACL', 'SETUSER', 'default', 'allkeys', 'allchannels', '+@all');
    this.#redis.disconnect();
  }
}

describe('HTTP/1.0', () => {
  test('cannot tell a whole answer from a broken one, and is given only what has a length', async () => {
    await generateFile({ path: join(stage.base, 'lake/long.csv'), format: 'csv', rows: 60_000, seed: 1, revision: 1 });
    const whole = await speakOld('/v1/datasets/long.csv');
    expect(whole).toMatch(/^HTTP\/1\.1 400 /);
    expect(whole).toContain('proxy_http_version 1.1');
    const look = await speakOld('/v1/datasets/long.csv?limit=2');
    expect(look).toMatch(/^HTTP\/1\.1 200 [^]*content-length: \d+\r\n/i);
    await expect.poll(() => stage.metric('parqueue_pins ')).toBe(0);
  });
});

/** All that is said on the connection until it ends. */
async function speakOld(path: string): Promise<string> {
  const socket = connect(Number(new URL(stage.url).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.0\r\nAuthorization: Bearer admin\r\n\r\n`);
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString('latin1');
}
