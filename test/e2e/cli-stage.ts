/**
 * Runs the command as a user does: the built program in a process of its own, in a folder of its own. Servers started
 * here are stopped by the test that started them, and killed by `endAll` when it failed before.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../packages/cli/bin/parqueue.js', import.meta.url));
const READY_WITHIN_MS = 120_000;

export interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it said on standard error so far. */
  err(): string;
  /** @returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export class CliStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'parqueue-cli-'));
  readonly #servers = new Set<ChildProcess>();

  /** @param endAt words of its output at which it is sent SIGTERM */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}, endAt?: string): Promise<Ran> {
    const child = this.#spawn(args, env);
    const output = collect(child);
    child.stdout?.on('data', () => {
      if (endAt !== undefined && output.out().includes(endAt)) child.kill('SIGTERM');
    });
    const exit = await exited(child);
    return { exit, out: output.out(), err: output.err() };
  }

  /** What `init` writes, with a worker's port that no other run on this machine can have taken. */
  async init(): Promise<void> {
    const { exit, err } = await this.run(['init']);
    if (exit !== 0) throw new Error(err);
    appendFileSync(join(this.folder, 'parqueue.yaml'), '\nworker: { listen: { port: 0 } }\n');
  }

  /** `up` on a free port, ready. */
  async up(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Server> {
    const child = this.#spawn(['up', '--port', '0', ...args], env);
    this.#servers.add(child);
    const output = collect(child);
    const ended = exited(child);
    const url = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not ready in time: ${output.err()}`)), READY_WITHIN_MS);
      child.stdout?.on('data', () => {
        const ready = /parqueue ready on (\S+)\n/.exec(output.out())?.[1];
        if (ready === undefined) return;
        clearTimeout(late);
        resolve(ready);
      });
      void ended.then((code) => reject(new Error(`up ended with ${code}: ${output.err()}`)));
    });
    return {
      url,
      child,
      err: output.err,
      stop: async (signal = 'SIGINT') => {
        child.kill(signal);
        this.#servers.delete(child);
        return await ended;
      },
    };
  }

  /** A PATH on which there is Node and nothing else: the machine without Redis. */
  barePath(): string {
    const made = mkdtempSync(join(this.folder, 'bare-'));
    symlinkSync(process.execPath, join(made, 'node'));
    return made;
  }

  async endAll(): Promise<void> {
    for (const child of this.#servers) {
      const ended = exited(child);
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const { PATH = dirname(process.execPath), HOME = this.folder } = process.env;
    return spawn(process.execPath, [BIN, ...args], {
      cwd: this.folder,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function collect(child: ChildProcess): { out(): string; err(): string } {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return { out: () => Buffer.concat(out).toString('utf8'), err: () => Buffer.concat(err).toString('utf8') };
}

async function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return await new Promise((resolve) => {
    child.once('close', (code) => resolve(code));
  });
}
