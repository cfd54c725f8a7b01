/** As many stages as cells are played at a time: made when needed, used again, and thrown away after a cell that failed. */
import { Stage } from './stage.ts';

export class Stages implements AsyncDisposable {
  readonly #free: Stage[] = [];
  readonly #waiting: (() => void)[] = [];
  #places: number;

  constructor(places: number) {
    this.#places = places;
  }

  /** @param isClean of a stage after what was played: the next one begins where this one ended */
  async play<T>(play: (stage: Stage) => Promise<T>, isClean: (played: T) => boolean): Promise<T> {
    if (this.#places === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#places -= 1;
    try {
      return await this.#playOn(this.#free.pop() ?? (await Stage.open()), { play, isClean });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#places += 1;
      else next();
    }
  }

  /** On one of its own that is thrown away afterwards. */
  async playAlone(play: (stage: Stage) => Promise<void>): Promise<void> {
    await using stage = await Stage.open();
    await play(stage);
  }

  async #playOn<T>(
    stage: Stage,
    { play, isClean }: { readonly play: (stage: Stage) => Promise<T>; readonly isClean: (played: T) => boolean },
  ): Promise<T> {
    let clean = false;
    try {
      const played = await play(stage);
      clean = isClean(played);
      return played;
    } finally {
      if (clean) this.#free.push(stage);
      else await stage[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#free.splice(0).map((stage) => stage[Symbol.asyncDispose]()));
  }
}
