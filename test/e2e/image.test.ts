/**
 * The image, as far as it can be proven without a container engine: the steps of infra/docker/Dockerfile are run as they
 * stand, in folders, on what .dockerignore leaves of this checkout; what comes out is looked at, and runs with its own
 * entry point, commands, environment and health checks, as a user without rights, on a tree that nobody may write.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Keyword } from 'dockerfile-ast';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RedisServer } from '../faults/redis-server.ts';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import {
  buildStage,
  contextFiles,
  environmentOf,
  filesBelow,
  instructionsOf,
  readRecipe,
  sentToAnEngine,
  wordsOf,
} from '../infra/image-recipe.ts';
import { ParqueueProcess } from '../infra/parqueue-process.ts';

const recipe = readRecipe();
const ROLES = ['api', 'worker'] as const;
type Role = (typeof ROLES)[number];
/** Nobody of this machine, as in a cluster. Who is not root stays who he is. */
const identity = process.getuid?.() === 0 ? { uid: 65532, gid: 65532 } : undefined;
/** Brings the image to some 400 MB with its base; half of it is node and DuckDB. */
const TREE_BYTES_MAX = 360 * 2 ** 20;

const base = mkdtempSync(join(tmpdir(), 'parqueue-image-'));
let root = '';

beforeAll(() => {
  chmodSync(base, 0o755);
  root = buildStage(recipe, 'api', join(base, 'stages'));
  sealed(root);
}, 600_000);

afterAll(() => {
  execFileSync('chmod', ['-R', 'u+w', base]);
  rmSync(base, { recursive: true, force: true });
});

/** Nobody may write below it; everybody may read. */
function sealed(folder: string): void {
  execFileSync('chmod', ['-R', 'a-w,a+rX', folder]);
}

describe('the recipe', () => {
  test('sends an engine the sources and nothing else', () => {
    const files = contextFiles();
    expect(
      files.filter((path) => /node_modules|(^|\/)dist\/|(^|\/)var\/|\.test\.tsx?$|secret|\.env/.test(path)),
    ).toEqual([]);
    expect(files.filter((path) => path.startsWith('docs/') || path.startsWith('.git'))).toEqual([]);
    expect(files).toContain('package-lock.json');
    const leftBehind = [
      'apps/api/.env',
      'packages/cli/.env.local',
      'apps/api/server.key',
      'infra/docker/secrets/api-key',
    ];
    expect(sentToAnEngine(leftBehind)).toEqual([]);
  });

  test.each(ROLES)('%s runs node itself, as a numbered user without rights, in UTC', (role) => {
    expect(wordsOf(instructionsOf(recipe, role, Keyword.ENTRYPOINT).at(-1))[0]).toBe('node');
    expect(wordsOf(instructionsOf(recipe, role, Keyword.CMD).at(-1))).toEqual([role]);
    expect(instructionsOf(recipe, role, Keyword.USER).at(-1)?.getArgumentsContent()).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(environmentOf(recipe, role)).toMatchObject({ NODE_ENV: 'production', TZ: 'UTC' });
    expect(environmentOf(recipe, role)).not.toHaveProperty('NODE_OPTIONS');
  });

  test('installs exactly the lock file, and lets no package run code', () => {
    const runs = instructionsOf(recipe, 'build', Keyword.RUN).map((run) => run.getArgumentsContent() ?? '');
    const installs = runs.filter((run) => /npm (ci|i|install)\b/.test(run));
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toMatch(/npm ci --ignore-scripts/);
  });
});

describe('what comes out', () => {
  test('has every package at the version of the lock file, and none that is only for development', () => {
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; dev?: boolean; link?: boolean }>;
    };
    const installed = filesBelow(join(root, 'app'))
      .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
      .map((path) => path.slice(0, -'/package.json'.length));
    expect(installed.length).toBeGreaterThan(100);
    const wrong = installed.filter((path) => {
      const { version } = JSON.parse(readFileSync(join(root, 'app', path, 'package.json'), 'utf8')) as {
        version?: string;
      };
      return packages[path]?.version !== version || packages[path]?.dev === true;
    });
    expect(wrong).toEqual([]);
  });

  test('has no source, no test, no tool and no secret, and is not large', () => {
    const files = filesBelow(join(root, 'app'));
    const own = files.filter((path) => !path.includes('node_modules/'));
    expect(own.filter((path) => /\.test\.|(^|\/)src\/|\.env|secret|tsbuildinfo/.test(path))).toEqual([]);
    expect(
      readdirSync(join(root, 'app/node_modules')).filter((name) => /vitest|^vite$|typescript|oxlint|turbo/.test(name)),
    ).toEqual([]);
    const [kilobytes = ''] = execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t');
    expect(Number(kilobytes) * 1024).toBeLessThan(TREE_BYTES_MAX);
  });

  test.skipIf(process.platform !== 'linux')('needs of its base what a glibc with libstdc++ has', () => {
    const native = filesBelow(root)
      .filter((path) => /\.(node|so)$/.test(path) && !/musl|arm64|darwin|win32/.test(path))
      .concat('usr/local/bin/node');
    expect(native.length).toBeGreaterThan(1);
    const needed = native.flatMap((path) => {
      const text = execFileSync('ldd', [join(root, path)], { encoding: 'utf8' });
      return [...text.matchAll(/^\s*(\S+\.so[.\d]*)/gm)].map(([, name]) => basename(name ?? ''));
    });
    const base = /^(linux-vdso|ld-linux-[\w-]+|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|duckdb))\.so/;
    expect([...new Set(needed)].filter((name) => !base.test(name))).toEqual([]);
  });
});

describe('as it runs', () => {
  test('API and worker answer, are found healthy, write nowhere but on their volumes, and end on SIGTERM', async () => {
    const place = stageFolders();
    const redis = await RedisServer.start(join(base, 'redis'));
    const health = (role: Role, url: string): number | null => {
      const [node = '', script = '', ...words] = wordsOf(instructionsOf(recipe, role, Keyword.HEALTHCHECK).at(-1));
      expect([node, words]).toEqual(['node', [role === 'api' ? '8787' : '8788']]);
      return spawnSync(join(root, 'usr/local/bin/node'), [join(root, script), new URL(url).port], identity ?? {})
        .status;
    };
    writeConfig(place, redis.url);
    const api = launch('api', place);
    const worker = launch('worker', place);
    try {
      const urls = { api: await api.ready(), worker: await worker.ready() };
      expect([health('api', urls.api), health('worker', urls.worker)]).toEqual([0, 0]);
      const answer = await fetch(`${urls.api}/v1/datasets/words.csv`);
      expect([answer.status, await answer.text()]).toEqual([200, 'id,word\r\n1,one\r\n2,two\r\n']);
      expect((await fetch(`${urls.api}/`)).status).toBe(200);

      await redis.kill();
      expect([health('api', urls.api), health('worker', urls.worker)]).toEqual([1, 1]);
      await redis.start();
      expect([await worker.end(), await api.end()]).toEqual([0, 0]);
      expect([health('api', urls.api), health('worker', urls.worker)]).toEqual([1, 1]);
    } finally {
      await worker.end('SIGKILL');
      await api.end('SIGKILL');
      await redis.kill();
    }
    // Its volumes: the store, and /tmp with the scratch folder in it, which is empty again.
    expect(readdirSync(place.tmp)).toEqual(['scratch']);
    expect(readdirSync(join(place.tmp, 'scratch'))).toEqual([]);
    expect(readdirSync(place.folder).toSorted()).toEqual(['lake', 'parqueue.yaml', 'store', 'tmp']);
  });

  test.each(ROLES)(
    '%s: SIGTERM while it waits for Redis ends it at once, though nothing would kill process 1',
    async (role) => {
      const place = stageFolders();
      writeConfig(place, 'redis://127.0.0.1:1');
      const server = launch(role, place);
      await server.saying(/waiting for it/);
      expect(await server.end()).toBe(0);
    },
  );
});

interface Place {
  readonly folder: string;
  readonly tmp: string;
}

/** What a cluster mounts: a configuration, a store, files of a source, a place for temporary files. */
function stageFolders(): Place {
  const folder = mkdtempSync(join(base, 'place-'));
  const tmp = join(folder, 'tmp');
  for (const path of [join(folder, 'lake'), join(folder, 'store'), tmp]) {
    mkdirSync(path);
    if (identity !== undefined) chownSync(path, identity.uid, identity.gid);
  }
  writeFileSync(join(folder, 'lake/words.csv'), 'id,word\n1,one\n2,two\n');
  chmodSync(folder, 0o555);
  return { folder, tmp };
}

function writeConfig({ folder }: Place, redisUrl: string): void {
  chmodSync(folder, 0o755);
  const text = `
listen: { port: 0 }
store: { root: ./store }
redis: { url: "${redisUrl}" }
worker: { listen: { port: 0 }, threads: 1, threadMemory: 256MiB, drain: { finish: 5s }, scratch: ./tmp/scratch }
sources: { lake: { kind: file, root: ./lake } }
datasets: { words: { source: lake, path: words.csv } }
`;
  writeFileSync(join(folder, 'parqueue.yaml'), text);
  chmodSync(folder, 0o555);
}

/** With the entry point and the environment of the image, in its working directory. */
function launch(role: Role, { folder, tmp }: Place): ParqueueProcess {
  const [, script = ''] = wordsOf(instructionsOf(recipe, role, Keyword.ENTRYPOINT).at(-1));
  const environment = { ...environmentOf(recipe, role), PATH: join(root, 'usr/local/bin') };
  const command = wordsOf(instructionsOf(recipe, role, Keyword.CMD).at(-1));
  return new ParqueueProcess({
    command: [join(root, 'usr/local/bin/node'), join(root, script), ...command],
    cwd: join(root, 'app'),
    env: { ...environment, HOME: tmp, TMPDIR: tmp, PARQUEUE_CONFIG: join(folder, 'parqueue.yaml') },
    identity,
  });
}
