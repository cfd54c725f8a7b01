/**
 * Reads in ranges. Plain readers of Parquet send HEAD or ask for the file's last bytes, and then for one range after the
 * other, each a request of its own, without a condition, perhaps to several replicas. All ranges of one read must come
 * from one generation (docs/adr/0027):
 *
 *   HEAD, `bytes=-N`   begins a read: answered by policy, and the generation noted under who reads what
 *   whole              too, where it is long: who breaks off or is broken asks for the rest in ranges
 *   `bytes=A-B`        continues the read that is noted, on the generation it began with, though the head moved;
 *                      of several reads, the one that the range itself tells; else 409, never a guess
 *                      begins one where none is noted
 *
 * If-Range, If-Match and their dates pick the generation that they name. What a mark ended is not continued.
 */
import { createHash } from 'node:crypto';
import { ParqueueError, type FreshnessPolicy, type NotedRead, type Scope } from '@parqueue/core';
import { wholeManifest } from './asking.ts';
import { directivesOf } from './caller.ts';
import type { ApiContext } from './context.ts';
import type { DataCall, LiveSendable, Sendable } from './data-call.ts';
import { ifRangeOf, judge, rangeApplies } from './http/conditional.ts';
import { generationUrl, representationOf, type DataFacts } from './http/data-headers.ts';
import { asksForPart, isSuffixRange, readRange } from './http/range.ts';
import { fitsOneRead, PartLost } from './http/send-part.ts';
import type { Live } from './coordination-link.ts';
import { holdPinned } from './pin-keeper.ts';
import { chooseRead, IDLE_MS, type ExplicitRange } from './read-choice.ts';

export interface ReadTarget {
  readonly key: string;
  /** As the caller asked for it, or may know it. */
  readonly dataset: string | null;
  readonly scopes: readonly Scope[];
  /** As declared: for caches on the way. */
  readonly policy: FreshnessPolicy;
}

type Reading =
  /** Of rows that are converted. */
  | { readonly kind: 'none' }
  | { readonly kind: 'whole' }
  /** HEAD, or the last bytes: nobody continues with these. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'range'; readonly range: ExplicitRange };

/** PAR1 and nothing more: the same bytes in every generation, so that nobody is misled by them. */
const MAGIC_END = 3;
/** Ranges up to this are compared where they might be of one generation or of another. */
const COMPARED_BYTES_MAX = 4 * 1024 * 1024;

function readingOf({ request, form }: DataCall): Reading {
  const { range } = request.headers;
  if (form.format !== 'parquet') return { kind: 'none' };
  if (request.method === 'HEAD') return { kind: 'plain' };
  if (!asksForPart(range)) return { kind: 'whole' };
  if (isSuffixRange(range)) return { kind: 'plain' };
  const [, start = '', end = ''] = /=[ \t]*([0-9]+)-([0-9]*)/.exec(range ?? '') ?? [];
  return { kind: 'range', range: { start: Number(start), end: end === '' ? null : Number(end) } };
}

/**
 * @returns the generation that the range is to be sent from, or null where a read begins with this request
 * @throws ParqueueError PQ_GENERATION_CHANGED
 */
export async function continuedRead(call: DataCall, target: ReadTarget): Promise<Sendable | null> {
  const reading = readingOf(call);
  if (reading.kind !== 'range') return null;
  const live = call.context.link.current();
  const reader = new Reader(call, live, target);
  return await reader.continue(reading.range);
}

/**
 * Notes what a read begins with, before the answer tells the reader.
 * @throws PartLost where that is gone by now, since the ranges that follow could not be told from those of another read
 */
export async function noteReadBegun(
  call: DataCall,
  { facts, age, live }: LiveSendable,
  target: ReadTarget,
): Promise<void> {
  const reading = readingOf(call);
  if (reading.kind === 'none' || age.kind !== 'current') return;
  if (reading.kind === 'whole' && !mayBreakOff(call, facts)) return;
  const sent = readRange(call.request.headers.range, facts.manifest.part.bytes);
  if (call.request.method !== 'HEAD' && sent.kind === 'unsatisfiable') return;
  const range =
    reading.kind === 'range' ? textOf(reading.range) : sent.kind === 'part' ? `${sent.start}-${sent.end}` : '';
  const noted = await live.epochs.run(() =>
    live.coordination.notedReads.begin({
      name: nameOf(call, target),
      target,
      range: call.request.method === 'HEAD' ? '' : range,
      fence: facts.fence,
      verifiedAtMs: age.head.verifiedAtMs,
      committedAtMs: facts.committedAtMs,
      plainly: reading.kind !== 'range',
    }),
  );
  if (!noted) throw new PartLost('gone', 'the generation was removed before a read could begin with it');
}

/** A body of one read comes at once, and 304 has none: neither is worth a step in Redis. */
function mayBreakOff({ request, form }: DataCall, facts: DataFacts): boolean {
  return (
    !fitsOneRead(facts.manifest.part.bytes) && judge(request.headers, representationOf(facts, form)) !== 'not-modified'
  );
}

/** One request of a reader that may have reads noted. */
class Reader {
  readonly #call: DataCall;
  readonly #context: ApiContext;
  readonly #live: Live;
  readonly #target: ReadTarget;

  constructor(call: DataCall, live: Live, target: ReadTarget) {
    this.#call = call;
    this.#context = call.context;
    this.#live = live;
    this.#target = target;
  }

  async continue(range: ExplicitRange): Promise<Sendable | null> {
    const conditional = isConditional(this.#call);
    const wished = wishesAge(this.#call);
    const { reads, noted, nowMs } = await this.#recall(range, conditional || wished ? 'none' : 'sole');
    const sole = reads.find(({ fence }) => fence === noted);
    if (sole !== undefined) return await this.#sendable(sole, nowMs);
    if (conditional) return await this.#named(reads, range);
    // Who names an age that it wants, and never said HEAD, begins with every range.
    const known = reads.filter(({ first }) => first === '' || (!wished && first !== textOf(range)));
    return known.length === 0 ? null : await this.#chosen(known, range, nowMs);
  }

  /** The generation that If-Range, If-Match or their dates name; null where that is none of the noted ones. */
  async #named(reads: readonly NotedRead[], range: ExplicitRange): Promise<Sendable | null> {
    const { headers } = this.#call.request;
    for (const read of reads.filter(({ usable }) => usable).toReversed()) {
      const facts = await this.#facts(read);
      if (facts === null) continue;
      const representation = representationOf(facts, this.#call.form);
      if (judge(headers, representation) === 'failed' || !rangeApplies(ifRangeOf(headers), representation)) continue;
      const { noted, nowMs } = await this.#recall(range, read.fence);
      return noted === null ? null : this.#of(facts, read, nowMs);
    }
    return null;
  }

  async #chosen(reads: readonly NotedRead[], range: ExplicitRange, nowMs: number): Promise<Sendable | null> {
    const { key } = this.#target;
    const candidates = await Promise.all(
      reads.map(async (read) => ({ read, layout: await this.#context.layouts.of({ key, fence: read.fence }) })),
    );
    const choice = chooseRead(candidates, range, { text: textOf(range), nowMs });
    if (choice.kind === 'undecided' && !(await this.#sameBytes(choice.among, range))) {
      const idleAtMs = Math.max(...choice.among.map(({ usedAtMs }) => usedAtMs)) + IDLE_MS;
      throw generationChanged('the rows changed, and this range may belong to either generation', {
        generations: reads.map(({ fence }) => generationUrl(key, fence)),
        retryAfterMs: Math.max(0, idleAtMs - nowMs),
      });
    }
    const read = choice.kind === 'chosen' ? choice.read : choice.newest;
    const { noted } = read.usable ? await this.#recall(range, read.fence) : { noted: null };
    if (noted !== null) return await this.#sendable(read, nowMs);
    // However long ago: this reader has the footer of what was ended, and other bytes would not fit it.
    if (range.start === 0 && range.end !== null && range.end <= MAGIC_END) return null;
    throw readEnded();
  }

  async #sameBytes(reads: readonly NotedRead[], { start, end }: ExplicitRange): Promise<boolean> {
    if (end === null || end - start >= COMPARED_BYTES_MAX) return false;
    const [first, ...others] = await Promise.all(reads.map((read) => this.#bytes(read, start, end - start + 1)));
    return first !== undefined && first !== null && others.every((bytes) => bytes !== null && first.equals(bytes));
  }

  async #bytes({ fence }: NotedRead, start: number, length: number): Promise<Buffer | null> {
    const into = new Uint8Array(length);
    await using part = await this.#context.store.parts.open(this.#target.key, fence, { start, into });
    return part === null ? null : Buffer.from(part.first);
  }

  async #recall(range: ExplicitRange, under: number | 'sole' | 'none') {
    const asked = { name: nameOf(this.#call, this.#target), target: this.#target, range: textOf(range) };
    return await this.#live.epochs.run(() => this.#live.coordination.notedReads.recall(asked, under));
  }

  async #sendable(read: NotedRead, nowMs: number): Promise<Sendable> {
    const facts = await this.#facts(read);
    if (facts === null) throw readEnded();
    return this.#of(facts, read, nowMs);
  }

  async #facts({ fence, committedAtMs }: NotedRead): Promise<DataFacts | null> {
    const { key, dataset } = this.#target;
    const manifest = await wholeManifest(this.#context, this.#live, { key, fence });
    return manifest === null ? null : { key, dataset, fence, manifest, committedAtMs };
  }

  #of(facts: DataFacts, { verifiedAtMs }: NotedRead, nowMs: number): Sendable {
    const { metrics } = this.#context;
    metrics.requests.labels(metrics.datasetLabel(facts.dataset), 'hit').inc();
    return {
      hold: () => holdPinned(this.#live, facts, this.#context),
      facts,
      age: {
        kind: 'current',
        head: { verifiedAtMs },
        nowMs,
        policy: this.#target.policy,
        cache: { cache: 'continued', collapsed: false, staleReason: null },
      },
    };
  }
}

/** The generation that a read began with was invalidated, removed, or found damaged. */
export function readEnded(): ParqueueError {
  return generationChanged('the generation this read began with was invalidated or removed', {});
}

function generationChanged(why: string, details: Readonly<Record<string, unknown>>): ParqueueError {
  const message = `${why}: begin again, or read the URL in Content-Location, or send If-Match`;
  return new ParqueueError('PQ_GENERATION_CHANGED', message, { details });
}

/**
 * Who reads what, as far as a request tells. Never shown or logged: it holds nothing but a hash. Where proxies tell whom
 * they ask for, their own address tells nothing: one read may come through several of them.
 */
function nameOf({ context, request }: DataCall, { key }: ReadTarget): string {
  const { 'x-forwarded-for': forwardedFor, forwarded, 'user-agent': agent } = request.headers;
  const address = forwardedFor === undefined && forwarded === undefined ? request.socket.remoteAddress : null;
  // Of an open server, the principal is the address.
  const principal = context.gatekeeper.open ? null : request.principal.name;
  const told = [principal, address, forwardedFor, forwarded, agent, request.url, key];
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 32);
}

function isConditional({ request: { headers } }: DataCall): boolean {
  return ['if-range', 'if-match', 'if-unmodified-since'].some((name) => headers[name] !== undefined);
}

function wishesAge({ request }: DataCall): boolean {
  const { noCache, maxAgeMs } = directivesOf(request).wish;
  return noCache === true || maxAgeMs !== undefined;
}

function textOf({ start, end }: ExplicitRange): string {
  return `${start}-${end ?? ''}`;
}
