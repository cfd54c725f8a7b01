/** The lab as a test holds it: up on real NFS, a Redis in its network, an agent in each client. infra/nfs-lab tells how. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Deeds } from './guest-agent.ts';

const LAB = fileURLToPath(new URL('../../infra/nfs-lab/nfs-lab.sh', import.meta.url));
/** Built output, as production runs it. */
const AGENT = fileURLToPath(new URL('../dist/nfs/guest-agent.js', import.meta.url));
const GATEWAY = fileURLToPath(new URL('../dist/nfs/gateway.js', import.meta.url));
export const REDIS_URL = 'redis://10.77.0.254:6379';
/** Servers in the guests that the test may ask. */
const DOORS = { api: '10.77.0.11:8080', worker: '10.77.0.12:8081' };
const CANNOT_RUN_HERE = 3;
/** A deed on a stalled mount takes as long as the server is away; this is for agents that died. */
const ANSWER_WITHIN_MS = 240_000;

const run = promisify(execFile);

/** Why the lab cannot run on this machine, in one line; null where it can. */
export function whyNoLab(): string | null {
  try {
    execFileSync(LAB, ['check'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (error) {
    const { status, stderr } = error as { status?: number; stderr?: Buffer };
    if (status !== CANNOT_RUN_HERE) throw error;
    return String(stderr).trim().replace('nfs-lab: ', '');
  }
}

export type GuestName = 'c1' | 'c2';
type Role = GuestName | 'srv';

export class NfsLab implements AsyncDisposable {
  readonly c1: Guest;
  readonly c2: Guest;
  /** Hosts and guests may write it. */
  readonly folder: string;
  readonly #processes: readonly ChildProcess[];
  #mounts = 0;
  /** The number of the mount that the agents are on. */
  #mounted = 0;

  private constructor(folder: string, processes: readonly ChildProcess[]) {
    this.folder = folder;
    this.#processes = processes;
    this.c1 = new Guest('c1', folder);
    this.c2 = new Guest('c2', folder);
  }

  /** Boots all three kernels; Redis and a door for the tests are inside their network. Nothing is mounted for a test yet. */
  static async up(): Promise<NfsLab> {
    await lab('up');
    const folder = (await lab('folder')).stdout.trim();
    const options = ['--bind', '10.77.0.254', '--port', '6379', '--protected-mode', 'no', '--save', ''];
    const doors = Object.entries(DOORS).map(([name, address]) => `${join(folder, `${name}.sock`)}=${address}`);
    const made = new NfsLab(folder, [inside('redis-server', ...options), inside(process.execPath, GATEWAY, ...doors)]);
    try {
      await made.#ready();
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #ready(): Promise<void> {
    const words = ['Ready to accept connections', 'gateway ready'];
    await Promise.all(this.#processes.map(async (child, at) => await saying(child, words[at] ?? '')));
  }

  /** Mounts afresh on both clients, empties Redis, and starts an agent on each over a store of its own. */
  async mount(options: string): Promise<void> {
    this.#mounts += 1;
    this.#mounted = this.#mounts;
    await Promise.all([this.c1.stop(), this.c2.stop()]);
    await lab('remount', options);
    await lab('host', 'redis-cli', '-h', '10.77.0.254', 'flushall');
    // Whichever is first makes the store; the other finds it.
    await Promise.all([this.c1.start(this.root), this.c2.start(this.root)]);
  }

  /** Mounts the server's files a second time on both clients, in another way; the agents go on. @returns a folder on it */
  async mountBeside(options: string): Promise<string> {
    this.#mounts += 1;
    const point = `/mnt/beside-${this.#mounts}`;
    await lab('mount', options, point);
    return `${point}/mount-${this.#mounts}`;
  }

  /** Of everything that belongs to this mount, as the guests see it. */
  get root(): string {
    return `/mnt/nfs/mount-${this.#mounted}`;
  }

  async exec(role: Role, command: string): Promise<string> {
    return await execOn(role, command);
  }

  /** Drops every packet between this client and the server, until it is healed. */
  async cut(name: GuestName): Promise<void> {
    await lab('cut', name);
  }

  async heal(name: GuestName): Promise<void> {
    await lab('heal', name);
  }

  /** What the server had not written to its disk is lost. */
  async crashServer(): Promise<void> {
    await lab('crash', 'srv');
  }

  async startServer(): Promise<void> {
    await lab('start', 'srv');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await lab('down');
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill();
      await once(child, 'exit');
    }
  }
}

export class Guest {
  readonly #name: GuestName;
  readonly #folder: string;
  #mailbox = '';
  #started = 0;
  #asked = 0;

  constructor(name: GuestName, folder: string) {
    this.#name = name;
    this.#folder = folder;
  }

  async start(root: string): Promise<void> {
    this.#started += 1;
    this.#asked = 0;
    this.#mailbox = join(this.#folder, `mail-${this.#name}-${this.#started}`);
    await mkdir(this.#mailbox);
    await this.background(AGENT, [this.#mailbox, REDIS_URL, `${root}/store`], join(this.#mailbox, 'log'));
    await this.#answer(0);
  }

  async stop(): Promise<void> {
    if (this.#started > 0) await this.end(AGENT);
  }

  /** A program of ours that runs on. */
  async background(script: string, args: readonly string[], log: string): Promise<void> {
    const command = [process.execPath, script, ...args].map(quoted).join(' ');
    const pid = `/run/${basename(script)}.pid`;
    const watched = `${command} > ${quoted(log)} 2>&1 & echo $! > ${pid}; wait; echo "ended with $?" > ${quoted(`${log}.ended`)}`;
    // One of the same name may have ended before.
    await execOn(this.#name, `rm -f ${quoted(`${log}.ended`)}; ( ${watched} ) > /dev/null 2>&1 &`);
  }

  /** Ends it, if it runs, and waits until it is gone. */
  async end(script: string, signal = 'KILL'): Promise<void> {
    const pid = `/run/${basename(script)}.pid`;
    const gone = `for i in $(seq 200); do [ -e /proc/$(cat ${pid}) ] || break; sleep 0.05; done`;
    await execOn(this.#name, `[ ! -e ${pid} ] || { kill -${signal} $(cat ${pid}) 2> /dev/null; ${gone}; rm ${pid}; }`);
  }

  /** Asks the agent for one deed, and waits for its answer. */
  async does<Name extends keyof Deeds>(
    deed: Name,
    ...[wish]: Parameters<Deeds[Name]>
  ): Promise<Awaited<ReturnType<Deeds[Name]>>> {
    const number = (this.#asked += 1);
    const order = join(this.#mailbox, `in.${number}`);
    await writeFile(`${order}.new`, JSON.stringify({ deed, wish }));
    await rename(`${order}.new`, order);
    return (await this.#answer(number)) as Awaited<ReturnType<Deeds[Name]>>;
  }

  async #answer(number: number): Promise<unknown> {
    const path = join(this.#mailbox, `out.${number}`);
    for (const limit = Date.now() + ANSWER_WITHIN_MS; !existsSync(path);) {
      const log = join(this.#mailbox, 'log');
      if (Date.now() > limit || existsSync(`${log}.ended`)) {
        throw new Error(
          `${this.#name} gave no answer; it said:\n${await readFile(log, 'utf8').catch(() => 'nothing')}`,
        );
      }
      await sleep(10);
    }
    const answer = JSON.parse(await readFile(path, 'utf8')) as {
      value?: unknown;
      error?: string;
      code?: string | null;
    };
    if (answer.error === undefined) return answer.value;
    throw Object.assign(new Error(`${this.#name}: ${answer.error}`), { code: answer.code });
  }
}

function inside(...words: readonly string[]): ChildProcess {
  return spawn(LAB, ['host', ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function saying(child: ChildProcess, words: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it said "${words}"`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes(words)) resolve();
    });
  });
}

/** By guest: it takes one command after the other. */
const turns = new Map<Role, Promise<unknown>>();

async function execOn(role: Role, command: string): Promise<string> {
  const turn = (turns.get(role) ?? Promise.resolve()).then(async () => (await lab('exec', role, command)).stdout);
  turns.set(
    role,
    turn.catch(() => undefined),
  );
  return await turn;
}

async function lab(...words: readonly string[]): Promise<{ readonly stdout: string }> {
  return await run(LAB, words);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
