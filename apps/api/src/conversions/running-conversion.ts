/**
 * The main thread's side of one conversion's port. What the thread made waits here until it is asked for; credit bounds
 * how much that can be. A thread that died says so in order, behind what it still sent.
 */
import type { MessagePort } from 'node:worker_threads';
import { ParqueueError, type Clock } from '@parqueue/core';
import type { HostMessage, ThreadMessage } from './protocol.ts';

export type News = ThreadMessage | { readonly kind: 'lost'; readonly cause: unknown };

export interface ConversationLimits {
  readonly clock: Clock;
  /** A batch that takes longer is one that this reader cannot read. */
  readonly newsMs: number;
}

export class RunningConversion {
  readonly #port: MessagePort;
  readonly #ended: Promise<unknown>;
  readonly #limits: ConversationLimits;
  readonly #inbox: News[] = [];
  #wake: () => void = () => undefined;

  /** @param task settles when the thread left the task, or died */
  constructor(port: MessagePort, task: Promise<unknown>, limits: ConversationLimits) {
    this.#port = port;
    this.#limits = limits;
    port.on('message', (message: ThreadMessage) => this.#put(message));
    this.#ended = task.then(
      // It leaves its task only when told to: who still listens then has lost it.
      () => this.#put({ kind: 'lost', cause: new Error('the thread left its task') }),
      (cause: unknown) => this.#put({ kind: 'lost', cause }),
    );
  }

  /** @throws the signal's reason; ParqueueError PQ_LIMIT_EXCEEDED when nothing comes for too long */
  async next(signal: AbortSignal): Promise<News> {
    const waited = new AbortController();
    const onAbort = (): void => waited.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#wake = onAbort;
    try {
      if (this.#inbox.length === 0 && !signal.aborted)
        await this.#limits.clock.sleep(this.#limits.newsMs, waited.signal).catch(() => undefined);
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#wake = () => undefined;
    }
    const news = this.#inbox.shift();
    if (news !== undefined) return news;
    throw new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      `converting the next of these rows took over ${this.#limits.newsMs} ms: name fewer columns, or ask for Parquet`,
    );
  }

  /** Made, and not asked for yet. */
  get unsentBytes(): number {
    return this.#inbox.reduce((sum, news) => sum + (news.kind === 'chunk' ? news.bytes.length : 0), 0);
  }

  grant(chunks: number): void {
    this.#tell({ kind: 'credit', chunks });
  }

  /** @returns whether the thread left the task within the grace */
  async stop(graceMs: number): Promise<boolean> {
    this.#tell({ kind: 'stop' });
    const late = new AbortController();
    const left = await Promise.race([
      this.#ended.then(() => true),
      this.#limits.clock.sleep(graceMs, late.signal).then(
        () => false,
        () => false,
      ),
    ]);
    late.abort();
    this.#port.close();
    return left;
  }

  #tell(message: HostMessage): void {
    this.#port.postMessage(message);
  }

  #put(news: News): void {
    this.#inbox.push(news);
    this.#wake();
  }
}
