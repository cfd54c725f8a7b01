/** Changes one source all the time, and never gives a version up: what failed may be there or not, so it is written again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.ts';
import type { Subject } from './subject.ts';

const PAUSE_LEAST_MS = 400;
const PAUSE_RANGE_MS = 1600;
const AGAIN_AFTER_MS = 200;
const POLL_MS = 50;

export interface WriterDeps {
  readonly dice: Dice;
  /** How many clients have had so far. */
  readonly answers: () => number;
  /** Where the machine has no time, nobody would read what is written. */
  readonly readsPerVersion: number;
}

export class Writer {
  readonly subject: Subject;
  readonly #dice: Dice;
  readonly #answers: () => number;
  readonly #readsPerVersion: number;
  #running: Promise<void> = Promise.resolve();
  #resting = 0;
  #ended = false;

  constructor(subject: Subject, { dice, answers, readsPerVersion }: WriterDeps) {
    this.subject = subject;
    this.#dice = dice;
    this.#answers = answers;
    this.#readsPerVersion = readsPerVersion;
  }

  start(): void {
    this.#ended = false;
    this.#running = this.#writeOn();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  /** One version now; for when it does not run. */
  async write(): Promise<void> {
    const { history } = this.subject;
    await history.next(async (version) => {
      for (;;) {
        history.writes += 1;
        try {
          return await this.subject.write(version);
        } catch {
          await sleep(AGAIN_AFTER_MS);
        }
      }
    });
  }

  /** While this goes on the source stays as it is, from its next version on. */
  async still<T>(during: () => Promise<T>): Promise<T> {
    this.#resting += 1;
    try {
      return await during();
    } finally {
      this.#resting -= 1;
    }
  }

  async #writeOn(): Promise<void> {
    while (!this.#ended) {
      const enough = this.#answers() + this.#readsPerVersion;
      await sleep(PAUSE_LEAST_MS + this.#dice.below(PAUSE_RANGE_MS));
      while (!this.#ended && this.#answers() < enough) await sleep(POLL_MS);
      if (this.#resting === 0) await this.write();
    }
  }
}
