/** The questions of the demonstration, over HTTP like everybody's, and the workers' own count of their loads. */
import { createHash } from 'node:crypto';
import { Parqueue, type Answer } from '@parqueue/client';
import type { Context } from '../context.ts';
import { scrape, sumOf } from '../metrics-text.ts';
import { spellBytes, spellMs } from '../output/units.ts';
import type { Stack } from '../up/stack.ts';
import { ClaimBroken, type Telling } from './story.ts';

/** Nothing here takes longer on a slow machine; a hang is a failure with a name. */
const ASK_TIMEOUT_MS = 90_000;

export interface Asked {
  readonly etag: string;
  readonly generation: number;
  readonly cacheStatus: string;
  readonly bytes: number;
}

export interface AskedRows extends Asked {
  readonly rows: number;
  readonly revision: number;
  readonly firstRow: unknown;
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

  async ask(telling: Telling, dataset: string, params: Readonly<Record<string, string>> = {}): Promise<AskedRows> {
    const began = this.#context.clock.now();
    const asked = await this.fetchWhole(dataset, params);
    telling.show('answer', `${spellBytes(asked.bytes)} in ${spellMs(this.#context.clock.now() - began)}`);
    telling.show('Cache-Status', asked.cacheStatus);
    telling.show('generation', `g${asked.generation} (its fence), ETag ${asked.etag.slice(0, 14)}…`);
    const entry = await this.#client.resolve({ dataset, params }, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const look = await this.#client.get(dataset, {
      params: { ...params, limit: 1 },
      format: 'json',
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    const firstRow = firstOf(await look.json());
    return { ...asked, rows: entry.rows, revision: Number(firstRow['revision']), firstRow };
  }

  /** All bytes, which must be those that the ETag names. */
  async fetchWhole(dataset: string, params: Readonly<Record<string, string>> = {}): Promise<Asked> {
    const answer: Answer = await this.#client.get(dataset, { params, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    const bytes = await answer.bytes();
    const digest = createHash('sha256').update(bytes).digest('hex');
    const etag = answer.etag ?? '';
    if (!etag.includes(digest)) throw new ClaimBroken(`the bytes of ${dataset} have the hash of their ETag`);
    return { etag, generation: answer.generation ?? 0, cacheStatus: answer.cacheStatus ?? '', bytes: bytes.byteLength };
  }

  async isNotModified(dataset: string, etag: string): Promise<boolean> {
    return (await this.#client.get(dataset, { ifNoneMatch: etag, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }))
      .notModified;
  }

  /** Loads of rows, as all workers together count them, whatever became of them. */
  async loads(): Promise<number> {
    const samples = await scrape(this.#stack.workerUrls);
    return ['committed', 'fenced', 'failed', 'cancelled'].reduce(
      (sum, outcome) => sum + sumOf(samples, 'parqueue_fills_total', { outcome }),
      0,
    );
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
