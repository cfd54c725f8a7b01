/**
 * A database server as a child of the tests: where its programs are, which user it runs as, and that it ends when its
 * parent does, however that ends. What is special about one product is in postgres-server.ts and mariadb-server.ts.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const LINES_KEPT_OF_A_FAILURE = 30;
/** A server that does not end by its signal in this time gets SIGKILL. */
const END_WITHIN_MS = 10_000;

/**
 * Standard input is the life line: when its other end is closed, by disposal or because the kernel closed what a killed
 * parent had open, the server gets the signal and its folder goes. A server that ends by itself leaves its folder for a
 * second start. A shell that reports "Killed" to a parent who is dead would die of SIGPIPE before it has removed anything.
 */
const LIFE_LINE = `
trap '' PIPE
folder=$1 signal=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo $server
{ cat <&3 >/dev/null; : >"$folder/over"; kill -s "$signal" $server; } 2>/dev/null &
watcher=$!
wait $server
code=$?
if [ -e "$folder/over" ]; then rm -rf "$folder"; else kill $watcher; fi 2>/dev/null
exit $code
`;

/** Of a process; empty for our own. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Place extends Identity {
  /** A new temporary one that belongs to the server's user. */
  readonly folder: string;
}

export interface PreparedServer {
  /** With user and password of an administrator. */
  readonly url: string;
  readonly port: number;
  /** What `tls: verify` has to be given, as PEM. */
  readonly ca: string;
  readonly program: string;
  readonly args: readonly string[];
  /** A line of its standard error with this in it: it takes connections. */
  readonly readyWhen: string;
  /** Ends it at once and without a trace outside its folder; its data survive. */
  readonly signal: 'SIGQUIT' | 'SIGKILL';
}

export interface ServerPlan {
  /** For the name of its folder. */
  readonly name: string;
  /** Whom it runs as where we are root: the first of these that there is. */
  readonly users: readonly string[];
  readonly prepare: (place: Place) => Promise<PreparedServer>;
}

/** A server with a folder, a port and a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly ca: string;
  readonly #place: Place;
  readonly #prepared: PreparedServer;
  #running: { readonly child: ChildProcess; readonly pid: number; readonly exited: Promise<unknown> } | null = null;

  private constructor(place: Place, prepared: PreparedServer) {
    this.url = prepared.url;
    this.port = prepared.port;
    this.ca = prepared.ca;
    this.#place = place;
    this.#prepared = prepared;
  }

  static async start({ name, users, prepare }: ServerPlan): Promise<ServerProcess> {
    const identity = serverIdentity(users);
    const folder = await mkdtemp(join(tmpdir(), `parqueue-${name}-`));
    try {
      const { uid, gid } = identity;
      if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
      const place = { ...identity, folder };
      const server = new ServerProcess(place, await prepare(place));
      await server.start();
      return server;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get folder(): string {
    return this.#place.folder;
  }

  /** Null while it is down. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /** For the first time, or again with the data it had. */
  async start(): Promise<void> {
    const { program, args, readyWhen, signal } = this.#prepared;
    const { folder, ...identity } = this.#place;
    // A session of its own: Ctrl-C is for the tests, which then dispose of the server in good order.
    const child = spawn('sh', ['-c', LIFE_LINE, 'sh', folder, signal.slice(3), program, ...args], {
      ...identity,
      cwd: folder,
      env: environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const exited = once(child, 'exit').finally(() => child.stdin.destroy());
    const said: string[] = [];
    const ready = new Promise<void>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.push(...text.split('\n').filter((line) => line !== ''));
        if (said.some((line) => line.includes(readyWhen))) resolve();
        said.splice(0, said.length - LINES_KEPT_OF_A_FAILURE);
      });
    });
    const ended = exited.then(() => {
      throw new Error(`${program} ended at once:\n${said.join('\n')}`);
    });
    const [pid] = await Promise.race([Promise.all([once(child.stdout.setEncoding('utf8'), 'data'), ready]), ended]);
    ended.catch(() => undefined);
    // What keeps the server alive need not keep the tests alive.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket).unref();
    this.#running = { child, pid: Number.parseInt(String(pid[0]), 10), exited };
  }

  /** Ends it as a crash does. Its data and its address stay. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null || running.child.exitCode !== null) return;
    process.kill(running.pid, this.#prepared.signal);
    await running.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running !== null) {
      const late = setTimeout(() => process.kill(running.pid, 'SIGKILL'), END_WITHIN_MS);
      running.child.stdin?.end();
      await running.exited;
      clearTimeout(late);
    }
    await rm(this.#place.folder, { recursive: true, force: true });
  }
}

/** No database should run as root, and PostgreSQL refuses to. */
function serverIdentity(users: readonly string[]): Identity {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const user of users) {
    const [, , uid, gid] = accounts.find(([name]) => name === user) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`a server is not started as root, and there is no user ${users.join(' or ')}`);
}

/**
 * The path of a program: in `folders`, where a `*` stands for a version, the newest first, or on PATH.
 * @returns null where there is none
 */
export function findProgram(name: string, folders: readonly string[]): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [...folders.flatMap(expanded), ...onPath]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

function expanded(folder: string): readonly string[] {
  const [before = '', after] = folder.split('*');
  if (after === undefined) return [folder];
  const parent = dirname(`${before}*`);
  const prefix = before.slice(parent.length + 1);
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => `${before}${version}${after}`);
}

/** Runs a program to its end, as the server's user. */
export async function runTool(program: string, args: readonly string[], place: Place): Promise<void> {
  const { folder, ...identity } = place;
  try {
    await promisify(execFile)(program, args, { ...identity, cwd: folder, env: environment() });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} failed:\n${`${stdout}${stderr}`.trim()}`, { cause: error });
  }
}

/** Nothing of the developer's settings (PGHOST, PGDATA …) and one language. */
function environment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

export function hasOpenssl(): boolean {
  return findProgram('openssl', []) !== null;
}

export interface Certificate {
  /** PEM file. */
  readonly certificate: string;
  readonly key: string;
  /** The certificate itself: who trusts it trusts the server. */
  readonly ca: string;
}

/** A certificate for `localhost` and 127.0.0.1 that signs itself, there. */
export async function throwAwayCertificate(place: Place): Promise<Certificate> {
  const { folder } = place;
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate, '-days', '7'];
  await runTool('openssl', ['req', '-x509', ...curve, ...subject, ...files], place);
  return { certificate, key, ca: readFileSync(certificate, 'utf8') };
}
