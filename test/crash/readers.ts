/**
 * Readers that never stop: callers, and a program that follows head.json by path. Each row set is judged by the source's
 * true history at the moment it was asked for. They may be refused; they may never be told something wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isParqueueError, type ErrorCode } from '@parqueue/core';
import type { Cell } from './cells.ts';
import { versionIn } from './history.ts';
import { told, type Stage } from './stage.ts';
import type { Subject } from './subjects.ts';

/** Of callers of the kind that the cell wants. */
const CALLERS = 2;
const PAUSE_MS = 75;
const HOUR_MS = 3_600_000;
/** A caller that waits longer is refused, and asks again. */
const WAIT_MS = 10_000;
/** For the last answer of each, when the fault is over. */
const FINISH_LIMIT_MS = 120_000;

export interface Seen {
  /** Row sets, each complete and of one version. */
  readonly read: number;
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Generations that head.json has named. */
  readonly named: readonly number[];
  readonly wrong: readonly string[];
}

export class Readers {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #stop = new AbortController();
  readonly #running: readonly Promise<void>[];
  readonly #refused: Partial<Record<ErrorCode, number>> = {};
  readonly #named = new Set<number>();
  readonly #wrong: string[] = [];
  #isLastRound = false;
  #read = 0;

  constructor(stage: Stage, subject: Subject, kind: Cell['readers']) {
    this.#stage = stage;
    this.#subject = subject;
    const ageMs = kind === 'strict' ? 0 : HOUR_MS;
    const callers = Array.from({ length: CALLERS }, (_, at) => this.#askOn(`${kind} caller ${at + 1}`, ageMs));
    this.#running = [...callers, this.#followPath()];
  }

  /** When each was answered once more. @throws where one is not */
  async finish(): Promise<Seen> {
    this.#isLastRound = true;
    const limit = setTimeout(() => this.#stop.abort(), FINISH_LIMIT_MS);
    await Promise.all(this.#running);
    clearTimeout(limit);
    if (this.#stop.signal.aborted) throw new Error('when all was over a reader was not answered any more');
    return this.#seen();
  }

  /** At once. */
  async abandon(): Promise<Seen> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return this.#seen();
  }

  #seen(): Seen {
    return { read: this.#read, refused: this.#refused, named: [...this.#named], wrong: this.#wrong };
  }

  async #askOn(name: string, ageMs: number): Promise<void> {
    const { history } = this.#subject;
    let last = 0;
    while (!this.#stop.signal.aborted) {
      const isLastRound = this.#isLastRound;
      const floor = ageMs === 0 ? history.current : 0;
      const heard = await this.#stage.ask(this.#subject, { ageMs, waitMs: WAIT_MS, signal: this.#stop.signal });
      if (heard.kind === 'rows') {
        this.#read += 1;
        const { version } = heard;
        if (version < floor) this.#wrong.push(`${name} asked after version ${floor} was there and got ${version}`);
        if (version < last) this.#wrong.push(`${name} got version ${version} after ${last}`);
        if (version > history.begun) this.#wrong.push(`${name} got version ${version}, which nobody wrote`);
        last = version;
      } else if (heard.kind === 'wrong') this.#wrong.push(`${name}: ${told(heard)}`);
      else this.#refused[heard.code] = (this.#refused[heard.code] ?? 0) + 1;
      if (isLastRound && heard.kind !== 'refused') return;
      await this.#pause();
    }
  }

  /** head.json is a hint and may be old; what it names is whole, or gone, and then it names another one by now. */
  async #followPath(): Promise<void> {
    const key = this.#stage.keyOf(this.#subject);
    let gone: number | null = null;
    while (!this.#stop.signal.aborted) {
      const isLastRound = this.#isLastRound;
      let named: number | null = null;
      try {
        const head = await this.#stage.store.marks.readHead(key);
        if (head !== null) {
          named = head.fence;
          this.#named.add(named);
          this.#judgePath(named, await this.#stage.rowsOf(key, named));
        }
        gone = null;
      } catch (error) {
        if (!isGone(error)) this.#wrong.push(`path reader: ${String(error)}`);
        else if (named !== null && named === gone) this.#wrong.push(`head.json still names g${named}, which is gone`);
        gone = named;
      }
      if (isLastRound) return;
      await this.#pause();
    }
  }

  #judgePath(fence: number, rows: readonly Readonly<Record<string, unknown>>[]): void {
    this.#read += 1;
    const version = versionIn(rows);
    if (typeof version !== 'number') this.#wrong.push(`path reader: g${fence}: ${version.wrong}`);
    else if (version > this.#subject.history.begun)
      this.#wrong.push(`path reader got version ${version}, which nobody wrote`);
  }

  async #pause(): Promise<void> {
    await sleep(PAUSE_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}

function isGone(error: unknown): boolean {
  return !isParqueueError(error) && error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
