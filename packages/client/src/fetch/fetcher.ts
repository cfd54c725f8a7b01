/**
 * From a question to bytes that are right, with as little transfer as possible: what is at hand and young enough, what
 * is at hand and verified, or what the server sends. Who asks for the same at the same time shares one request.
 */
import type { ClientCache } from '../cache/client-cache.ts';
import { ageSeconds, Kept, type Facts } from '../cache/kept.ts';
import { identityOf } from '../question.ts';
import type { Transport } from '../transport.ts';
import type { Freshness } from '../types.ts';
import { isArrowEnd } from './arrow.ts';
import { askFor, type Wish } from './asking.ts';
import { freshnessOf, infoOf, type ByteOptions } from './answers.ts';
import { Flights, type FlightContext } from './flights.ts';
import type { AnswerInfo } from './options.ts';
import { MemorySink, receive } from './transfer.ts';

/** Bytes for a caller, and where they are from. */
export interface Fetched {
  readonly kept: Kept;
  readonly info: AnswerInfo;
}

export class Fetcher {
  readonly cache: ClientCache;
  readonly transport: Transport;
  readonly #flights = new Flights<Fetched>();

  constructor(transport: Transport, cache: ClientCache) {
    this.transport = transport;
    this.cache = cache;
  }

  /** @throws ParqueueHttpError; the signal's reason */
  async fetch(wish: Wish, options: ByteOptions): Promise<Fetched> {
    const { cache = 'default' } = options;
    const id = identityOf(wish.question, wish.form);
    const freshness = freshnessOf(options);
    const flight = JSON.stringify([cache, options.maxAge ?? 0, freshness, id]);
    const fetched = await this.#flights.share(flight, options, (context) =>
      this.#load({ ...wish, id }, { cache, freshness, maxAge: options.maxAge ?? 0 }, context),
    );
    options.onAnswer?.(fetched.info);
    return fetched;
  }

  /** What was decoded of an entry before, or is now: one object for all who ask for the entry in this kind. */
  decoded<T>(wish: Wish, { kept }: Fetched, as: string, decode: (bytes: Uint8Array<ArrayBuffer>) => Weighed<T>): T {
    const known = kept.decoded.get(as);
    if (known !== undefined) return known.value as T;
    const { value, bytes } = decode(kept.bytes);
    kept.decoded.set(as, { value, bytes });
    this.cache.weighAgain(identityOf(wish.question, wish.form), kept);
    return value;
  }

  forgetFlights(): void {
    this.#flights.forget();
  }

  async #load(
    wish: Wish & { readonly id: string },
    asked: { readonly cache: string; readonly freshness: Freshness; readonly maxAge: number },
    context: FlightContext<Fetched>,
  ): Promise<Fetched> {
    const { cache, transport } = this;
    const usable = asked.cache === 'default';
    const before = usable ? (context.before?.kept ?? null) : null;
    const since = cache.invalidations;
    const known = usable ? ((await cache.facts(wish.id)) ?? before?.facts ?? null) : null;
    if (known !== null && this.#isYoung(known, asked)) {
      const atHand = await this.#atHand(wish.id, known, before);
      if (atHand !== null) return atHand;
    }
    context.sends();
    const asking = { ...context, transport, freshness: asked.freshness };
    let reply = await askFor(wish, known, asking);
    if (reply.kind === 'unchanged') {
      const atHand = await this.#atHand(wish.id, reply.facts, before);
      if (atHand !== null) {
        await cache.prove(wish.id, atHand.kept, reply.facts);
        return { ...atHand, info: this.#info(reply.facts, { from: atHand.info.from, verified: true }) };
      }
      // The bytes were damaged or removed between the look and the answer.
      reply = await askFor(wish, null, asking);
      if (reply.kind === 'unchanged') throw new Error('a request without a condition was answered "not modified"');
    }
    const sink = new MemorySink();
    const { response, sha256 } = await receive(reply.response, {
      transport,
      sink,
      signal: context.signal,
      begin: reply.again,
      onBytes: context.onBytes,
      isEnd: wish.form.format === 'arrow' ? isArrowEnd : undefined,
    });
    const kept = new Kept(reply.factsOf(response), sink.bytes(), sha256);
    if (asked.cache !== 'no-store') await cache.keep(wish.id, kept, since);
    return { kept, info: this.#info(kept.facts, { from: 'server', verified: true }) };
  }

  /** Only if they are still the bytes that were spoken of. */
  async #atHand(id: string, { etag }: Facts, before: Kept | null): Promise<Fetched | null> {
    const found = await this.cache.find(id);
    const { kept, from } = found?.kept.facts.etag === etag ? found : { kept: before, from: 'memory' as const };
    if (kept === null || kept.facts.etag !== etag) return null;
    return { kept, info: this.#info(kept.facts, { from, verified: false }) };
  }

  #isYoung(facts: Facts, { maxAge, freshness }: { readonly maxAge: number; readonly freshness: Freshness }): boolean {
    const age = ageSeconds(facts, this.transport.now());
    return maxAge > 0 && freshness.noCache !== true && age !== null && age <= maxAge;
  }

  #info(facts: Facts, origin: Pick<AnswerInfo, 'from' | 'verified'>): AnswerInfo {
    return infoOf(facts, this.transport.now(), origin);
  }
}

interface Weighed<T> {
  readonly value: T;
  readonly bytes: number;
}
