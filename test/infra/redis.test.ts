/**
 * The Redis of the cluster and of Compose, with the very commands, settings and checks of their manifests, on the
 * redis-server of this machine: its folders are moved below a temporary one, its port is a free one.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDurability } from '@parqueue/core/redis';
import { freePort } from '@parqueue/core/testing/servers';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import type { Container } from './cluster-view.ts';
import { parseManifests } from './manifests.ts';

const PASSWORD = 'kNoSecret_of-anybody';
const START_LIMIT_MS = 60_000;
const read = (path: string): string => readFileSync(join(REPOSITORY, 'infra', path), 'utf8');
const running: { child: ChildProcess; folder: string }[] = [];

afterEach(async () => {
  for (const { child, folder } of running.splice(0)) {
    if (child.kill('SIGTERM')) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Recipe {
  readonly command: readonly string[];
  readonly check: readonly string[];
  /** Path in the container → text. */
  readonly files: Readonly<Record<string, string>>;
  readonly folders: readonly string[];
  /** Where the password is mounted. */
  readonly secret: string;
}

function inCluster(): Recipe {
  const [redis] = parseManifests(read('k8s/components/redis/redis.yaml'));
  const { template } = (redis?.spec ?? {}) as { template: { spec: { containers: [Container] } } };
  const [container] = template.spec.containers;
  return {
    command: container.command ?? [],
    check: container.readinessProbe.exec?.command ?? [],
    files: {
      '/etc/redis/redis.conf': read('k8s/components/redis/redis.conf'),
      '/run/secrets/redis/redis-password': PASSWORD,
    },
    folders: ['/etc/redis', '/run/secrets/redis', '/run/redis', '/data'],
    secret: '/run/secrets/redis/redis-password',
  };
}

function inCompose(): Recipe {
  const { services } = parse(read('compose.yaml'), { merge: true }) as {
    services: { redis: { command: readonly string[]; healthcheck: { test: readonly string[] } } };
  };
  const plain = (words: readonly string[]): readonly string[] => words.map((word) => word.replaceAll('$$', '$'));
  return {
    command: plain(services.redis.command),
    check: plain(services.redis.healthcheck.test.slice(1)),
    files: { '/run/secrets/redis-password': PASSWORD },
    folders: ['/run/secrets', '/tmp', '/data'],
    secret: '/run/secrets/redis-password',
  };
}

test.each([
  ['infra/k8s', inCluster],
  ['infra/compose.yaml', inCompose],
] as const)(
  '%s: it keeps what it is told, evicts nothing, lets nobody in without the password, and is found healthy',
  async (_, recipe) => {
    const { command, check, files, folders, secret } = recipe();
    const folder = mkdtempSync(join(tmpdir(), 'parqueue-redis-recipe-'));
    const port = await freePort();
    const moved = (text: string): string =>
      text
        .replaceAll(new RegExp(folders.join('|'), 'g'), (path) => join(folder, path))
        .replace('port 6379', `port ${port}`)
        .replace('redis-server --appendonly', `redis-server --port ${port} --appendonly`)
        .replace('redis-cli', `redis-cli -p ${port}`);
    for (const path of folders) mkdirSync(join(folder, path), { recursive: true });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), moved(text));

    const [program = '', ...words] = command.map(moved);
    const child = spawn(program, words, { stdio: 'ignore' });
    running.push({ child, folder });
    const isHealthy = (): boolean => {
      const [asks = '', ...how] = check.map(moved);
      return spawnSync(asks, how, { stdio: 'ignore' }).status === 0;
    };
    for (const limit = Date.now() + START_LIMIT_MS; !isHealthy(); await sleep(50)) {
      if (Date.now() > limit || child.exitCode !== null) throw new Error('it was never healthy');
    }

    expect(await readDurability(`redis://:${PASSWORD}@127.0.0.1:${port}/0`)).toEqual({
      evictionPolicy: 'noeviction',
      persistent: true,
    });
    expect(spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout).toContain('NOAUTH');
    // The shell became redis-server, so that a signal reaches it, and its command line tells no password.
    const told = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    expect(told).toContain('redis-server');
    expect(told).not.toContain(PASSWORD);

    // A secret is mounted anew while Redis runs with what it was started with: it must not be ended for that.
    writeFileSync(join(folder, secret), 'another-password');
    expect(isHealthy()).toBe(true);
  },
);
