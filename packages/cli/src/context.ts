/**
 * Everything a command takes from the outside world. Built once in main.ts; nothing else in the command line reads
 * the process's environment, so that a command can be run in a test as a function.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Clock, RandomId } from '@parqueue/core';

export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  /** Results. Never mixed with anything else, so that a pipe gets only them. */
  readonly out: (text: string) => void;
  /** Notes, progress and errors. */
  readonly err: (text: string) => void;
  /** Bytes to standard output, with back-pressure. */
  readonly stdout: NodeJS.WritableStream;
  /** Whether a person looks at standard error right now: progress bars and colours. */
  readonly interactive: boolean;
  /** Whether a person started this in a terminal: then it ends with that. */
  readonly inTerminal: boolean;
  readonly clock: Clock;
  readonly randomId: RandomId;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};

export const systemRandomId: RandomId = () => randomBytes(16).toString('hex');

export function contextOfProcess(version: string): Context {
  return {
    env: process.env,
    cwd: process.cwd(),
    version,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    stdout: process.stdout,
    interactive: process.stderr.isTTY && process.env['NO_COLOR'] === undefined && process.env['CI'] === undefined,
    inTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
    clock: systemClock,
    randomId: systemRandomId,
  };
}

/** Resolves with the first SIGINT or SIGTERM; `again` is called for every one after it. */
export function firstSignal(again: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let received = false;
    const receive = (signal: NodeJS.Signals): void => {
      if (received) again();
      received = true;
      resolve(signal);
    };
    process.on('SIGINT', receive);
    process.on('SIGTERM', receive);
  });
}

/**
 * Node waits for threads that are stuck in the kernel here, too (docs/fault-model.md, X12). Nobody listens to signals any
 * more then, so that the next one ends the process by itself.
 */
export function exitNow(exit: number): never {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal);
  process.exit(exit);
}
