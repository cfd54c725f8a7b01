/**
 * One connection to a Postgres server, around pg's Client: one statement at a time, a limit for each call that does not
 * depend on the server, and whether it is lost. pg queues what it is given; here a second statement while one runs is a
 * defect, since behind rows that nobody reads it would wait for ever.
 */
import type { Client } from 'pg';
import type { Clock } from '../../ports/clock.ts';
import { CallTimeout } from './faults.ts';
import type { FramedConnection } from './frames.ts';
import { RowReader, type RowsWish } from './row-reader.ts';
import { StatementReader, type DescribedField } from './statement-reader.ts';

/** After its limit a call has this long to end by the server's own limit, and again this long after it was cancelled. */
const GRACE_MS = 2000;

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
    return this.#running === null;
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

  async next(reader: RowReader): Promise<unknown[][]> {
    const rows = await this.#limited(reader.next());
    if (reader.ended && this.#running === reader) this.#running = null;
    return rows;
  }

  async cancel(): Promise<void> {
    if (this.#running instanceof RowReader) this.#running.discard();
    try {
      await this.#parts.cancel(this);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Whatever is under way fails at once. */
  destroy(): void {
    this.#lost = true;
    this.wire.stream.destroy();
  }

  async end(): Promise<void> {
    // A server at work does not notice that nobody listens any more.
    if (!this.#lost && this.#running !== null) await this.cancel().catch(() => undefined);
    if (this.#lost || this.#running !== null) return this.destroy();
    this.#lost = true;
    await this.#parts.client.end();
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
    if (this.#running !== null) throw new Error('a statement was run while another one is under way');
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
      await this.cancel().catch(() => undefined);
      await clock.sleep(GRACE_MS, settled);
      this.destroy();
    } catch {
      // The call ended in time.
    }
  }
}
