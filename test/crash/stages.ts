/** As many stages as cells are played at a time: made when needed, used again, and thrown away after a cell that failed. */
import { Stage } from './stage.ts';

export class Stages implements AsyncDisposable {
  readonly #free: Stage[] = [];
  readonly #waiting: (() => void)[] = [];
  #places: number;

  constructor(places: number) {
    this.#places = places;
  }

  async play<T>(play: (stage: Stage) => Promise<T>): Promise<T> {
    if (this.#places === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#places -= 1;
    try {
      return await this.#playOn(this.#free.pop() ?? (await Stage.open()), play);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#places += 1;
      else next();
    }
  }

  async #playOn<T>(stage: Stage, play: (stage: Stage) => Promise<T>): Promise<T> {
    try {
      const played = await play(stage);
      this.#free.push(stage);
      return played;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#free.splice(0).map((stage) => stage[Symbol.asyncDispose]()));
  }
}
