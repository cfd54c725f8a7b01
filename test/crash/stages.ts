/** As many stages as cells are played at a time: made when needed, used again, and thrown away after a cell that failed. */
import { join } from 'node:path';
import { Stage } from './stage.ts';

export interface Play<T> {
  readonly name: string;
  readonly on: (stage: Stage) => Promise<T>;
  /** Of the stage afterwards: the next one begins where this one ended. */
  readonly isClean: (played: T) => boolean;
}

export class Stages implements AsyncDisposable {
  readonly #open = new Set<Stage>();
  readonly #free: Stage[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #logsOfFailed: string | null;
  #places: number;

  /** @param logsOfFailed where the logs go of a stage that is thrown away, by the name of what was played */
  constructor(places: number, logsOfFailed: string | null) {
    this.#places = places;
    this.#logsOfFailed = logsOfFailed;
  }

  async play<T>(play: Play<T>): Promise<T> {
    if (this.#places === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#places -= 1;
    try {
      return await this.#playOn(this.#free.pop() ?? (await this.#opened()), play);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#places += 1;
      else next();
    }
  }

  async #playOn<T>(stage: Stage, { name, on, isClean }: Play<T>): Promise<T> {
    let clean = false;
    try {
      const played = await on(stage);
      clean = isClean(played);
      return played;
    } finally {
      if (clean) this.#free.push(stage);
      else {
        if (this.#logsOfFailed !== null) await stage.keepLogs(join(this.#logsOfFailed, name));
        this.#open.delete(stage);
        await stage[Symbol.asyncDispose]();
      }
    }
  }

  async #opened(): Promise<Stage> {
    const stage = await Stage.open();
    this.#open.add(stage);
    return stage;
  }

  /** All of them, also those on which something is played. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((stage) => stage[Symbol.asyncDispose]()));
  }
}
