/**
 * The Redis that `up`, `demo` and `swarm` bring along, one rung after the other:
 *
 *   1. a URL from the configuration or REDIS_URL: used as it is, never started or stopped by us;
 *   2. `redis-server` or `valkey-server` on PATH, a child on a free loopback port with a password of its own, an
 *      append-only file under the data directory (at most one second is lost to a power cut, nothing to a SIGKILL of
 *      ours) and `noeviction`;
 *   3. for development only, a Redis written in JavaScript in a child process: everything is gone when it ends.
 *
 * A Redis that died is started again on the same port with the same password by whoever holds it (`onExit`): the
 * address in the children's hands stays true. Losing its memory is what epochs are for (I11).
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ParqueueError, type RandomId } from '@parqueue/core';
import { freePort } from '../free-port.ts';
import { addressFile, readAddress, urlOf } from './embedded-address.ts';
import { ping, shutdown, type RedisAddress } from './ping.ts';
import {
  answering,
  endChild,
  javascriptLauncher,
  POLL_MS,
  programLauncher,
  STOP_WITHIN_MS,
  type Launcher,
} from './redis-process.ts';

export type RedisKind = 'external' | 'program' | 'javascript';

export interface EmbeddedRedis {
  readonly kind: RedisKind;
  readonly url: string;
  /** What a log line says about it; holds no password. */
  readonly description: string;
  /** Called when a Redis of ours ended without being asked to. */
  onExit(listener: (reason: string) => void): void;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface LadderOptions {
  /** Rung 1, or null. */
  readonly url: string | null;
  readonly dataDirectory: string;
  /** Path of a Redis program, or null: rung 2 is missing. */
  readonly program: string | null;
  /** Whether rung 3 may be taken. */
  readonly undurableAllowed: boolean;
  readonly randomId: RandomId;
  readonly warn: (line: string) => void;
}

const PORT_ATTEMPTS = 3;

/** @throws ParqueueError PQ_CONFIG when no rung holds. */
export async function openRedis(options: LadderOptions): Promise<EmbeddedRedis> {
  if (options.url !== null) return external(options.url);
  if (options.program !== null) {
    return await startOwn('program', options, programLauncher(options.program, join(options.dataDirectory, 'redis')));
  }
  if (!options.undurableAllowed) {
    throw new ParqueueError(
      'PQ_CONFIG',
      'no Redis: set REDIS_URL, or install redis-server (or valkey-server) so that it is on PATH. '
        + 'The JavaScript stand-in forgets everything when it ends and is refused where the configuration asks for durability',
    );
  }
  options.warn(
    'NOT DURABLE: no redis-server on PATH, using a Redis written in JavaScript that forgets everything when it ends. '
      + 'Published files survive; queues, freshness and pins do not. For development only',
  );
  return await startOwn('javascript', options, javascriptLauncher);
}

function external(url: string): EmbeddedRedis {
  return {
    kind: 'external',
    url,
    description: 'Redis at the configured URL',
    onExit: () => {},
    restart: async () => {},
    stop: async () => {},
  };
}

async function startOwn(
  kind: 'program' | 'javascript',
  options: LadderOptions,
  launch: Launcher,
): Promise<EmbeddedRedis> {
  const directory = join(options.dataDirectory, 'redis');
  mkdirSync(directory, { recursive: true });
  await endOrphan(directory);
  const { address, child } = await launchOnFreePort(launch, kind === 'program' ? options.randomId() : null);
  rememberAddress(directory, address);
  return new OwnRedis(kind, directory, address, child, launch);
}

class OwnRedis implements EmbeddedRedis {
  readonly kind: RedisKind;
  readonly url: string;
  readonly description: string;
  readonly #directory: string;
  readonly #address: RedisAddress;
  readonly #launch: Launcher;
  #child: ChildProcess;
  #stopping = false;
  #onExit: (reason: string) => void = () => {};

  constructor(kind: RedisKind, directory: string, address: RedisAddress, child: ChildProcess, launch: Launcher) {
    this.kind = kind;
    this.#directory = directory;
    this.#address = address;
    this.#launch = launch;
    this.url = urlOf(address);
    this.description =
      kind === 'program'
        ? `redis-server on 127.0.0.1:${address.port}, append-only file in ${directory}`
        : `JavaScript Redis on 127.0.0.1:${address.port}, not durable`;
    this.#child = child;
    this.#watch(child);
  }

  onExit(listener: (reason: string) => void): void {
    this.#onExit = listener;
  }

  async restart(): Promise<void> {
    if (this.#stopping) return;
    const child = this.#launch(this.#address);
    this.#child = child;
    await answering(child, this.#address);
    this.#watch(child);
  }

  /** SIGTERM makes Redis write and sync its append-only file before it ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await endChild(this.#child);
    rmSync(addressFile(this.#directory), { force: true });
  }

  #watch(child: ChildProcess): void {
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.#onExit(`exit ${code ?? signal}`);
    });
  }
}

/** Somebody may take the port between our finding and Redis's binding it: then the next one. */
async function launchOnFreePort(
  launch: Launcher,
  password: string | null,
): Promise<{ address: RedisAddress; child: ChildProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const address = { port: await freePort(), password };
    const child = launch(address);
    try {
      await answering(child, address);
      return { address, child };
    } catch (error) {
      await endChild(child);
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function rememberAddress(directory: string, address: RedisAddress): void {
  writeFileSync(addressFile(directory), `${JSON.stringify(address)}\n`, { mode: 0o600 });
}

/**
 * An `up` that was killed outright leaves its Redis running on this very directory. Whoever answers at the remembered
 * port and knows the remembered password is that Redis: it writes its data and ends before ours starts.
 */
async function endOrphan(directory: string): Promise<void> {
  const address = readAddress(directory);
  // The JavaScript one has no password, and ends with its parent.
  if (address === null || address === 'forbidden' || address.password === null) return;
  if (!(await shutdown(address))) return;
  for (let waitedMs = 0; waitedMs < STOP_WITHIN_MS && (await ping(address)) !== 'unreachable'; waitedMs += POLL_MS) {
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}
