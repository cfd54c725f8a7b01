/** The questions of the demonstration, over HTTP like everybody's, and the workers' own count of their loads. */
import { createHash } from 'node:crypto';
import { Parqueue, type Answer, type Question } from '@parqueue/client';
import type { Context } from '../context.ts';
import { scrape, sumOf } from '../metrics-text.ts';
import { spellBytes, spellCount, spellMs } from '../output/units.ts';
import type { Stack } from '../up/stack.ts';
import { ClaimBroken, type Telling } from './story.ts';

/** Nothing here takes longer on a slow machine; a hang is a failure with a name. */
const ASK_TIMEOUT_MS = 90_000;

export interface Asked {
  readonly key: string;
  readonly etag: string;
  readonly generation: number;
  readonly version: string;
  readonly cacheStatus: string;
  readonly bytes: number;
}

export interface AskedRows extends Asked {
  readonly rows: number;
  readonly firstRow: Readonly<Record<string, unknown>>;
}

export class Asking {
  readonly #context: Context;
  readonly #stack: Stack;
  readonly #client: Parqueue;

  constructor(context: Context, stack: Stack) {
    this.#context = context;
    this.#stack = stack;
    this.#client = new Parqueue({ url: stack.url });
  }

  /**
   * Asks, tells how the answer came about, and looks into it, which asks again: `onAnswered` is called in between, for
   * whoever counts what one ask costs.
   */
  async ask(
    telling: Telling,
    question: Question,
    onAnswered: () => Promise<void> = async () => {},
  ): Promise<AskedRows> {
    const began = this.#context.clock.now();
    const asked = await this.fetchWhole(question);
    const ms = this.#context.clock.now() - began;
    await onAnswered();
    const { rows } = await this.#client.resolve(question, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    telling.show('answer', `${spellCount(rows)} rows, ${spellBytes(asked.bytes)} in ${spellMs(ms)}`);
    telling.show('Cache-Status', asked.cacheStatus);
    telling.show('generation', `g${asked.generation} (its fence), ETag ${asked.etag.slice(0, 14)}…`);
    const look = await this.#fetch(question, 'json');
    return { ...asked, rows, firstRow: firstOf(await look.json()) };
  }

  /** All bytes, which must be those that the ETag names. */
  async fetchWhole(question: Question): Promise<Asked> {
    const answer = await this.#fetch(question, 'parquet');
    const bytes = await answer.bytes();
    const digest = createHash('sha256').update(bytes).digest('hex');
    const etag = answer.etag ?? '';
    if (!etag.includes(digest)) throw new ClaimBroken(`the bytes of ${answer.key} have the hash of their ETag`);
    return {
      key: answer.key ?? '',
      etag,
      generation: answer.generation ?? 0,
      version: answer.version ?? '',
      cacheStatus: answer.cacheStatus ?? '',
      bytes: bytes.byteLength,
    };
  }

  async isNotModified(dataset: string, etag: string): Promise<boolean> {
    return (await this.#client.get(dataset, { ifNoneMatch: etag, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }))
      .notModified;
  }

  /** Many callers at once. Tells how their answers came about; they must all have got the same bytes. */
  async crowd(telling: Telling, question: Question, callers: number): Promise<Asked> {
    const asked = await Promise.all(Array.from({ length: callers }, async () => await this.fetchWhole(question)));
    const tally = new Map<string, number>();
    for (const { cacheStatus } of asked) {
      const kind = /;\s*hit/.test(cacheStatus) ? 'hit' : `fwd${/collapsed/.test(cacheStatus) ? ', collapsed' : ''}`;
      tally.set(kind, (tally.get(kind) ?? 0) + 1);
    }
    telling.show('answers', [...tally].map(([kind, count]) => `${count} × ${kind}`).join(', '));
    const [first] = asked;
    if (first === undefined || asked.some(({ etag }) => etag !== first.etag))
      throw new ClaimBroken(`all ${callers} callers got the same bytes`);
    return first;
  }

  /** Loads of rows, as all workers together count them, whatever became of them. */
  async loads(): Promise<number> {
    const samples = await scrape(this.#stack.workerUrls);
    return ['committed', 'fenced', 'failed', 'cancelled'].reduce(
      (sum, outcome) => sum + sumOf(samples, 'parqueue_fills_total', { outcome }),
      0,
    );
  }

  async #fetch(question: Question, format: 'parquet' | 'json'): Promise<Answer> {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    if (!('dataset' in question)) return await this.#client.query(question, { format, signal });
    const limit = format === 'json' ? { limit: 1 } : {};
    return await this.#client.get(question.dataset, { params: { ...question.params, ...limit }, format, signal });
  }
}

/** JSON rows come as an array, or under `rows`. */
function firstOf(value: unknown): Readonly<Record<string, unknown>> {
  const rows: unknown = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null && 'rows' in value
      ? value.rows
      : [];
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined;
  return typeof first === 'object' && first !== null ? { ...first } : {};
}
