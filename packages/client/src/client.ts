/** The client: one method per thing a caller wants. Everything takes an AbortSignal; waiting has no other limit. */
import type { RecordBatch, Table } from 'apache-arrow';
import { Answer } from './answer.ts';
import { ClientCache, type CacheStats } from './cache/client-cache.ts';
import { Cached } from './cached/cached.ts';
import type { ParqueueOptions } from './client-options.ts';
import type {
  BatchesOptions,
  BytesOptions,
  FetchedFile,
  FetchOptions,
  FileOptions,
  PathOptions,
  PinnedFile,
  QuestionLike,
  Row,
  RowsOptions,
  TableOptions,
} from './fetch/options.ts';
import { Reading } from './fetch/reading.ts';
import { Management, type SignalOption } from './management.ts';
import { datasetCall, generationCall, queryCall, resolveCall } from './question.ts';
import { Transport } from './transport.ts';
import type {
  AskOptions,
  Format,
  Invalidated,
  InvalidateMode,
  InvalidateTarget,
  ParamValue,
  Question,
  Resolution,
} from './types.ts';

export interface GetOptions extends AskOptions {
  readonly params?: Readonly<Record<string, ParamValue>>;
  readonly columns?: readonly string[];
  /** Default parquet. */
  readonly format?: Format;
  /** The ETag of rows already at hand: answers without a body when they are still right. */
  readonly ifNoneMatch?: string;
}

export class Parqueue extends Management implements AsyncDisposable {
  /** Questions and functions of your own as cached functions and decorators. */
  readonly cached: Cached;
  readonly #transport: Transport;
  readonly #cache: ClientCache;
  readonly #reading: Reading;

  /** @throws TypeError where the URL is not one, or it or the API key cannot be sent. */
  constructor(options: ParqueueOptions) {
    requireUsable(options);
    const transport = new Transport(options);
    super(transport);
    this.#transport = transport;
    this.#cache = new ClientCache(options.cache, { url: transport.base, apiKey: options.apiKey ?? '' });
    this.#reading = new Reading(transport, this.#cache, options.mount);
    this.cached = new Cached({
      fetch: this.fetch.bind(this),
      invalidate: (target, mode) => this.invalidate(target, mode),
      store: options.store,
    });
  }

  /**
   * The rows of a dataset or of any question, loaded by the server first where need be, transferred only if what this
   * client keeps is not right any more. What it returns is shared with everybody who fetches the same: do not change it.
   *
   * `as`: `table` (default) an apache-arrow Table; `rows` plain objects, one type of value per column; `bytes` a
   * Uint8Array, Parquet unless `format` says otherwise; `file` a file of yours at `path`, replaced in one step; `path` a
   * file of the store's own on the `mount`, pinned until it is released.
   *
   * @throws ParqueueHttpError by `code`; the signal's reason when it aborts
   */
  fetch(question: QuestionLike, options?: TableOptions): Promise<Table>;
  fetch(question: QuestionLike, options: RowsOptions): Promise<readonly Row[]>;
  fetch(question: QuestionLike, options: BytesOptions): Promise<Uint8Array>;
  fetch(question: QuestionLike, options: FileOptions): Promise<FetchedFile>;
  fetch(question: QuestionLike, options: PathOptions): Promise<PinnedFile>;
  fetch(
    question: QuestionLike,
    options: FetchOptions = {},
  ): Promise<Table | readonly Row[] | Uint8Array | FetchedFile | PinnedFile> {
    return this.#reading.fetch(question, options);
  }

  /**
   * Rows of any number in bounded memory: a RecordBatch at a time, or its rows (`as: 'rows'`). Not cached. All batches are
   * of one generation, however often the transfer has to be continued; leaving the loop ends it.
   */
  fetchBatches(
    question: QuestionLike,
    options?: BatchesOptions & { readonly as?: 'table' },
  ): AsyncGenerator<RecordBatch, void>;
  fetchBatches(
    question: QuestionLike,
    options: BatchesOptions & { readonly as: 'rows' },
  ): AsyncGenerator<readonly Row[], void>;
  fetchBatches(
    question: QuestionLike,
    options: BatchesOptions = {},
  ): AsyncGenerator<RecordBatch, void> | AsyncGenerator<readonly Row[], void> {
    return this.#reading.batches(question, options) as AsyncGenerator<RecordBatch, void>;
  }

  /** The answer itself, uncached: headers, and the body as a stream. */
  async get(dataset: string, options: GetOptions = {}): Promise<Answer> {
    const { params, columns, format = 'parquet', onWait } = options;
    const question = { dataset, ...(params && { params }), ...(columns && { columns }) };
    return new Answer(await this.#transport.ask(datasetCall(question, { format }, options), onWait));
  }

  /** The same for any question. */
  async query(
    question: Question,
    options: AskOptions & { readonly format?: Format; readonly limit?: number } = {},
  ): Promise<Answer> {
    const { format = 'parquet', limit, onWait } = options;
    return new Answer(await this.#transport.ask(queryCall(question, { format, limit }, options), onWait));
  }

  /** The entry that answers a question, with the path of its file; `pin` (`"60s"`) keeps that file there. */
  async resolve(question: Question, options: AskOptions & { readonly pin?: string } = {}): Promise<Resolution> {
    return (await this.#transport.askJson(resolveCall(question, options), options.onWait)).value as Resolution;
  }

  /** The immutable bytes of one generation. */
  async generation(key: string, fence: number, options: SignalOption = {}): Promise<Answer> {
    return new Answer(await this.#transport.send(generationCall({ key, generation: fence }, null, options.signal)));
  }

  override async removeEntry(key: string, options: SignalOption = {}): Promise<void> {
    try {
      await super.removeEntry(key, options);
    } finally {
      await this.#reading.drop({ key });
    }
  }

  /** As the server's, and what this client keeps of the target is dropped: also where nobody knows whether it arrived. */
  override async invalidate(
    target: InvalidateTarget,
    mode: InvalidateMode = 'soft',
    options: SignalOption = {},
  ): Promise<Invalidated> {
    try {
      return await super.invalidate(target, mode, options);
    } finally {
      await this.#reading.drop(target);
    }
  }

  /** Forgets everything this client keeps, in memory and on its disk. */
  async clearCache(): Promise<void> {
    await this.#reading.drop('all');
  }

  get cacheStats(): CacheStats {
    return this.#cache.stats;
  }

  /** Lets wrapped functions that run here end (five seconds), and goes from their Redis. Without them there is nothing to close. */
  async close(): Promise<void> {
    await this.cached.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Told here, without their values: `fetch` would say them in an error of every request. */
function requireUsable({ url, apiKey = '' }: ParqueueOptions): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw new TypeError('url must be the address of a Parqueue server, such as http://127.0.0.1:8787');
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError('url must not have a user or a password: name the API key as apiKey');
  if (!/^[\x20-\x7e]*$/.test(apiKey.trim())) throw new TypeError('apiKey has characters that no header can carry');
}
