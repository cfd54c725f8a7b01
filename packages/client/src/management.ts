/** What a client does beside reading rows: the catalog, entries, fills, sources, invalidation. One method per route. */
import { readEvents } from './event-stream.ts';
import { asFillStatus, type Transport } from './transport.ts';
import type {
  CacheEvent,
  Catalog,
  DatasetDetails,
  EntryPage,
  EntryState,
  Explanation,
  FillEvent,
  FillPage,
  FillStatus,
  Invalidated,
  InvalidateMode,
  InvalidateTarget,
  Sources,
  Statistics,
} from './types.ts';

export interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

export class Management {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async datasets(options: SignalOption = {}): Promise<Catalog> {
    return this.#get<Catalog>('v1/datasets', options);
  }

  async dataset(name: string, options: SignalOption = {}): Promise<DatasetDetails> {
    return this.#get<DatasetDetails>(`v1/datasets/${encodeURIComponent(name)}`, options);
  }

  async sources(options: SignalOption = {}): Promise<Sources> {
    return this.#get<Sources>('v1/sources', options);
  }

  async entries(
    filter: {
      readonly prefix?: string;
      readonly dataset?: string;
      readonly limit?: number;
      readonly after?: string;
    } & SignalOption = {},
  ): Promise<EntryPage> {
    const { signal, ...query } = filter;
    return this.#transport.json({ method: 'GET', path: 'v1/entries', query, signal }) as Promise<EntryPage>;
  }

  async inspect(key: string, options: SignalOption = {}): Promise<EntryState> {
    return this.#get<EntryState>(`v1/entries/${encodeURIComponent(key)}`, options);
  }

  async explain(key: string, options: SignalOption = {}): Promise<Explanation> {
    return this.#get<Explanation>(`v1/entries/${encodeURIComponent(key)}/explain`, options);
  }

  /** What its columns hold: ranges, means, frequent values, histograms. */
  async statistics(key: string, options: SignalOption = {}): Promise<Statistics> {
    return this.#get<Statistics>(`v1/entries/${encodeURIComponent(key)}/statistics`, options);
  }

  /** Purges the entry: what this client keeps of it goes, too. */
  async removeEntry(key: string, options: SignalOption = {}): Promise<void> {
    await this.#transport.json({
      method: 'DELETE',
      path: `v1/entries/${encodeURIComponent(key)}`,
      signal: options.signal,
    });
  }

  /** soft: verify before the next use. hard: load again before it. purge: hard, and remove what is there. */
  async invalidate(
    target: InvalidateTarget,
    mode: InvalidateMode = 'soft',
    options: SignalOption = {},
  ): Promise<Invalidated> {
    return this.#transport.json({
      method: 'POST',
      path: 'v1/invalidate',
      body: { ...target, mode },
      signal: options.signal,
    }) as Promise<Invalidated>;
  }

  async fills(filter: { readonly state?: string } & SignalOption = {}): Promise<FillPage> {
    const { signal, ...query } = filter;
    return this.#transport.json({ method: 'GET', path: 'v1/fills', query, signal }) as Promise<FillPage>;
  }

  async fill(id: string, options: SignalOption = {}): Promise<FillStatus> {
    return asFillStatus(await this.#get<unknown>(`v1/fills/${encodeURIComponent(id)}`, options));
  }

  /** Progress as it happens, until the fill ends or the connection does. */
  async *fillEvents(id: string, options: SignalOption = {}): AsyncGenerator<FillEvent, void, undefined> {
    const headers = { accept: 'text/event-stream' };
    const response = await this.#transport.send({
      method: 'GET',
      path: `v1/fills/${encodeURIComponent(id)}/events`,
      headers,
      signal: options.signal,
    });
    if (response.body !== null) yield* readEvents(response.body);
  }

  /**
   * What happens in the cache while it happens, of one dataset or of all that the key may see; ends with the connection.
   * With the id of an event `head` or `evicted` the heads that moved or went since come first.
   */
  async *events(
    options: { readonly dataset?: string; readonly lastEventId?: string } & SignalOption = {},
  ): AsyncGenerator<CacheEvent, void, undefined> {
    const { dataset, lastEventId, signal } = options;
    const response = await this.#transport.send({
      method: 'GET',
      path: 'v1/events',
      query: { dataset },
      headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
      signal,
    });
    // The server says what each event holds.
    if (response.body !== null) for await (const event of readEvents(response.body)) yield event as CacheEvent;
  }

  async cancelFill(id: string, options: SignalOption = {}): Promise<void> {
    await this.#transport.json({
      method: 'DELETE',
      path: `v1/fills/${encodeURIComponent(id)}`,
      signal: options.signal,
    });
  }

  async #get<T>(path: string, options: SignalOption): Promise<T> {
    return this.#transport.json({ method: 'GET', path, signal: options.signal }) as Promise<T>;
  }
}
