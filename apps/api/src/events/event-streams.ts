/**
 * The streams of events that this process has open: how many there may be, and what ends each of them. Keys are looked at
 * when a stream begins, so none lives longer than its key, nor than an hour.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ParqueueError, toFailure } from '@parqueue/core';
import { sharerOf, type Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { rawHeaders } from '../http/raw-headers.ts';
import { EventStream, STREAM_HEADERS } from './event-stream.ts';
import { lookUpFill } from './fill-lookup.ts';
import { Watch, type Listener } from './watch.ts';

const STREAMS_MAX = 500;
const STREAMS_PER_KEY_MAX = 50;
const LIFE_MS = 3_600_000;

export interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What a stream tells; `begin` once nothing that happens is missed any more, before anything else is told. */
export interface Teller {
  readonly follows: string | null;
  begin(stream: EventStream): Promise<void>;
  readonly onFill: (stream: EventStream, ...told: Parameters<Listener['onFill']>) => void;
  readonly onHead: (stream: EventStream, ...told: Parameters<Listener['onHead']>) => void;
}

export class EventStreams {
  readonly #context: ApiContext;
  readonly #watch: Watch;
  /** By whom, `null` for all who cannot be told apart. */
  readonly #open = new Map<string | null, number>();
  readonly #streams = new Set<EventStream>();

  constructor(context: ApiContext) {
    const { link, clock } = context;
    this.#context = context;
    this.#watch = new Watch({ link, clock, lookUp: (id) => lookUpFill(context, id) });
  }

  /** This process stops: nobody waits here for work that may still end well. */
  endAll(): void {
    for (const stream of this.#streams)
      stream.end({ code: 'PQ_COORDINATION_DOWN', message: 'this server is stopping; connect again' });
  }

  /** @throws ParqueueError PQ_RATE_LIMITED, PQ_COORDINATION_DOWN, and what `begin` throws before it sends anything */
  async tell({ request, reply }: Call, teller: Teller): Promise<FastifyReply> {
    // A HEAD that waited for the end of a stream without a body would wait for nothing.
    if (request.method === 'HEAD') return await reply.headers(STREAM_HEADERS).send();
    const leave = this.#admit(request.principal);
    try {
      await this.#tell({ request, reply }, teller);
    } finally {
      leave();
    }
    return reply;
  }

  async #tell({ request, reply }: Call, teller: Teller): Promise<void> {
    const { clock } = this.#context;
    const lifeEndsAtMs = clock.now() + LIFE_MS;
    const keyEndsAtMs = request.principal.expiresAtMs ?? Number.POSITIVE_INFINITY;
    const stream = new EventStream(reply, { clock, headers: { ...rawHeaders(reply), ...STREAM_HEADERS } });
    const stopListening = await this.#watch.listen({
      follows: teller.follows,
      onFill: (id, found) => teller.onFill(stream, id, found),
      onHead: (change) => teller.onHead(stream, change),
      onLook: () => {
        stream.keepOpen();
        if (clock.now() >= keyEndsAtMs) stream.end({ code: 'PQ_UNAUTHENTICATED', message: 'the API key has expired' });
        if (clock.now() >= lifeEndsAtMs)
          stream.end({ code: 'PQ_RATE_LIMITED', message: 'an hour is over: connect again' });
      },
      onLost: ({ code, message }) => stream.end({ code, message }),
    });
    this.#streams.add(stream);
    this.#context.metrics.eventStreams.inc();
    try {
      await begun(teller, stream);
      await stream.ended;
    } finally {
      this.#streams.delete(stream);
      this.#context.metrics.eventStreams.dec();
      stopListening();
    }
  }

  #admit(principal: Principal): () => void {
    const sharer = sharerOf(principal);
    const own = this.#open.get(sharer) ?? 0;
    const all = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    if (all >= STREAMS_MAX || (sharer !== null && own >= STREAMS_PER_KEY_MAX))
      throw new ParqueueError(
        'PQ_RATE_LIMITED',
        all >= STREAMS_MAX
          ? `${STREAMS_MAX} event streams are open already; poll /v1/fills instead`
          : `this API key has ${own} event streams open, and may have no more; poll /v1/fills instead`,
      );
    this.#open.set(sharer, own + 1);
    return () => {
      const left = (this.#open.get(sharer) ?? 1) - 1;
      if (left === 0) this.#open.delete(sharer);
      else this.#open.set(sharer, left);
    };
  }
}

/** What goes wrong once something was sent cannot be an answer any more. */
async function begun(teller: Teller, stream: EventStream): Promise<void> {
  try {
    await teller.begin(stream);
  } catch (error) {
    if (!stream.isBegun) throw error;
    const { code, message } = toFailure(error);
    stream.end({ code, message });
  }
}
