/**
 * One connection to a Postgres server, around pg's Client: one statement at a time, a limit for each call that does not
 * depend on the server, and whether it is lost. pg queues what it is given; here a second statement while one runs is a
 * defect, since behind rows that nobody reads it would wait for ever.
 */
import type { Client } from 'pg';
import type { Clock } from '../../ports/clock.ts';
import { CallTimeout } from '../sql/faults.ts';
import type { FramedConnection } from './frames.ts';
import type { WireChunk } from '../sql/wire/fields.ts';
import { RowReader, type RowsWish } from './row-reader.ts';
import { StatementReader, type DescribedField } from './statement-reader.ts';

/** After its limit a call has this long to end by the server's own limit, and again this long after it was cancelled. */
const GRACE_MS = 2000;

/** Ten cancellations in two and a half seconds; the server makes a process for each. */
const CANCELS_MAX = 10;
const LOOKS_PER_CANCEL = 25;
const LOOK_MS = 10;

const AS_TEXT = { getTypeParser: () => (text: string) => text } as const;

export interface ConnectionParts {
  readonly client: Client;
  readonly wire: FramedConnection;
  readonly clock: Clock;
  /** Asks the server to end what runs on the connection. */
  readonly cancel: (connection: PostgresConnection) => Promise<void>;
}

/** A row of a small question: each value as text, or null. */
export type TextRow = readonly (string | null)[];

export class PostgresConnection {
  readonly #parts: ConnectionParts;
  #lost = false;
  #running: object | null = null;
  #cancelling: Promise<void> | null = null;
  #limitMs = Number.POSITIVE_INFINITY;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const lost = (): void => {
      this.#lost = true;
    };
    // Whatever is under way fails by itself; without a listener an error of an idle connection would end the process.
    parts.client.on('error', lost);
    parts.client.on('end', lost);
  }

  get lost(): boolean {
    return this.#lost;
  }

  get idle(): boolean {
    const running = this.#running;
    return running === null || (running instanceof RowReader && running.ended);
  }

  get wire(): FramedConnection {
    return this.#parts.wire;
  }

  /** Of the server's process, for a CancelRequest. */
  get secret(): { readonly processId: number; readonly secretKey: number } {
    const { client } = this.#parts;
    return { processId: Number(Reflect.get(client, 'processID')), secretKey: Number(Reflect.get(client, 'secretKey')) };
  }

  /** How long each call that follows may take. */
  limit(ms: number): void {
    this.#limitMs = ms;
  }

  /** One statement, answered whole. */
  async query(text: string, values: readonly (string | null)[] = []): Promise<readonly TextRow[]> {
    const query = { text, values: [...values], rowMode: 'array', types: AS_TEXT, queryMode: 'extended' } as const;
    const { rows } = await this.#alone(() => this.#parts.client.query<(string | null)[]>(query));
    return rows;
  }

  /** The columns of a statement, which is parsed and not run. */
  async describe(text: string): Promise<readonly DescribedField[]> {
    return await this.#alone(async () => {
      const reader = new StatementReader(text);
      this.#parts.client.query(reader as never);
      return await reader.fields;
    });
  }

  /** Runs a statement; the connection is taken until its reader has ended. */
  rows(wish: RowsWish): RowReader {
    this.#claim();
    const reader = new RowReader(wish);
    this.#running = reader;
    this.#parts.client.query(reader as never);
    return reader;
  }

  async next(reader: RowReader): Promise<WireChunk> {
    const next = reader.next();
    return reader.isWaited ? await this.#limited(next) : await next;
  }

  /**
   * Ends what runs, on the server. Settles when it has ended, or cannot be ended this way. Asked for again until then: a
   * request that arrives between two messages of ours, or before the server looks at it while it prepares to execute
   * (loading its JIT compiler takes long), is forgotten by the server.
   */
  async cancel(): Promise<void> {
    if (this.#running instanceof RowReader) this.#running.discard();
    this.#cancelling ??= this.#cancelUntilIdle();
    await this.#cancelling;
  }

  /** Whatever is under way fails at once. */
  destroy(): void {
    this.#lost = true;
    this.wire.stream.destroy();
  }

  async end(): Promise<void> {
    // A server at work does not notice that nobody listens any more.
    if (!this.#lost && !this.idle) await this.cancel();
    if (this.#lost || !this.idle || this.#cancelling !== null) return this.destroy();
    this.#lost = true;
    await this.#parts.client.end();
  }

  async #cancelUntilIdle(): Promise<void> {
    const { clock, cancel } = this.#parts;
    try {
      for (let tries = 0; tries < CANCELS_MAX && !this.idle && !this.#lost; tries += 1) {
        await cancel(this);
        for (let looks = 0; looks < LOOKS_PER_CANCEL && !this.idle; looks += 1) await clock.sleep(LOOK_MS);
      }
    } catch {
      // The server cannot be told: it notices when it has something to send.
      this.destroy();
    }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#claim();
    const claim = {};
    this.#running = claim;
    const working = work();
    // Given up, it may still be on the wire.
    const free = (): void => {
      if (this.#running === claim) this.#running = null;
    };
    working.then(free, free);
    return await this.#limited(working);
  }

  #claim(): void {
    if (!this.idle) throw new Error('a statement was run while another one is under way');
  }

  /** The server keeps a limit of its own, but a server that is frozen, or a network that is, keeps none. */
  async #limited<T>(work: Promise<T>): Promise<T> {
    const { clock } = this.#parts;
    const limitMs = this.#limitMs;
    if (!Number.isFinite(limitMs)) return await work;
    const settled = new AbortController();
    const beganMs = clock.now();
    void this.#endAfter(limitMs, settled.signal);
    try {
      return await work;
    } catch (error) {
      // Of any language: the server's words for its own limit and for a cancellation differ in nothing but text.
      if (clock.now() - beganMs >= limitMs) throw new CallTimeout('the call took longer than it may', { cause: error });
      throw error;
    } finally {
      settled.abort();
    }
  }

  async #endAfter(ms: number, settled: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    try {
      await clock.sleep(ms + GRACE_MS, settled);
      void this.cancel();
      await clock.sleep(GRACE_MS, settled);
      this.destroy();
    } catch {
      // The call ended in time.
    }
  }
}
