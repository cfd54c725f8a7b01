/**
 * What a user of the packages gets: that every export leads to a file, that the file is in the tarball, that nothing in
 * it needs what is not declared, and that what is declared is pinned, one of its kind and freely usable.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  readPackageJson,
  readSourceGraph,
  readWorkspaces,
  REPOSITORY,
  type Workspace,
} from './fixtures/source-graph.ts';

const workspaces = readWorkspaces();
const graph = readSourceGraph();

let packedFiles: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  packedFiles = tarballs();
});

describe.each(workspaces.map((workspace) => [workspace.name, workspace] as const))('%s', (_name, workspace) => {
  const { folder, manifest } = workspace;

  test('exports lead to files that are there, under every condition', () => {
    expect(existsSync(join(REPOSITORY, folder, 'dist')), 'nothing is built: run `npm run build`').toBe(true);
    const missing = targets(workspace).filter((path) => !existsSync(join(REPOSITORY, folder, path)));
    expect(missing).toEqual([]);
  });

  test('exports offer sources first and the built file last', () => {
    for (const target of Object.values(manifest.exports ?? {})) {
      expect(Object.keys(target)).toEqual(['source', 'types', 'default']);
    }
  });

  test('the tarball holds what exports and scripts need, and no test', () => {
    const packed = packedFiles.get(manifest.name) ?? [];
    expect(packed).toEqual(expect.arrayContaining(targets(workspace).map((path) => path.replace(/^\.\//, ''))));
    expect(packed.filter((path) => /\.test\.|tsbuildinfo|\.log$/.test(path))).toEqual([]);
    expect(packed.filter((path) => path.endsWith('.lua')).toSorted()).toEqual(luaOf(folder));
  });

  test('declares the packages its sources load, and no others', () => {
    const imported = importedPackages(workspace);
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(
      imported.filter((name) => !declared.includes(name)),
      'imported, not declared',
    ).toEqual([]);
    expect(
      declared.filter((name) => !imported.includes(name)),
      'declared, not imported',
    ).toEqual([]);
  });

  test('is MIT and pins what it depends on', () => {
    expect(manifest.license).toBe('MIT');
    expect(floating({ ...manifest.dependencies, ...manifest.devDependencies })).toEqual([]);
  });
});

describe('the lock file', () => {
  const packages = Object.entries(lockedPackages()).filter(([path]) => path.includes('node_modules/'));

  test('has one ioredis: two would each keep their own idea of a connection', () => {
    const versions = packages
      .filter(([path]) => path.endsWith('node_modules/ioredis'))
      .map(([, { version }]) => version);
    expect([...new Set(versions)]).toHaveLength(1);
  });

  test('holds only freely usable licences in what is shipped', () => {
    const free =
      /^\(?((MIT|MIT-0|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|UPL-1\.0|Python-2\.0)( OR | AND )?)+\)?$/;
    const bound = packages
      .filter(([, { dev, link, devOptional }]) => dev !== true && devOptional !== true && link !== true)
      .filter(([, { license }]) => !free.test(license ?? 'none'))
      .map(([path, { license }]) => `${path}: ${license ?? 'none'}`);
    expect(bound).toEqual([]);
  });

  test('knows the packages of every platform: `npm ci` refuses one that is missing, wherever it runs', () => {
    const locked = packages.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    const wanted = packages.flatMap(([, { optionalDependencies }]) => Object.keys(optionalDependencies ?? {}));
    expect(wanted.filter((name) => !locked.includes(name))).toEqual([]);
  });

  test('pins the tools too', () => {
    expect(floating(readPackageJson('package.json').devDependencies ?? {})).toEqual([]);
  });
});

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function lockedPackages(): Readonly<Record<string, LockedPackage>> {
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  return lock.packages;
}

/** Files that exports and bin name, relative to the package. */
function targets({ manifest }: Workspace): readonly string[] {
  const exported = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  const bin = typeof manifest.bin === 'string' ? [manifest.bin] : Object.values(manifest.bin ?? {});
  return [...exported, ...bin];
}

/** The files of each package's tarball, by its name: npm starts once for all of them. */
function tarballs(): ReadonlyMap<string, readonly string[]> {
  const flags = ['--dry-run', '--json', '--ignore-scripts', '--loglevel=error', '--workspaces'];
  const output = execFileSync('npm', ['pack', ...flags], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // npm up to 11 prints a list of tarballs, later ones an object by package name.
  const packed = Object.values(JSON.parse(output) as Record<string, { name: string; files: { path: string }[] }>);
  return new Map(packed.map(({ name, files }) => [name, files.map(({ path }) => path)]));
}

function luaOf(folder: string): readonly string[] {
  const lua = join(REPOSITORY, folder, 'lua');
  if (!existsSync(lua)) return [];
  return readdirSync(lua)
    .map((name) => `lua/${name}`)
    .toSorted();
}

/**
 * The packages imported, types included, by all that exports and entry files reach within the package. What is for
 * tests is left out: whoever runs it has brought a test runner.
 */
function importedPackages({ folder, name, manifest }: Workspace): readonly string[] {
  const exported = Object.entries(manifest.exports ?? {})
    .filter(([subpath]) => !subpath.startsWith('./testing'))
    .map(([, target]) => (typeof target === 'string' ? target : (target['source'] ?? '')));
  const entries = [...graph.keys()].filter((path) => /\/main\.ts$|\.(thread|child)\.ts$/.test(path));
  const queue = [...exported.map((path) => posix.join(folder, path)), ...entries].filter((path) =>
    path.startsWith(`${folder}/`),
  );
  const reached = new Set<string>(queue);
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const { to } of graph.get(path)?.imports ?? []) {
      if (!reached.has(to) && to.startsWith(`${folder}/`)) queue.push(to);
      reached.add(to);
    }
  }
  // A package whose files are served is not imported: it is found by its manifest.
  const found = [...reached]
    .filter((path) => path.startsWith(`${folder}/`))
    .flatMap((path) => [
      ...readFileSync(join(REPOSITORY, path), 'utf8').matchAll(/resolve\('([^']+)\/package\.json'\)/g),
    ])
    .map(([, located]) => located ?? '');
  const names = [...found, ...[...reached].map((to) => workspaceOf(to) ?? to)];
  const bare = names.filter((to) => to !== name && !to.startsWith('node:') && !builtinModules.includes(to));
  return [...new Set(bare)].toSorted();
}

/** The name of the workspace a repository path lies in; null where `to` is a package's name already. */
function workspaceOf(to: string): string | null {
  return workspaces.find(({ folder }) => to.startsWith(`${folder}/`))?.name ?? null;
}

function floating(dependencies: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(dependencies)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name}@${version}`);
}
