/**
 * One caller's stream of server-sent events. It begins with its first event or comment, so that what is refused before is
 * an answer of its own. What the caller does not take waits in this process, up to a bound: then the stream ends with the
 * reason.
 */
import type { FastifyReply } from 'fastify';
import type { Clock } from '@parqueue/core';

export interface StreamOptions {
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
  /** What may wait for the caller. */
  readonly unsentBytesMax?: number;
  /** What the caller gets to take the end. */
  readonly endMs?: number;
}

export interface ServerEvent {
  readonly event: string;
  readonly data: object;
  readonly id?: string;
}

/** Why a server ends a stream. */
export interface Goodbye {
  readonly code: string;
  readonly message: string;
}

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** Some thousand events. */
const UNSENT_BYTES_MAX = 512 * 1024;
/** What is written within one turn of the event loop goes out behind it. */
const BEHIND_BYTES = 64 * 1024;
const END_MS = 5_000;
/** A comment line this often keeps proxies from closing a quiet stream: about fifteen seconds. */
const QUIET_LOOKS_MAX = 15;

export class EventStream {
  /** Resolves when nothing can be sent any more. */
  readonly ended: Promise<void>;
  readonly #reply: FastifyReply;
  readonly #options: StreamOptions;
  #isBegun = false;
  #isOver = false;
  #quietLooks = 0;
  #end: () => void = () => undefined;

  constructor(reply: FastifyReply, options: StreamOptions) {
    this.#reply = reply;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    reply.raw.once('close', () => {
      this.#isOver = true;
      // An answer that was never ended keeps its connection counted, although the caller left.
      reply.raw.destroy();
      this.#end();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Whether much of what was sent is not taken yet: what later events replace may be left out. */
  get isBehind(): boolean {
    return this.#reply.raw.writableLength > BEHIND_BYTES;
  }

  send({ event, data, id }: ServerEvent): void {
    this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  comment(text: string): void {
    this.#write(`: ${text}\n\n`);
  }

  /** Once per look of the watcher. */
  keepOpen(): void {
    this.#quietLooks += 1;
    if (this.#isBegun && this.#quietLooks >= QUIET_LOOKS_MAX) this.comment('still there');
  }

  /** @param goodbye null where the caller knows why from what was sent */
  end(goodbye: Goodbye | null = null): void {
    if (this.#isOver) return;
    if (goodbye !== null) this.#begin().write(`event: bye\ndata: ${JSON.stringify(goodbye)}\n\n`);
    this.#isOver = true;
    this.#begin().end();
    void this.#closeLate();
    this.#end();
  }

  #write(text: string): void {
    if (this.#isOver) return;
    this.#quietLooks = 0;
    const raw = this.#begin();
    raw.write(text);
    const { unsentBytesMax = UNSENT_BYTES_MAX } = this.#options;
    if (raw.writableLength <= unsentBytesMax) return;
    this.end({
      code: 'PQ_RATE_LIMITED',
      message: `over ${unsentBytesMax} bytes of events waited to be taken: connect again, and take them faster`,
    });
  }

  #begin() {
    const { raw } = this.#reply;
    if (this.#isBegun) return raw;
    this.#isBegun = true;
    this.#reply.hijack();
    return raw.writeHead(200, this.#options.headers);
  }

  /** A caller who takes nothing does not take the end either. */
  async #closeLate(): Promise<void> {
    const { clock, endMs = END_MS } = this.#options;
    const { raw } = this.#reply;
    const closed = new AbortController();
    raw.once('close', () => closed.abort());
    if (!raw.closed) await clock.sleep(endMs, closed.signal).catch(() => undefined);
    raw.destroy();
  }
}
