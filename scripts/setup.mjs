/**
 * Brings a bare clone to the point where anything can run: Node's version, packages, build, a Redis; for the tests also
 * the programs of PostgreSQL and MariaDB. Uses nothing but Node's own modules, because nothing else is there yet, and
 * only syntax that Node 14 can parse, so that the message about its age can be printed. Each step is skipped when its
 * result is already there.
 *
 * Never asks for rights it was not given: packages of the system are installed only where we are root on a
 * Debian-like machine (the fresh container); everybody else is told the command.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_AT_LEAST = [20, 19];
const REDIS_NAMES = ['redis-server', 'valkey-server'];
/** A step that takes longer than this says so, and again every time it passes. */
const STILL_RUNNING_MS = 10_000;
const LINES_KEPT_OF_A_FAILURE = 60;

export class SetupError extends Error {}

/** @param {{ build?: boolean, redis?: boolean, databases?: boolean }} [wanted] databases: what only tests need */
export async function setUp({ build = true, redis = true, databases = false } = {}) {
  checkNode();
  await installPackages();
  if (build) await buildAll();
  if (redis) await provideRedis();
  if (databases) await provideDatabases();
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = NODE_AT_LEAST;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new SetupError(
    `Node ${version} is too old: Parqueue needs ${wantedMajor}.${wantedMinor} or newer. `
      + 'Install one from https://nodejs.org (or `nvm install 22`) and run this again.',
  );
}

/** `npm ci`, unless what stands in node_modules is what package-lock.json says. */
async function installPackages() {
  const stamp = join(root, 'node_modules', '.parqueue-setup');
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
  if (readOr(stamp, '') === wanted) return;
  if (!installedMatches(JSON.parse(lock.toString('utf8')))) {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await step('installing packages (npm ci)', npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  writeFileSync(stamp, wanted);
}

/**
 * npm notes what it installed in node_modules/.package-lock.json. Somebody who ran `npm install` needs no second one.
 * Packages for other platforms are optional and may be absent.
 */
function installedMatches(lock) {
  const hidden = readOr(join(root, 'node_modules', '.package-lock.json'), null);
  if (hidden === null) return false;
  const installed = JSON.parse(hidden).packages ?? {};
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes('node_modules/') && entry.optional !== true && entry.link !== true)
    .every(([path, entry]) => installed[path]?.version === entry.version && existsSync(join(root, path)));
}

/** turbo rebuilds only what changed. Where it cannot run, or fails, its commands are run one by one. */
async function buildAll() {
  const bin = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
  const turbo = ['run', 'build', '--output-logs=errors-only', '--log-order=grouped'];
  if (existsSync(bin('turbo'))) {
    try {
      await step('building', bin('turbo'), turbo, { quietUnlessSlow: true });
      return;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  }
  await step('building (tsc -b)', bin('tsc'), ['-b']);
  await step('building the page (vite build)', bin('vite'), ['build', 'apps/explorer']);
}

/** First rung of the ladder is REDIS_URL; `parqueue up` climbs down the rest by itself, so nothing here is fatal. */
async function provideRedis() {
  if ((process.env.REDIS_URL ?? '') !== '') return;
  if (redisOnPath() !== null) return;
  if (mayInstall()) {
    try {
      await aptInstall('Redis', ['redis-server']);
      return;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.error(`${error.message}\nRedis could not be installed; going on without.`);
    }
  }
  console.log(`• no redis-server on PATH. For data that survives a restart: ${installCommand()}`);
}

/** Path of a Redis server program, or null. */
export function redisOnPath() {
  return REDIS_NAMES.map(onPath).find((path) => path !== null) ?? null;
}

export function installCommand(platform = process.platform) {
  if (platform === 'darwin') return 'brew install redis';
  if (existsSync('/etc/debian_version')) return 'sudo apt-get install redis-server';
  if (existsSync('/etc/redhat-release')) return 'sudo dnf install redis';
  if (existsSync('/etc/alpine-release')) return 'apk add redis';
  return 'install Redis 6.2 or newer, or set REDIS_URL to one that runs';
}

/**
 * The packages that hold the servers' programs. Debian's `mariadb-server` would add a service, its user and its data,
 * none of which the tests use: they start servers of their own (packages/core/src/testing/postgres-server.ts).
 */
const DATABASES = [
  {
    title: 'PostgreSQL',
    variable: 'PG_URL',
    debian: ['postgresql', 'openssl'],
    redhat: ['postgresql-server', 'postgresql-contrib', 'openssl'],
    alpine: ['postgresql', 'postgresql-contrib', 'openssl'],
    brew: ['postgresql'],
  },
  {
    title: 'MariaDB',
    variable: 'MYSQL_URL',
    debian: ['mariadb-server-core', 'mariadb-client-core', 'openssl'],
    redhat: ['mariadb-server', 'openssl'],
    alpine: ['mariadb', 'openssl'],
    brew: ['mariadb'],
  },
];

/** What is neither installed nor named by a variable is installed where we may; `missingDatabases` tells what is left. */
async function provideDatabases() {
  const missing = await missingDatabases();
  if (missing.length === 0 || !mayInstall()) return;
  const wanted = [...new Set(missing.flatMap(({ debian }) => debian))];
  try {
    await withoutMainCluster(() => aptInstall(missing.map(({ title }) => title).join(' and '), wanted));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
  }
}

/** The databases that the suite runs on and cannot have: not installed, and no variable names a server. */
export async function missingDatabases() {
  const servers = await import(pathToFileURL(join(root, 'packages/core/dist/testing/servers.js')).href);
  const installed = { __proto__: null, PostgreSQL: servers.hasPostgres(), MariaDB: servers.hasMariadb() };
  return DATABASES.filter(({ title, variable }) => (process.env[variable] || '') === '' && !installed[title]);
}

/** For somebody who has to do it by hand. */
export function databaseCommand(missing, platform = process.platform) {
  const packages = (of) => [...new Set(missing.flatMap((database) => database[of]))].join(' ');
  if (platform === 'darwin') return `brew install ${packages('brew')}`;
  if (existsSync('/etc/debian_version')) return `sudo apt-get install ${packages('debian')}`;
  if (existsSync('/etc/redhat-release')) return `sudo dnf install ${packages('redhat')}`;
  if (existsSync('/etc/alpine-release')) return `apk add ${packages('alpine')}`;
  return `install ${missing.map(({ title }) => title).join(' and ')}`;
}

/** Debian's package makes and starts a cluster when it is installed first, unless told not to: this is how it is told. */
async function withoutMainCluster(install) {
  const folder = '/etc/postgresql-common/createcluster.d';
  const setting = join(folder, 'parqueue.conf');
  mkdirSync(folder, { recursive: true });
  writeFileSync(setting, 'create_main_cluster = false\n');
  try {
    await install();
  } finally {
    rmSync(setting, { force: true });
  }
}

export function mayInstall() {
  return isRoot() && existsSync('/etc/debian_version') && onPath('apt-get') !== null;
}

export async function aptInstall(title, packages) {
  // RUNLEVEL=1: install the programs, start no service of them.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  await step('updating the package list (apt-get update)', 'apt-get', ['update', '-q'], { env });
  await step(`installing ${title} (apt-get install ${packages.join(' ')})`, 'apt-get', install, { env });
}

/** Path of a program, or null. */
export function onPath(name) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

function isRoot() {
  return typeof process.getuid === 'function' && process.getuid() === 0;
}

function readOr(path, otherwise) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/**
 * Runs one command with its output kept back; shown when it fails. A line when it starts, one when it is done, and
 * one now and then in between, so that a slow network does not look like a hang.
 */
export function step(title, command, args, { env = process.env, quietUnlessSlow = false } = {}) {
  const began = Date.now();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  const output = [];
  let announced = !quietUnlessSlow;
  if (announced) console.log(`• ${title} …`);
  const announce = setTimeout(() => {
    if (!announced) console.log(`• ${title} …`);
    announced = true;
  }, 1_500);
  const ticker = setInterval(() => console.log(`  still ${title}: ${seconds()}`), STILL_RUNNING_MS);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      env: { ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    });
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    const settle = (failure) => {
      clearTimeout(announce);
      clearInterval(ticker);
      if (failure === null) {
        if (announced) console.log(`  done in ${seconds()}`);
        resolve();
        return;
      }
      const tail = Buffer.concat(output)
        .toString('utf8')
        .trimEnd()
        .split('\n')
        .slice(-LINES_KEPT_OF_A_FAILURE)
        .join('\n');
      reject(
        new SetupError(`${tail}\n${title} failed: ${failure}. By hand: ${command.split('/').pop()} ${args.join(' ')}`),
      );
    };
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) => settle(code === 0 ? null : `exit ${code ?? signal}`));
  });
}

export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

if (isMain(import.meta.url)) {
  try {
    await setUp();
    console.log('set up. Next: npm run demo, npm start, npm test');
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
