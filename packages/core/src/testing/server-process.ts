/**
 * A database server as a child of the tests: where its programs are, which user it runs as, and that it ends when its
 * parent does, however that ends. What is special about one product is in postgres-server.ts and mariadb-server.ts.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const LINES_KEPT_OF_A_FAILURE = 30;
/** A server that does not end by its signal in this time gets SIGKILL. */
const END_WITHIN_MS = 10_000;

/**
 * Standard input is the life line: when its other end is closed, by disposal or because the kernel closed what a killed
 * parent had open, the server gets the signal and its folder goes. A server that ends by itself leaves its folder for a
 * second start.
 */
const LIFE_LINE = `
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

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A line of its standard error with this in it: it takes connections. */
  readonly readyWhen: string;
  /** Ends it at once and without a trace outside its folder; its data survive. */
  readonly signal: 'SIGQUIT' | 'SIGKILL';
}

/** A server's own folder and process. */
export class ServerProcess implements AsyncDisposable {
  readonly folder: string;
  readonly identity: Identity;
  readonly #command: ServerCommand;
  #running: { readonly child: ChildProcess; readonly pid: number; readonly exited: Promise<unknown> } | null = null;

  constructor(folder: string, identity: Identity, command: ServerCommand) {
    this.folder = folder;
    this.identity = identity;
    this.#command = command;
  }

  /** For the first time, or again with the data it had. */
  async start(): Promise<void> {
    const { program, args, env, readyWhen, signal } = this.#command;
    // A session of its own: Ctrl-C is for the tests, which then dispose of the server in good order.
    const child = spawn('sh', ['-c', LIFE_LINE, 'sh', this.folder, signal.slice(3), program, ...args], {
      ...this.identity,
      cwd: this.folder,
      env: { ...environment(), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin.on('error', () => undefined);
    const exited = once(child, 'exit').finally(() => child.stdin.destroy());
    const said: string[] = [];
    const pid = await new Promise<number>((resolve, reject) => {
      let started = 0;
      child.stdout.setEncoding('utf8').once('data', (text: string) => (started = Number.parseInt(text, 10)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.push(...text.split('\n').filter((line) => line !== ''));
        said.splice(0, said.length - LINES_KEPT_OF_A_FAILURE);
        if (said.some((line) => line.includes(readyWhen))) resolve(started);
      });
      void exited.then(
        () => reject(new Error(`${program} ended at once:\n${said.join('\n')}`)),
        (error: unknown) => reject(error as Error),
      );
    });
    // What keeps the server alive need not keep the tests alive.
    child.unref();
    this.#running = { child, pid, exited };
  }

  /** Ends it as a crash does. Its data and its address stay. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    process.kill(running.pid, this.#command.signal);
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
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * The user a server runs as: ours, or, since no database should run as root and PostgreSQL refuses to, the first of
 * these that there is.
 */
export function serverIdentity(users: readonly string[]): Identity {
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

/** A new temporary folder that belongs to the server's user. */
export async function serverFolder(name: string, { uid, gid }: Identity): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `parqueue-${name}-`));
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  return folder;
}

/**
 * The path of a program: on PATH, or in `folders`, where a `*` in the last but one place stands for the newest version.
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
  const [parent = '', rest] = folder.split('*');
  if (rest === undefined) return [folder];
  try {
    const versions = readdirSync(parent).toSorted((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(parent, version, rest));
  } catch {
    return [];
  }
}

/** Runs a program to its end, as the server's user. */
export async function runTool(
  program: string,
  args: readonly string[],
  at: { folder: string } & Identity,
): Promise<void> {
  const { folder, ...identity } = at;
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

export interface Certificate {
  /** PEM file. */
  readonly certificate: string;
  readonly key: string;
  /** What a client has to trust, as PEM. */
  readonly ca: string;
}

/** A certificate for `localhost` and 127.0.0.1 that signs itself, in `folder`. */
export async function throwAwayCertificate(folder: string, identity: Identity): Promise<Certificate> {
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', certificate, '-days', '7'];
  await runTool('openssl', ['req', '-x509', ...curve, ...subject, ...files], { folder, ...identity });
  return { certificate, key, ca: readFileSync(certificate, 'utf8') };
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
