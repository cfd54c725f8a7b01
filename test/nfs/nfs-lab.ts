/** The lab as a test holds it: up on real NFS, a Redis in its network, an agent in each client. infra/nfs-lab tells how. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Deeds } from './guest-agent.ts';

const LAB = fileURLToPath(new URL('../../infra/nfs-lab/nfs-lab.sh', import.meta.url));
/** Built output, as production runs it. */
const AGENT = fileURLToPath(new URL('../dist/nfs/guest-agent.js', import.meta.url));
const REDIS_URL = 'redis://10.77.0.254:6379';
const CANNOT_RUN_HERE = 3;
/** A deed on a stalled mount takes as long as the server is away; this is for agents that died. */
const ANSWER_WITHIN_MS = 120_000;

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

export class NfsLab implements AsyncDisposable {
  readonly c1: Guest;
  readonly c2: Guest;
  readonly #redis: ChildProcess;

  private constructor(redis: ChildProcess, folder: string) {
    this.#redis = redis;
    this.c1 = new Guest('c1', folder);
    this.c2 = new Guest('c2', folder);
  }

  static async up(mountOptions: string): Promise<NfsLab> {
    await lab('up', mountOptions);
    const { stdout } = await lab('folder');
    const options = ['--bind', '10.77.0.254', '--port', '6379', '--protected-mode', 'no', '--save', ''];
    const redis = spawn(LAB, ['host', 'redis-server', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const made = new NfsLab(redis, stdout.trim());
    try {
      await new Promise<void>((resolve, reject) => {
        redis.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
        redis.stdout.on('data', (chunk: Buffer) => {
          if (chunk.includes('Ready to accept connections')) resolve();
        });
      });
      // Whichever is first makes the store; the other finds it.
      await Promise.all([made.c1.start(), made.c2.start()]);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await lab('down');
    if (this.#redis.exitCode !== null) return;
    this.#redis.kill();
    await once(this.#redis, 'exit');
  }
}

export class Guest {
  readonly #name: GuestName;
  readonly #mailbox: string;
  #asked = 0;

  constructor(name: GuestName, folder: string) {
    this.#name = name;
    this.#mailbox = join(folder, `mail-${name}`);
  }

  async start(): Promise<void> {
    await mkdir(this.#mailbox);
    const log = join(this.#mailbox, 'log');
    const command = [process.execPath, AGENT, this.#mailbox, REDIS_URL, '/mnt/nfs/store'].map(quoted).join(' ');
    await lab('exec', this.#name, `${command} > ${quoted(log)} 2>&1 &`);
    await this.#answer(0);
  }

  /** Asks the agent for one deed, and waits for its answer. One at a time. */
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
      if (Date.now() > limit) {
        const log = await readFile(join(this.#mailbox, 'log'), 'utf8').catch(() => 'no log');
        throw new Error(`${this.#name} gave no answer; it said:\n${log}`);
      }
      await sleep(10);
    }
    const answer = JSON.parse(await readFile(path, 'utf8')) as { value?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(`${this.#name}: ${answer.error}`);
    return answer.value;
  }
}

async function lab(...words: readonly string[]): Promise<{ readonly stdout: string }> {
  return await run(LAB, words);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
