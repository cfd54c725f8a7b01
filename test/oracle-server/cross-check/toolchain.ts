/**
 * The clients of the cross-check, fetched when the tests run and kept in `var/` between runs: python-oracledb in a
 * folder of its own, the JDBC thin driver through Maven. Where one cannot be had, the reason is told instead;
 * nothing here waits longer than its time-out.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Toolchain {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type Availability =
  | { readonly kind: 'available'; readonly toolchain: Toolchain }
  | { readonly kind: 'missing'; readonly reason: string };

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../var/cross-check/', import.meta.url));
const DOWNLOAD_MS = 90_000;
const LOCAL_MS = 60_000;

class Failed extends Error {}

export async function python(): Promise<Availability> {
  return available(async () => {
    await run('python3', ['-m', 'pip', '--version'], { ms: LOCAL_MS, otherwise: 'python3 with pip is missing' });
    const requirements = join(HERE, 'requirements.txt');
    // A folder of its own is as private as a virtual environment, and made in a tenth of the time.
    const packages = await prepared('python', [requirements], async (folder) => {
      const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', '-r', requirements];
      const otherwise = 'the Python package index is not reachable, or has not the pinned versions';
      await run('python3', [...pip, '--no-compile', '--target', folder], { ms: DOWNLOAD_MS, otherwise });
    });
    return { command: 'python3', args: ['-B', join(HERE, 'client.py')], env: { PYTHONPATH: packages } };
  });
}

export async function jdbc(): Promise<Availability> {
  return available(async () => {
    await run('javac', ['-version'], { ms: LOCAL_MS, otherwise: 'a Java development kit is missing' });
    await run('mvn', ['--version'], { ms: LOCAL_MS, otherwise: 'mvn is missing' });
    const pom = join(HERE, 'pom.xml');
    const drivers = await prepared('jdbc', [pom], async (folder) => {
      const output = [`-DoutputDirectory=${folder}`, `-Dmaven.repo.local=${join(CACHE, 'maven')}`];
      const goal = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', ...output];
      const otherwise = 'Maven Central is not reachable, or has not the pinned version';
      await run('mvn', goal, { ms: DOWNLOAD_MS, otherwise });
    });
    const sources = ['Client.java', 'Json.java', 'Values.java'].map((name) => join(HERE, name));
    const classes = await prepared('classes', [pom, ...sources], async (folder) => {
      const otherwise = 'the client does not compile';
      await run('javac', ['-cp', `${drivers}/*`, '-d', folder, ...sources], { ms: LOCAL_MS, otherwise }, true);
    });
    return { command: 'java', args: ['-Duser.timezone=UTC', '-cp', `${classes}:${drivers}/*`, 'Client'], env: {} };
  });
}

async function available(toolchain: () => Promise<Toolchain>): Promise<Availability> {
  try {
    return { kind: 'available', toolchain: await toolchain() };
  } catch (error) {
    if (error instanceof Failed) return { kind: 'missing', reason: error.message };
    throw error;
  }
}

/** A folder made from these files, made again when one of them changes. What fails or is cut off leaves nothing. */
async function prepared(
  name: string,
  from: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of from) hash.update(await readFile(file));
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const done = join(folder, '.done');
  if (existsSync(done)) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await make(folder);
    await writeFile(`${done}-part`, '');
    await rename(`${done}-part`, done);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

interface Limits {
  readonly ms: number;
  readonly otherwise: string;
}

/**
 * Killed with all that it started when it takes too long: half a download must not go on behind the next try.
 *
 * @param isOurs a failure is a mistake of this repository, not of the machine, and is thrown as it is
 */
async function run(command: string, args: readonly string[], { ms, otherwise }: Limits, isOurs = false): Promise<void> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told = (told + chunk.toString()).slice(-4000);
  });
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), ms);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  clearTimeout(timer);
  if (code === 0) return;
  throw isOurs ? new Error(`${otherwise}\n${told}`) : new Failed(otherwise);
}
