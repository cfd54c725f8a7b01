/**
 * A process's heartbeat: it tells that it lives, who it is and how far its clock is from Redis's, for as long as it runs.
 * Nothing depends on it; while Redis is away it goes on trying.
 */
import { isParqueueError } from './model/errors.ts';
import type { Clock } from './ports/clock.ts';
import type { Processes, ProcessRecord } from './ports/processes.ts';

export interface PresenceDeps {
  /** null while there is no connection. */
  readonly processes: () => Pick<Processes, 'nowMs' | 'tell' | 'leave'> | null;
  readonly clock: Clock;
  readonly everyMs?: number;
  /** Hears what the clock of Redis said, and when it was asked by this host's. */
  readonly onTime?: (redisMs: number, askedAtMs: number) => void;
}

export const BEAT_EVERY_MS = 15_000;
/** Two beats may be lost before a process counts as gone. */
const BEATS_REMEMBERED = 3;

export class Presence {
  #self: Omit<ProcessRecord, 'skewMs'>;
  readonly #deps: PresenceDeps;
  readonly #stop = new AbortController();
  #beating: Promise<void> = Promise.resolve();

  constructor(self: Omit<ProcessRecord, 'skewMs'>, deps: PresenceDeps) {
    this.#self = self;
    this.#deps = deps;
  }

  start(): void {
    this.#beating = this.#beatOn();
  }

  /** Told with the next beat. */
  configured(config: ProcessRecord['config']): void {
    this.#self = { ...this.#self, config };
  }

  /** Tells that it leaves, so that nobody counts it for a minute more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#beating;
    await tolerant(async () => await this.#deps.processes()?.leave(this.#self.id));
  }

  async #beatOn(): Promise<void> {
    const { clock, everyMs = BEAT_EVERY_MS } = this.#deps;
    for (;;) {
      await tolerant(() => this.#beat(everyMs));
      if (this.#stop.signal.aborted) return;
      await clock.sleep(everyMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
    }
  }

  async #beat(everyMs: number): Promise<void> {
    const processes = this.#deps.processes();
    if (processes === null) return;
    const asked = this.#deps.clock.now();
    const redisNow = await processes.nowMs();
    const answered = this.#deps.clock.now();
    this.#deps.onTime?.(redisNow, asked);
    const skewMs = Math.round((asked + answered) / 2 - redisNow);
    await processes.tell({ ...this.#self, skewMs }, everyMs * BEATS_REMEMBERED);
  }
}

async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isParqueueError(error)) throw error;
  }
}
