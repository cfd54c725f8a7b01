/**
 * What may import what. Imports go one way: model ← ports ← use cases ← apps, and model, ports, libraries ← adapters ←
 * composition roots. Drivers are heavy and some hold credentials; the table says where each may be loaded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadedBy, readSourceGraph, REPOSITORY, type SourceFile } from './fixtures/source-graph.ts';

/** First match wins. A file that matches nothing has no place in the architecture, and the test says so. */
const LAYERS: readonly (readonly [RegExp, string])[] = [
  [/^packages\/core\/src\/(model|ports|config|sql|parquet|redis|store|telemetry|testing|in-process)\//, '$1'],
  [/^packages\/core\/src\/sources\/([a-z]+)\//, 'source-$1'],
  [/^packages\/core\/src\/index\.ts$/, 'core'],
  [/^packages\/core\/src\/[a-z-]+(?:\.test)?\.ts$/, 'use-case'],
  [/^packages\/client\/src\/cached\//, 'cached'],
  [/^packages\/(client|cli)\//, '$1'],
  [/^apps\/worker\/src\/thread\//, 'thread'],
  [/^apps\/explorer\/src\/page\/testing\//, 'testing'],
  [/^apps\/explorer\/src\/page\//, 'page'],
  [/^apps\/(api|worker|explorer)\//, '$1'],
];

const SOURCES = ['source-file', 'source-oracle', 'source-postgres', 'source-mysql', 'source-wrapped'];
const LIBRARIES = ['sql', 'parquet'];

/** Layer → the other layers it may import. Importing within one's own layer is always allowed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  ports: ['model'],
  'use-case': ['model', 'ports'],
  core: ['model', 'ports', 'use-case'],
  config: ['model', 'ports', 'sql'],
  sql: ['model', 'ports'],
  parquet: ['model', 'ports'],
  redis: ['model', 'ports', ...LIBRARIES],
  store: ['model', 'ports', ...LIBRARIES],
  telemetry: ['model', 'ports'],
  'source-sql': ['model', 'ports', ...LIBRARIES],
  ...Object.fromEntries(SOURCES.map((source) => [source, ['model', 'ports', ...LIBRARIES, 'source-sql']])),
  // Wrapped functions run in their application: a worker and an API at once, without their queues and servers.
  'in-process': ['model', 'ports', 'use-case', 'config', 'redis', 'store', 'source-wrapped'],
  cached: ['client', 'in-process'],
  client: ['cached'],
  api: ['core', 'config', 'redis', 'store', 'parquet', 'telemetry', 'explorer'],
  // What the page knows of the rest is the types of what goes over the wire.
  page: ['client'],
  worker: ['core', 'config', 'redis', 'store', 'telemetry', 'thread'],
  thread: ['core', 'config', 'store', 'parquet', ...SOURCES],
  cli: ['core', 'config', 'redis', 'store', 'parquet', 'client', 'api', 'worker'],
};

/** Package → the folders whose files may import it. What is not listed is light and free to use. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['packages/core/src/sources/file/'],
  'parquet-wasm': ['packages/core/src/parquet/', 'packages/core/src/sources/file/'],
  'apache-arrow': ['packages/core/src/parquet/', 'packages/core/src/sources/', 'packages/client/src/'],
  oracledb: ['packages/core/src/sources/oracle/'],
  pg: ['packages/core/src/sources/postgres/'],
  mysql2: ['packages/core/src/sources/mysql/'],
  ioredis: ['packages/core/src/redis/'],
  bullmq: ['packages/core/src/redis/', 'apps/worker/src/'],
  piscina: ['apps/worker/src/thread/', 'apps/api/src/conversions/'],
  fastify: ['apps/api/src/'],
  '@opentelemetry/sdk-trace': ['packages/core/src/telemetry/'],
  '@opentelemetry/exporter-trace-otlp-http': ['packages/core/src/telemetry/'],
  preact: ['apps/explorer/src/page/'],
};

const SOURCE_DRIVERS = ['@duckdb/node-api', 'oracledb', 'pg', 'mysql2'];

const graph = readSourceGraph();
const production = [...graph.values()].filter(({ path }) => !path.endsWith('.test.ts') && layerOf(path) !== 'testing');

describe('imports', () => {
  test('every file has a place in the architecture', () => {
    expect([...graph.keys()].filter((path) => layerOf(path) === null)).toEqual([]);
  });

  test('go one way between layers', () => {
    const wrong = production.flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => graph.has(to) && !mayImport(layerOf(path), layerOf(to)))
        .map(({ to }) => `${path} (${layerOf(path)}) → ${to} (${layerOf(to)})`),
    );
    expect(wrong).toEqual([]);
  });

  test('meet only files that exist', () => {
    const missing = [...graph.values()].flatMap(({ path, imports }) =>
      imports.filter(({ to }) => /\.tsx?$/.test(to) && !graph.has(to)).map(({ to }) => `${path} → ${to}`),
    );
    expect(missing).toEqual([]);
  });

  test('are free of cycles, those of types included', () => {
    expect(findCycle([...graph.values()])).toBeNull();
  });

  test('of drivers happen only in their adapters', () => {
    const wrong = production.flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => DRIVERS[to]?.some((folder) => path.startsWith(folder)) === false)
        .map(({ to }) => `${path} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('of production files never reach tests', () => {
    const wrong = production
      .filter(({ path }) => layerOf(path) !== 'cli')
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ to }) => /\.test\.ts$|\/testing\/|^vitest$|^fast-check$/.test(to))
          .map(({ to }) => `${path} → ${to}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe('what a process loads', () => {
  test('the API loads no source and no source driver', () => {
    expect(routes('apps/api/src/index.ts', (to) => SOURCE_DRIVERS.includes(to) || to.includes('/sources/'))).toEqual(
      [],
    );
  });

  test("the worker's main thread loads no source driver: those live and die with their threads", () => {
    expect(routes('apps/worker/src/index.ts', (to) => SOURCE_DRIVERS.includes(to))).toEqual([]);
  });

  test('a thread loads nothing that can reach Redis (I10)', () => {
    const entries = [...graph.keys()].filter((path) => path.endsWith('.thread.ts'));
    expect(entries).not.toEqual([]);
    for (const entry of entries) {
      expect(routes(entry, (to) => ['ioredis', 'bullmq'].includes(to) || to.includes('/redis/'))).toEqual([]);
    }
  });

  test("a browser that opens the explorer's page is given nothing but that page and Preact", () => {
    const loaded = loadedBy(graph, 'apps/explorer/src/page/main.tsx');
    const others = [...loaded.keys()].filter((to) => !to.startsWith('apps/explorer/src/page/') && to !== 'preact');
    expect(others).toEqual([]);
  });

  test('servers load OpenTelemetry only when traces are on', () => {
    for (const entry of ['apps/api/src/index.ts', 'apps/worker/src/index.ts', 'packages/cli/src/main.ts']) {
      const loaded = loadedBy(graph, entry, { atOnce: true });
      expect([...loaded.keys()].filter((to) => to.startsWith('@opentelemetry/'))).toEqual([]);
    }
  });

  test('the client loads nothing at all before it is asked for something', () => {
    const loaded = loadedBy(graph, 'packages/client/src/index.ts', { atOnce: true });
    expect([...loaded.keys()].filter((to) => !to.startsWith('packages/client/'))).toEqual([]);
  });
});

describe('the ambient world', () => {
  const touching = (...things: readonly string[]): readonly string[] =>
    production.filter(({ ambient }) => ambient.some((thing) => things.includes(thing))).map(({ path }) => path);

  test('the environment is read by composition roots only', () => {
    const roots = /^packages\/cli\/src\/|\/main\.ts$|\.thread\.ts$/;
    expect(touching('process.env').filter((path) => !roots.test(path))).toEqual([]);
  });

  test('wall time comes from the clock port', () => {
    expect(touching('Date.now', 'new Date').filter((path) => !COMPOSERS.test(path))).toEqual([]);
  });

  test('chance comes from the injected random ids', () => {
    expect(touching('Math.random')).toEqual([]);
    const named = touching('randomUUID', 'randomBytes').filter((path) => !COMPOSERS.test(path) && !CHANCE.test(path));
    expect(named).toEqual([]);
  });
});

describe('files', () => {
  test('stay short enough to be read at one sitting', () => {
    const long = [...graph.values()]
      .filter(({ path }) => !path.includes('/generated/'))
      .filter(({ path, lines }) => lines > (production.some((file) => file.path === path) ? 350 : 500))
      .map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  test('begin with what they own', () => {
    const silent = production
      .filter(
        ({ path }) =>
          !readFileSync(join(REPOSITORY, path), 'utf8')
            .replace(/^#!.*\n/, '')
            .startsWith('/**'),
      )
      .map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test('tell nothing of the machine they were written on', () => {
    const found = trackedTextFiles().flatMap((path) => {
      const text = readFileSync(join(REPOSITORY, path), 'utf8');
      return FORBIDDEN.filter((pattern) => pattern.test(text)).map((pattern) => `${path}: ${pattern.source}`);
    });
    expect(found).toEqual([]);
  });
});

/** Where the outside world is let in: what composes a process out of its parts. Everything else is handed a Clock and a RandomId. */
const COMPOSERS =
  /^packages\/cli\/src\/|^packages\/client\/src\/ambient\.ts$|^packages\/core\/src\/in-process\/open\.ts$|\/main\.ts$|\.thread\.ts$|^apps\/(api|worker)\/src\/(api|server|worker)\.ts$|^apps\/explorer\/src\/page\/clock\.ts$/;

/** The store names itself once in its life, and its temporary files; a seed that repeated those names would be a fault. */
const CHANCE = /^packages\/core\/src\/store\/open-store\.ts$/;

/** Assembled from halves so that this file does not match itself. */
const FORBIDDEN: readonly RegExp[] = [
  ['(^|[^\\w.])/wo', 'rk/'],
  ['(^|[^\\w.])/ro', 'ot/'],
  ['/ho', 'me/[a-z]'],
  ['/Use', 'rs/[a-z]'],
  ['\\.\\./sha', 'red\\b'],
  ['"resol', 'ved": *"http'],
  ['registry\\s*=\\s*ht', 'tp'],
  ['BEGIN [A-Z ]*PRIV', 'ATE KEY'],
].map((halves) => new RegExp(halves.join(''), 'm'));

function trackedTextFiles(): readonly string[] {
  return execFileSync('git', ['ls-files', '-z'], { cwd: REPOSITORY, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && !/\.(parquet|arrow|png|gz)$/.test(path) && existsSync(join(REPOSITORY, path)));
}

function layerOf(path: string): string | null {
  const match = LAYERS.find(([pattern]) => pattern.test(path));
  if (match === undefined) return null;
  const [pattern, name] = match;
  return name.replace('$1', pattern.exec(path)?.[1] ?? '');
}

function mayImport(from: string | null, to: string | null): boolean {
  return from !== null && to !== null && (from === to || MAY_IMPORT[from]?.includes(to) === true);
}

/** How `entry` reaches what it must not: one readable route per offence. */
function routes(entry: string, offends: (to: string) => boolean): readonly string[] {
  return [...loadedBy(graph, entry)].filter(([to]) => offends(to)).map(([, route]) => route.join(' → '));
}

/** Depth first; a file met while it is still open closes a cycle. */
function findCycle(files: readonly SourceFile[]): string | null {
  const done = new Set<string>();
  const visit = (path: string, open: readonly string[]): string | null => {
    if (open.includes(path)) return [...open.slice(open.indexOf(path)), path].join(' → ');
    if (done.has(path)) return null;
    for (const { to } of graph.get(path)?.imports ?? []) {
      const cycle = graph.has(to) ? visit(to, [...open, path]) : null;
      if (cycle !== null) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
