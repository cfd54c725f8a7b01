/** infra/compose.yaml is what Compose specifies, and agrees with the image, the configuration and the secrets it names. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@parqueue/core/config';
import { hasPostgres, startPostgresServer } from '@parqueue/core/testing/servers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Keyword } from 'dockerfile-ast';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { instructionsOf, readRecipe } from './image-recipe.ts';
import { readJson } from './manifests.ts';
import { workerMemory } from './sizing.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly ports?: readonly string[];
  readonly volumes: readonly (string | { readonly target: string })[];
  readonly secrets: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly read_only?: boolean;
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface Compose {
  readonly services: Readonly<Record<'api' | 'worker' | 'redis' | 'postgres' | 'oracle', Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(readFileSync(join(REPOSITORY, 'infra/compose.yaml'), 'utf8'), { merge: true }) as Compose;
const { services } = compose;
const folder = mkdtempSync(join(tmpdir(), 'parqueue-secrets-'));

beforeAll(() => {
  execFileSync(process.execPath, [join(REPOSITORY, 'infra/docker/secrets.mjs'), join(folder, 'made')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secretFile = (name: string): string => readFileSync(join(folder, 'made', name), 'utf8');

function config() {
  return loadConfig(readFileSync(join(REPOSITORY, 'infra/docker/parqueue.yaml'), 'utf8'), {
    path: '/etc/parqueue/parqueue.yaml',
    env: {},
    readFile: (path) => {
      const [, name = ''] = /^\/run\/secrets\/([\w-]+)$/.exec(path) ?? [];
      if (!services.worker.secrets.includes(name)) throw new Error(`${path} is no secret of the worker`);
      return secretFile(name);
    },
  });
}

describe('infra/compose.yaml', () => {
  test('is what the Compose specification says, unknown keys refused', () => {
    const { schema } = readJson<{ schema: object }>('test/infra/schemas/compose.json');
    const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    expect([validate(compose), validate.errors]).toEqual([true, null]);
    expect(validate({ ...compose, services: { api: { ...services.api, restrat: 'always' } } })).toBe(false);
  });

  test('builds images that say what they are', () => {
    const { description, version, license } = readJson<Record<string, string>>('package.json');
    for (const role of ['api', 'worker']) {
      const labels = instructionsOf(readRecipe(), role, Keyword.LABEL).map((label) => label.getArgumentsContent());
      for (const [name, value] of Object.entries({ description, version, licenses: license }))
        expect(labels.join('\n'), name).toContain(`org.opencontainers.image.${name}="${value}"`);
    }
  });

  test('builds targets that the Dockerfile has', () => {
    for (const role of ['api', 'worker'] as const) {
      expect(services[role].build?.target).toBe(role);
      expect([...readRecipe().keys()]).toContain(role);
    }
  });

  test('publishes ports on the loopback interface alone', () => {
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(published).toEqual([`127.0.0.1:8787:${config().listen.port}`]);
  });

  test('what secrets.mjs makes is what it mounts, and nobody else on the machine gets at it', () => {
    const made = readdirSync(join(folder, 'made'));
    const named = Object.values(compose.secrets).map(({ file }) => file.replace('docker/secrets/', ''));
    expect(named.filter((name) => !made.includes(name))).toEqual([]);
    expect(made.filter((name) => !named.includes(name))).toEqual(['api-key']);
    expect(statSync(join(folder, 'made')).mode & 0o777).toBe(0o700);
    for (const { secrets } of Object.values(services)) {
      expect(secrets.filter((name) => !(name in compose.secrets))).toEqual([]);
    }
  });

  test('the configuration is one the program takes, with a file for every secret', () => {
    const { listen, worker, store, sources, redis } = config();
    expect([listen.host, worker.listen.host]).toEqual(['0.0.0.0', '0.0.0.0']);
    expect(new URL(redis.url ?? '').password).toBe(secretFile('redis-password'));
    const mounted = services.worker.volumes.map((volume) =>
      typeof volume === 'string' ? volume.split(':')[1] : volume.target,
    );
    expect(mounted).toContain(store.root.slice(0, store.root.lastIndexOf('/')));
    expect(mounted.some((path) => worker.scratch?.startsWith(`${path}/`))).toBe(true);
    for (const source of Object.values(sources)) {
      if (source.kind === 'file') expect(mounted).toContain(source.root);
      else expect(Object.keys(services)).toContain(source.kind);
    }
  });

  test('who owns a database is nobody whose password Parqueue has', () => {
    const { api, worker, postgres, oracle } = services;
    const owners = [postgres, oracle].flatMap(({ environment = {} }) =>
      ['POSTGRES_PASSWORD_FILE', 'ORACLE_PASSWORD_FILE', 'PARQUEUE_OWNER_PASSWORD_FILE'].map(
        (name) => environment[name],
      ),
    );
    const secrets = owners.filter((path) => path !== undefined).map((path) => path.replace('/run/secrets/', ''));
    expect(new Set(secrets)).toEqual(new Set(['postgres-owner-password', 'oracle-owner-password']));
    for (const { secrets: mounted } of [api, worker])
      expect(mounted.filter((name) => secrets.includes(name))).toEqual([]);
    expect(postgres.environment).not.toHaveProperty('POSTGRES_USER');
    expect(config().sources['erp']).toMatchObject({ user: 'pq_reader', schema: 'PQ_OWNER' });
  });

  test.skipIf(!hasPostgres())('whom Parqueue logs on to Postgres as may read its table, and nothing else', async () => {
    const server = await startPostgresServer();
    try {
      const script = join(folder, 'shop.sql');
      const text = readFileSync(join(REPOSITORY, 'infra/docker/shop.sql'), 'utf8');
      writeFileSync(script, text.replaceAll('/run/secrets/', `${join(folder, 'made')}/`));
      const psql = (url: string, ...words: readonly string[]): string =>
        execFileSync('psql', ['-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1', url, ...words], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
      psql(server.url, '-f', script);
      const reader = new URL(server.url);
      reader.username = 'shop';
      reader.password = secretFile('postgres-password');
      const ask = (sql: string): string => psql(reader.href, '-c', sql).trim();
      expect(ask('select count(*) from orders')).toBe('10000');
      for (const sql of [
        'delete from orders',
        'create table mine ()',
        "select pg_read_file('/etc/hostname')",
        "copy orders to program 'true'",
        'select * from pg_authid',
      ])
        expect(() => ask(sql), sql).toThrow(/permission denied|must be superuser/);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('a stopped container has the time to drain, and the memory for its threads', () => {
    const loaded = config();
    const seconds = Number(/^(\d+)s$/.exec(services.worker.stop_grace_period ?? '')?.[1]);
    expect(seconds * 1000).toBeGreaterThanOrEqual(loaded.worker.drainFinishMs + 40_000);
    expect(services.worker.mem_limit).toBe('3g');
    expect(workerMemory(loaded)).toBeLessThanOrEqual(3 * 2 ** 30);
  });

  test('every volume that is named exists, and every service says whether it is healthy', () => {
    const named = Object.values(services)
      .flatMap(({ volumes }) => volumes)
      .filter((volume) => typeof volume === 'string')
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((name) => !name.startsWith('.'));
    expect(named.filter((name) => !(name in compose.volumes))).toEqual([]);
    const own = Object.entries(services).filter(([, { build }]) => build === undefined);
    expect(own.filter(([, { healthcheck }]) => healthcheck === undefined)).toEqual([]);
  });
});
