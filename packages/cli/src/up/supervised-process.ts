/**
 * One server process under supervision:
 *
 *   starting ──ready──▶ running ──exit──▶ waiting (backoff) ──▶ starting
 *       │ fatal, or exit before the first ready        stop() from anywhere ──▶ stopping ──▶ stopped
 *       ▼
 *     failed
 *
 * A process that was ready once is started again for as long as we live: a crash of the API must not end the worker's
 * fills. One that never came up is a mistake in the configuration, and the supervisor ends with its message.
 * Children have a process group of their own, so that Ctrl-C on the terminal reaches only the supervisor, which stops
 * them in order; the IPC channel's end tells them that the supervisor itself is gone.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Clock } from '@parqueue/core';
import { isChildMessage } from './child-messages.ts';

export interface ProcessPlan {
  readonly name: string;
  readonly script: string;
  /** Arguments for the next start; `url` is where it last was, so that it can come back at the same port. */
  readonly arguments: (url: string | null) => readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ProcessEvents {
  readonly onLine: (name: string, line: string) => void;
  /** A line about the process, not from it. */
  readonly onNote: (line: string) => void;
}

export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
  readonly exit: number;
  readonly code: string;

  constructor(exit: number, code: string, message: string) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 15_000;
/** A process that ran this long starts again at the first step of the backoff. */
const SETTLED_AFTER_MS = 60_000;

export class SupervisedProcess {
  readonly #plan: ProcessPlan;
  readonly #events: ProcessEvents;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  #child: ChildProcess | null = null;
  #url: string | null = null;
  #isUp = false;
  #isHangUpDue = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(plan: ProcessPlan, events: ProcessEvents, clock: Clock) {
    this.#plan = plan;
    this.#events = events;
    this.#clock = clock;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Starts it and keeps it running. @returns its URL. @throws ChildFailed when it does not come up. */
  async start(): Promise<string> {
    const first = await this.#launch();
    this.#loop = this.#keepRunning(first.ended);
    return first.url;
  }

  /** SIGTERM, and SIGKILL after `forceAfterMs`; resolves when it has ended. */
  async stop(forceAfterMs: number): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const exited = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
      });
      child.kill('SIGTERM');
      const force = setTimeout(() => {
        this.#events.onNote(`${this.#plan.name} did not end within ${Math.round(forceAfterMs / 1000)} s and is killed`);
        child.kill('SIGKILL');
      }, forceAfterMs);
      await exited;
      clearTimeout(force);
    }
    await this.#loop;
  }

  /** SIGHUP, which would end one that does not listen yet: it is sent once it is ready. */
  hangUp(): void {
    if (this.#isUp) this.#child?.kill('SIGHUP');
    else this.#isHangUpDue = true;
  }

  kill(): void {
    this.#stopping.abort();
    this.#child?.kill('SIGKILL');
  }

  async #keepRunning(firstEnd: Promise<string>): Promise<void> {
    let ended = firstEnd;
    let backoffMs = BACKOFF_FIRST_MS;
    let startedAt = this.#clock.now();
    for (;;) {
      const reason = await ended;
      if (this.#stopping.signal.aborted) return;
      if (this.#clock.now() - startedAt > SETTLED_AFTER_MS) backoffMs = BACKOFF_FIRST_MS;
      this.#events.onNote(`${this.#plan.name} ended (${reason}); starting it again in ${backoffMs} ms`);
      await this.#clock.sleep(backoffMs, this.#stopping.signal).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
      startedAt = this.#clock.now();
      try {
        const again = await this.#launch();
        this.#events.onNote(`${this.#plan.name} is back`);
        ended = again.ended;
      } catch (error) {
        ended = Promise.resolve(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #launch(): Promise<{ url: string; ended: Promise<string> }> {
    const { name, script, env } = this.#plan;
    const child = fork(script, [...this.#plan.arguments(this.#url)], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      execArgv: [],
    });
    this.#child = child;
    this.#isUp = false;
    const lastLines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      onLines(stream, (line) => {
        lastLines.push(line);
        if (lastLines.length > 3) lastLines.shift();
        this.#events.onLine(name, line);
      });
    }
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    return new Promise((resolve, reject) => {
      child.once('error', (error) =>
        reject(new ChildFailed(1, 'PQ_INTERNAL', `${name} cannot be started: ${error.message}`)),
      );
      child.on('message', (message) => {
        if (!isChildMessage(message)) return;
        if (message.type === 'fatal') reject(new ChildFailed(message.exit, message.code, message.message));
        if (message.type === 'ready') {
          this.#url = message.url;
          this.#isUp = true;
          if (this.#isHangUpDue) child.kill('SIGHUP');
          this.#isHangUpDue = false;
          resolve({ url: message.url, ended });
        }
      });
      // `exit` may overtake the last message: give the channel its turn first.
      void ended.then((reason) =>
        setTimeout(() => {
          reject(
            new ChildFailed(
              1,
              'PQ_INTERNAL',
              `${name} ended before it was ready (${reason}): ${lastLines.join(' | ')}`,
            ),
          );
        }, 50),
      );
    });
  }
}

function onLines(stream: NodeJS.ReadableStream | null, receive: (line: string) => void): void {
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part !== '') receive(part);
  });
  stream?.on('end', () => {
    if (rest !== '') receive(rest);
  });
}
