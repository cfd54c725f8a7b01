/** The machine that figures are of: what it is, and how busy it was before anything was measured. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type as system } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  /** `AMD EPYC, 2 cores, 8 GB, Linux 6.1.0`. */
  readonly hardware: string;
  /** Type of the file system that the scratch folders are on: `ext4`. */
  readonly filesystem: string;
  readonly node: string;
  /** Programs and packages that sections compare with or need, by name, with their versions. */
  readonly versions: Readonly<Record<string, string>>;
}

const GB = 1e9;
/** Packages of the benchmark's peers and floors; those that are not installed are left out. */
const PACKAGES = ['@duckdb/node-api', 'nodejs-polars', 'oracledb', 'pg', 'mysql2', 'parquet-wasm', 'fastify', 'bullmq'];
/** How each tells its version. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'redis-server': ['--version'],
  nginx: ['-v'],
  mariadbd: ['--version'],
};

/** @param programs paths of those that are not on PATH */
export function describeMachine(scratch: string, programs: Readonly<Record<string, string | null>>): Machine {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / GB)} GB`;
  const cores = availableParallelism();
  const packages = PACKAGES.flatMap((name) => entryOf(name, packageVersion(name)));
  const found = Object.entries(PROGRAMS).flatMap(([name, args]) =>
    entryOf(name, programVersion(programs[name] ?? name, args)),
  );
  return {
    hardware: `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memory}, ${system()} ${release()}`,
    filesystem: filesystemIn(readOr('/proc/self/mountinfo'), scratch),
    node: process.versions.node,
    versions: Object.fromEntries([...packages, ...found]),
  };
}

/** In one line, for documents. */
export function machineLine({ hardware, filesystem, node }: Machine): string {
  return `${hardware}, scratch on ${filesystem}, Node ${node}`;
}

function entryOf(name: string, version: string | null): readonly (readonly [string, string])[] {
  return version === null ? [] : [[name, version]];
}

function packageVersion(name: string): string | null {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    const text = readOr(join(folder, name, 'package.json'));
    if (text !== '') return (JSON.parse(text) as { version: string }).version;
  }
  return null;
}

function programVersion(program: string, args: readonly string[]): string | null {
  try {
    // nginx tells it on the standard error.
    const text = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', program, ...args], { encoding: 'utf8' });
    return versionIn(text);
  } catch {
    return null;
  }
}

/** The first number with dots in what a program says of itself. */
export function versionIn(text: string): string | null {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? null;
}

/**
 * The type of the file system that a path is on: of the longest mount point above it, the one mounted last.
 * @param mountinfo /proc/self/mountinfo; empty where there is none
 */
export function filesystemIn(mountinfo: string, path: string): string {
  let best = { point: '', type: 'unknown file system' };
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const point = front.split(' ')[4]?.replaceAll(/\\(\d{3})/g, (_, octal: string) => fromOctal(octal));
    const type = back.split(' ')[0];
    if (point === undefined || type === undefined || type === '') continue;
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    if (isAbove && point.length >= best.point.length) best = { point, type };
  }
  return best.type;
}

function fromOctal(digits: string): string {
  return String.fromCodePoint(Number.parseInt(digits, 8));
}

const SAMPLE_MS = 500;

/** Which share of the processors was busy in the last half second (0 to 1), while this process did nothing. */
export async function busyShare(): Promise<number> {
  const before = times();
  await sleep(SAMPLE_MS);
  const after = times();
  const passed = after.total - before.total;
  return passed === 0 ? 0 : 1 - (after.idle - before.idle) / passed;
}

function times(): { readonly idle: number; readonly total: number } {
  let [idle, total] = [0, 0];
  for (const { times: own } of cpus()) {
    idle += own.idle;
    total += own.user + own.nice + own.sys + own.irq + own.idle;
  }
  return { idle, total };
}

/** Above this share, what is measured is measured beside other work. */
export const BUSY_ABOVE = 0.15;

/** null: the machine has nothing else to do. */
export function busyWarning(busy: number, loadOf1Minute: number = loadavg()[0] ?? 0): string | null {
  if (busy <= BUSY_ABOVE) return null;
  return `The machine is busy: ${Math.round(busy * 100)} % of its processors, load ${loadOf1Minute.toFixed(1)}. Times will be too long; ratios within a round suffer less.`;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
