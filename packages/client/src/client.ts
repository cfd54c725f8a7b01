/** The client: one method per thing a caller wants. Everything takes an AbortSignal; waiting has no other limit. */
import { Answer } from './answer.ts';
import { readEvents } from './event-stream.ts';
import { asFillStatus, Transport, type TransportOptions } from './transport.ts';
import type {
  AskOptions,
  Entry,
  EntryPage,
  FillEvent,
  FillStatus,
  Format,
  Freshness,
  InvalidateMode,
  InvalidateTarget,
  ParamValue,
  Question,
} from './types.ts';

export interface ParqueueOptions extends TransportOptions {}

export interface GetOptions extends AskOptions {
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly columns?: readonly string[];
  /** Default parquet. */
  readonly format?: Format;
  /** The ETag of rows already at hand: answers without a body when they are still right. */
  readonly ifNoneMatch?: string;
}

export interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

export class Parqueue {
  readonly #transport: Transport;

  /** @throws TypeError where the URL is not one. */
  constructor(options: ParqueueOptions) {
    if (!URL.canParse(options.url))
      throw new TypeError('url must be the address of a Parqueue server, such as http://127.0.0.1:8787');
    this.#transport = new Transport(options);
  }

  /** The rows of a dataset, loaded first where need be. */
  async get(dataset: string, options: GetOptions = {}): Promise<Answer> {
    const { params = {}, columns, format = 'parquet', ifNoneMatch } = options;
    const query = {
      ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
      format,
      columns: columns?.join(','),
    };
    const headers = { ...askHeaders(options), ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }) };
    const call = {
      method: 'GET',
      path: `v1/datasets/${encodeURIComponent(dataset)}/data`,
      query,
      headers,
      signal: options.signal,
    } as const;
    return new Answer(await this.#transport.ask(call, options.onWait));
  }

  /** The rows of any question. */
  async query(question: Question, options: AskOptions & { readonly format?: Format } = {}): Promise<Answer> {
    const call = {
      method: 'POST',
      path: 'v1/query',
      query: { format: options.format ?? 'parquet' },
      body: question,
      headers: askHeaders(options),
      signal: options.signal,
    } as const;
    return new Answer(await this.#transport.ask(call, options.onWait));
  }

  /** The entry that answers a question, with the path of its file; `pin` (`"60s"`) keeps that file there. */
  async resolve(question: Question, options: AskOptions & { readonly pin?: string } = {}): Promise<Entry> {
    const body = options.pin === undefined ? question : { ...question, pin: options.pin };
    const call = {
      method: 'POST',
      path: 'v1/resolve',
      body,
      headers: askHeaders(options),
      signal: options.signal,
    } as const;
    return (await this.#transport.ask(call, options.onWait)).json() as Promise<Entry>;
  }

  async datasets(options: SignalOption = {}): Promise<unknown> {
    return this.#get('v1/datasets', options);
  }

  async dataset(name: string, options: SignalOption = {}): Promise<unknown> {
    return this.#get(`v1/datasets/${encodeURIComponent(name)}`, options);
  }

  async sources(options: SignalOption = {}): Promise<unknown> {
    return this.#get('v1/sources', options);
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

  async inspect(key: string, options: SignalOption = {}): Promise<unknown> {
    return this.#get(`v1/entries/${encodeURIComponent(key)}`, options);
  }

  async explain(key: string, options: SignalOption = {}): Promise<unknown> {
    return this.#get(`v1/entries/${encodeURIComponent(key)}/explain`, options);
  }

  /** The immutable bytes of one generation. */
  async generation(key: string, fence: number, options: SignalOption = {}): Promise<Answer> {
    const path = `v1/entries/${encodeURIComponent(key)}/generations/${fence}/data`;
    return new Answer(await this.#transport.send({ method: 'GET', path, signal: options.signal }));
  }

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
  ): Promise<unknown> {
    return this.#transport.json({
      method: 'POST',
      path: 'v1/invalidate',
      body: { ...target, mode },
      signal: options.signal,
    });
  }

  async fills(filter: { readonly state?: string } & SignalOption = {}): Promise<unknown> {
    const { signal, ...query } = filter;
    return this.#transport.json({ method: 'GET', path: 'v1/fills', query, signal });
  }

  async fill(id: string, options: SignalOption = {}): Promise<FillStatus> {
    return asFillStatus(await this.#get(`v1/fills/${encodeURIComponent(id)}`, options));
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

  async cancelFill(id: string, options: SignalOption = {}): Promise<void> {
    await this.#transport.json({
      method: 'DELETE',
      path: `v1/fills/${encodeURIComponent(id)}`,
      signal: options.signal,
    });
  }

  async #get(path: string, options: SignalOption): Promise<unknown> {
    return this.#transport.json({ method: 'GET', path, signal: options.signal });
  }
}

function askHeaders({ freshness }: AskOptions): Record<string, string> {
  const cacheControl = freshness === undefined ? '' : cacheControlOf(freshness);
  return cacheControl === '' ? {} : { 'cache-control': cacheControl };
}

function cacheControlOf(freshness: Freshness): string {
  const directives = [
    freshness.noCache === true ? 'no-cache' : null,
    freshness.maxAge === undefined ? null : `max-age=${freshness.maxAge}`,
    freshness.maxStale === undefined
      ? null
      : Number.isFinite(freshness.maxStale)
        ? `max-stale=${freshness.maxStale}`
        : 'max-stale',
    freshness.onlyIfCached === true ? 'only-if-cached' : null,
  ];
  return directives.filter((directive) => directive !== null).join(', ');
}
