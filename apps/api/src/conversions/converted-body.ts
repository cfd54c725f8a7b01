/**
 * One body on its way from a thread: begun before anything is sent, so that what cannot be converted is still an answer
 * of its own; then chunk by chunk, each made on credit that a chunk taken gives back. It ends, or it throws; and however
 * it is left, the thread stops working for it, and what it held is given back only then.
 */
import { ParqueueError } from '@parqueue/core';
import type { Budget, Sharer } from './budget.ts';
import type { Started } from './conversion-thread.ts';
import type { News } from './running-conversion.ts';

export interface BodyLimits {
  /** A conversion that holds no more than this needs no memory of the common stock: looks never wait behind downloads. */
  readonly smallBytes: number;
  /** What a thread gets to let go of a conversion whose caller left. */
  readonly stopGraceMs: number;
}

export interface BodyOptions {
  readonly limits: BodyLimits;
  readonly memory: Budget;
  readonly onEnd: () => void | Promise<void>;
  /** What its thread's memory was like when the conversion was over there. */
  readonly onVerdict: (verdict: 'sound' | 'spoilt') => void;
}

/** Chunks under way: one being made, one on its way, one being written. */
const CREDITS = 3;

/** A body that ends below this is sent with its length. */
const GATHERED_BYTES = 64 * 1024;

/** The thread ended, or is spoilt: by this conversion or by another on the same thread, which nobody can tell. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost';
}

export class ConvertedBody implements AsyncDisposable {
  readonly #started: Started;
  readonly #options: BodyOptions;
  readonly #first: Uint8Array[] = [];
  /** Never aborted: after the beginning a caller who leaves is noticed where the body is written. */
  readonly #untilLeft = new AbortController().signal;
  #giveMemoryBack: () => void = () => undefined;
  #length: number | null = null;
  #over = false;
  #trapped = false;
  #released: Promise<void> | null = null;

  constructor(started: Started, options: BodyOptions) {
    this.#started = started;
    this.#options = options;
  }

  /** How many bytes there are, where that is known before the first is sent. */
  get length(): number | null {
    return this.#length;
  }

  /** @throws ThreadLost; ParqueueError; the signal's reason */
  async begin(caller: Sharer): Promise<void> {
    const { signal } = caller;
    const opened = await this.#next(signal);
    if (opened?.kind !== 'opened') throw new ParqueueError('PQ_INTERNAL', 'a conversion began with its end');
    const { smallBytes } = this.#options.limits;
    if (opened.memoryBytes > smallBytes)
      this.#giveMemoryBack = await this.#options.memory.take(opened.memoryBytes, caller);
    this.#started.running.grant(CREDITS);
    let gathered = 0;
    while (gathered < GATHERED_BYTES) {
      const news = await this.#next(signal);
      if (news === null) {
        this.#length = gathered;
        return;
      }
      if (news.kind !== 'chunk') continue;
      this.#first.push(news.bytes);
      gathered += news.bytes.length;
      this.#started.running.grant(1);
    }
  }

  /** A chunk is taken when the next is asked for. @throws ParqueueError, ThreadLost where it cannot go on */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#first.splice(0);
    while (!this.#over) {
      const news = await this.#next(this.#untilLeft);
      if (news?.kind !== 'chunk') continue;
      yield news.bytes;
      this.#started.running.grant(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }

  #release(): Promise<void> {
    this.#released ??= this.#letGo();
    return this.#released;
  }

  /** The thread is asked to let go; one that does not, or whose memory is spoilt, ends, and takes its others with it. */
  async #letGo(): Promise<void> {
    const left = await this.#started.running.stop(this.#trapped ? 0 : this.#options.limits.stopGraceMs);
    if (!left || this.#trapped) await this.#started.recycle();
    this.#giveMemoryBack();
    await this.#options.onEnd();
  }

  /** @returns null at the end */
  async #next(signal: AbortSignal): Promise<Extract<News, { kind: 'opened' | 'chunk' }> | null> {
    const news = await this.#started.running.next(signal);
    switch (news.kind) {
      case 'opened':
      case 'chunk':
        return news;
      case 'end':
        this.#over = true;
        this.#options.onVerdict('sound');
        // Its last chunks are here: whoever takes his time with them holds nothing of the thread. Trouble is told at the end.
        this.#release().catch(() => undefined);
        return null;
      case 'lost':
        throw new ThreadLost('its thread ended', { cause: news.cause });
      case 'failed': {
        if (!news.trapped) throw ParqueueError.from(news.failure);
        this.#trapped = true;
        this.#options.onVerdict('spoilt');
        throw new ThreadLost(news.failure.message);
      }
    }
  }
}
