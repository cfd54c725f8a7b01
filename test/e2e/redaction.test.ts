/**
 * Nothing secret and no value that was asked with is anywhere that people look. Whole processes run with secrets that are
 * marked, through answers and failures of every kind they have; then everything they said, to anybody, is searched for the
 * marks. Rows are left out, and what must hold a value to work: the job that carries a question to its worker, and the
 * manifest of what was loaded for it.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '@parqueue/core/testing/databases';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisServer } from '../faults/redis-server.ts';
import { CliStage, type Server } from './cli-stage.ts';
import { OtlpReceiver } from './otlp-receiver.ts';

/** Letters and digits only, so that no encoding hides them. */
const SECRETS = {
  apiKey: 'pqMarkApiKey7f3a',
  wrongKey: 'pqMarkWrongKey81c2',
  expiredKey: 'pqMarkExpiredKey44d1',
  redisPassword: 'pqMarkRedis5b6e',
  password: 'pqMarkPassword9c0d',
  walletPassword: 'pqMarkWallet3e2f',
  descriptorPassword: 'pqMarkDescriptor6a7b',
  collectorPassword: 'pqMarkCollector1d8e',
  collectorHeader: 'pqMarkHeader0f4c',
} as const;
const VALUES = { text: 'pqMarkValueText2b', number: 90817263544, date: '1913-05-29' } as const;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const AS = { authorization: `Bearer ${SECRETS.apiKey}` };

interface Said {
  readonly where: string;
  readonly text: string;
}

const said: Said[] = [];
const stage = new CliStage();
let db: PostgresTestDatabase;
let redis: RedisServer;
let commands: Redis;
let collector: OtlpReceiver;
let server: Server;

beforeAll(async () => {
  db = await openPostgresTestDatabase();
  await db.execute('create table people (id bigint, name text, born date)');
  await db.execute("insert into people values (1, 'somebody', '1900-01-01')");
  redis = await RedisServer.start(join(stage.folder, 'redis'));
  commands = new Redis(redis.url);
  await commands.config('SET', 'requirepass', SECRETS.redisPassword);
  collector = await OtlpReceiver.start();
  await writeFile(join(stage.folder, 'parqueue.yaml'), configText());
  server = await stage.up(['--log-format', 'json'], { PARQUEUE_LOG_LEVEL: 'trace' });
});

afterAll(async () => {
  await stage.endAll();
  commands.disconnect();
  await redis.kill();
  await collector[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

function configText(): string {
  const redisAt = redis.url.replace('redis://', `redis://:${SECRETS.redisPassword}@`);
  const collectorAt = collector.url.replace('http://', `http://user:${SECRETS.collectorPassword}@`);
  const reachable = `kind: postgres, connectString: "${db.connectString}"`;
  return `
store: { root: ./store }
redis: { url: "${redisAt}", durable: false }
worker: { listen: { port: 0 }, threads: 1 }
telemetry: { traces: { url: "${collectorAt}", headers: { x-tenant: ${SECRETS.collectorHeader} } } }
auth:
  apiKeys:
    - { name: tester, sha256: ${sha256(SECRETS.apiKey)}, scopes: [read, fill, adhoc, admin] }
    - { name: former, sha256: ${sha256(SECRETS.expiredKey)}, scopes: [read], expires: 2020-01-01 }
sources:
  shop: { ${reachable}, user: ${db.user}, password: ${db.password}, adhoc: true }
  locked: { ${reachable}, user: ${db.user}, password: ${SECRETS.password}, adhoc: true }
  erp:
    kind: oracle
    connectString: "127.0.0.1:1/erp?wallet_password=${SECRETS.descriptorPassword}"
    user: parqueue
    password: ${SECRETS.password}
    walletPassword: ${SECRETS.walletPassword}
    adhoc: true
datasets:
  named:
    source: shop
    sql: select count(*) n from people where name = :who and id <> :number and born < :day
    params: { who: { type: string, maxLength: 40 }, number: { type: integer, max: 99999999999 }, day: { type: date } }
`;
}

async function ask(path: string, body?: unknown, headers: Readonly<Record<string, string>> = AS, method?: string) {
  const response = await fetch(`${server.url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  said.push({
    where: `${response.status} ${path.split('?', 1)[0]}`,
    text: `${JSON.stringify([...response.headers])}${text}`,
  });
  return { status: response.status, headers: response.headers, text };
}

const query = async (source: string, sql: string, binds: unknown) => await ask('/v1/query', { source, sql, binds });
const BINDS = { who: VALUES.text, number: VALUES.number, day: { type: 'date', value: VALUES.date } };
const VALUES_QUERY = `who=${VALUES.text}&number=${VALUES.number}&day=${VALUES.date}`;

test('questions are answered, refused and failed in every way they have', async () => {
  const counted = 'select count(*) n from people where name = :who and id <> :number and born < :day';
  expect((await query('shop', counted, BINDS)).status).toBe(200);
  expect((await ask(`/v1/datasets/named.json?${VALUES_QUERY}`)).status).toBe(200);
  expect(
    (await ask(`/v1/datasets/named/data?${VALUES_QUERY}`, undefined, { ...AS, prefer: 'respond-async' })).status,
  ).toBe(202);
  expect(
    (
      await ask('/v1/resolve', {
        dataset: 'named',
        params: { who: VALUES.text, number: VALUES.number, day: VALUES.date },
        pin: '1m',
      })
    ).status,
  ).toBe(200);
  // The database itself repeats a value in what it says of it.
  for (const sql of [
    'select cast(:who as integer) x from people',
    'select cast(:who as date) x from people where id <> :number',
    'select cast(:number as smallint) x from people',
    'select nothing from people where name = :who',
    'select 1 / (id - id) x from people where name <> :who',
  ])
    expect(
      (await query('shop', sql, Object.fromEntries(Object.entries(BINDS).filter(([name]) => sql.includes(`:${name}`)))))
        .status,
      sql,
    ).toBeGreaterThanOrEqual(400);
  for (const source of ['locked', 'erp'])
    expect((await query(source, 'select a from t where b = :who', { who: VALUES.text })).status).toBeGreaterThanOrEqual(
      502,
    );
  for (const body of [
    { dataset: 'named', params: { who: [VALUES.text], number: VALUES.text, day: VALUES.text } },
    { dataset: 'named', params: { who: VALUES.text.repeat(9), number: -1, day: VALUES.date } },
    { dataset: 'named', params: { who: { value: VALUES.text } } },
    { source: 'shop', sql: 'select :who from people', binds: { who: { type: 'date', value: VALUES.text } } },
    { source: 'shop', sql: 'select :who from people', binds: { who: { secret: VALUES.text } } },
    { source: 'shop', sql: 'select 1', binds: [VALUES.text] },
    { dataset: VALUES.number },
  ])
    expect((await ask('/v1/query', body)).status, JSON.stringify(body)).toBe(400);
  expect(
    (await ask(`/v1/datasets/named.json?who=a&who=${VALUES.text}&day=${VALUES.text}&number=${VALUES.text}`)).status,
  ).toBe(400);
  expect((await ask(`/v1/nowhere?${VALUES_QUERY}`)).status).toBe(404);
  for (const key of [SECRETS.wrongKey, SECRETS.expiredKey]) {
    expect((await ask('/v1/sources', undefined, { authorization: `Bearer ${key}` })).status).toBe(401);
    expect((await ask('/v1/sources', undefined, { 'x-api-key': key })).status).toBe(401);
    const login = { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` };
    expect((await ask('/queues/', undefined, login)).status).toBe(401);
  }
  expect((await ask('/v1/invalidate', { dataset: 'named', mode: 'hard' })).status).toBe(200);
});

test('what tells of them is asked: the catalog, fills, entries, sources, metrics and the dashboard', async () => {
  for (const path of [
    '/v1/datasets',
    '/v1/datasets/named',
    '/v1/sources',
    '/v1/whoami',
    '/metrics',
    '/readyz',
    '/openapi.json',
  ])
    expect((await ask(path)).status, path).toBe(200);
  const { fills } = JSON.parse((await ask('/v1/fills')).text) as { fills: { id: string }[] };
  expect(fills.length).toBeGreaterThan(5);
  for (const { id } of fills) {
    await ask(`/v1/fills/${id}`);
    const [source = '', kind = ''] = id.split('.');
    expect((await ask(`/queues/api/queues/${kind}-${source}/${id}`)).status).toBe(200);
  }
  for (const source of ['shop', 'locked', 'erp'])
    for (const kind of ['fill', 'probe'])
      await ask(`/queues/api/queues?activeQueue=${kind}-${source}&status=latest&jobsPerPage=100`);
  const { entries } = JSON.parse((await ask('/v1/entries')).text) as { entries: { key: string }[] };
  expect(entries.length).toBeGreaterThan(0);
  for (const { key } of entries)
    for (const more of ['', '/explain', '/statistics']) await ask(`/v1/entries/${key}${more}`);
  const [, worker = ''] = /worker health and metrics on (http:[^"\s]+)/.exec(server.err()) ?? [];
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    const response = await fetch(`${worker}${path}`);
    said.push({ where: `worker ${path}`, text: await response.text() });
    expect(response.status, path).toBe(200);
  }
});

test('commands tell of them: the configuration and what is kept', async () => {
  const env = { PARQUEUE_URL: server.url, PARQUEUE_API_KEY: SECRETS.apiKey };
  for (const args of [
    ['config', 'show'],
    ['query', '--source', 'locked', '--sql', 'select 1 x from t'],
  ]) {
    const { out, err } = await stage.run(args, env);
    expect(`${out}${err}`, args.join(' ')).not.toBe('');
    said.push({ where: `parqueue ${args.join(' ')}`, text: `${out}${err}` });
  }
});

test('and nothing of it holds a secret or a value', async () => {
  const keys: Said[] = [];
  for (const key of await commands.keys('*'))
    keys.push({ where: `Redis ${key}`, text: `${key} ${await everythingIn(key)}` });
  const files: Said[] = [];
  for (const path of await readdir(join(stage.folder, 'store'), { recursive: true }))
    if (path.endsWith('.json'))
      files.push({ where: `store ${path}`, text: await readFile(join(stage.folder, 'store', path), 'utf8') });
  await server.stop('SIGTERM');
  said.push({ where: 'logs', text: server.err() });
  expect(server.err()).toContain('"audit":true');
  said.push({ where: 'traces', text: collector.bodies.join('\n') });
  expect(keys.length).toBeGreaterThan(20);
  expect(files.length).toBeGreaterThan(1);
  expect(said.length).toBeGreaterThan(50);

  const secrets = { ...SECRETS, database: db.password };
  const values = Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, String(value)]));
  expect(found([...said, ...keys, ...files], secrets)).toEqual([]);
  // The search finds what is there: a job carries its question, and a manifest tells what its rows answer.
  const carries = /^Redis \{pq\}:(?:fill|probe)-[a-z]+:[a-z]+\.(?:fill|probe)\.[0-9a-f]+$/;
  for (const must of [keys.filter(({ where }) => carries.test(where)), files])
    expect(Object.keys(values).filter((name) => found(must, { [name]: values[name] ?? '' }).length === 0)).toEqual([]);
  expect(found([...said, ...keys.filter(({ where }) => !carries.test(where))], values)).toEqual([]);
});

function found(texts: readonly Said[], marks: Readonly<Record<string, string>>): readonly string[] {
  return texts.flatMap(({ where, text }) =>
    Object.entries(marks)
      .filter(([, mark]) => text.includes(mark))
      .map(([name, mark]) => `${where}: ${name}: …${around(text, mark)}…`),
  );
}

function around(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return text.slice(Math.max(0, at - 80), at + mark.length + 40);
}

async function everythingIn(key: string): Promise<string> {
  switch (await commands.type(key)) {
    case 'hash':
      return JSON.stringify(await commands.hgetall(key));
    case 'list':
      return JSON.stringify(await commands.lrange(key, 0, -1));
    case 'set':
      return JSON.stringify(await commands.smembers(key));
    case 'zset':
      return JSON.stringify(await commands.zrange(key, '0', '-1'));
    case 'stream':
      return JSON.stringify(await commands.xrange(key, '-', '+'));
    default:
      return String(await commands.get(key));
  }
}
