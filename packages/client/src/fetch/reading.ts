/** `fetch` and `fetchBatches`: from what a caller wants to bytes, and from bytes to what it wants. */
import type { RecordBatch, Table } from 'apache-arrow';
import { onAbort } from '../ambient.ts';
import type { ClientCache } from '../cache/client-cache.ts';
import { clientError } from '../problem.ts';
import { toQuestion, type Form } from '../question.ts';
import type { Transport } from '../transport.ts';
import type { InvalidateTarget } from '../types.ts';
import { loadArrow } from './arrow.ts';
import type { Wish } from './asking.ts';
import { Fetcher, type Fetched } from './fetcher.ts';
import { Flights } from './flights.ts';
import {
  loadProgress,
  type BatchesOptions,
  type FetchBase,
  type FetchedFile,
  type FetchOptions,
  type FileOptions,
  type FormOptions,
  type PathOptions,
  type PinnedFile,
  type QuestionLike,
  type Row,
  type WindowOptions,
} from './options.ts';

const PIN_SECONDS = 60;
const PIN_SECONDS_MIN = 5;

export class Reading {
  readonly #fetcher: Fetcher;
  readonly #files = new Flights<FetchedFile>();
  readonly #mount: string | undefined;

  constructor(transport: Transport, cache: ClientCache, mount: string | undefined) {
    this.#fetcher = new Fetcher(transport, cache);
    this.#mount = mount;
  }

  async fetch(
    question: QuestionLike,
    options: FetchOptions,
  ): Promise<Table | readonly Row[] | Uint8Array | FetchedFile | PinnedFile> {
    switch (options.as) {
      case 'rows':
        return this.#rows(arrowWish(question, options), options);
      case 'bytes': {
        const { kept } = await this.#fetcher.fetch(wishOf(question, options), options);
        return kept.bytes;
      }
      case 'file':
        return this.#file(wishOf(question, options), options);
      case 'path':
        return this.#path(question, options);
      case 'table':
      case undefined:
        return this.#table(arrowWish(question, options), options);
      default:
        throw new TypeError('as must be table, rows, bytes, file or path');
    }
  }

  async *batches(question: QuestionLike, options: BatchesOptions): AsyncGenerator<RecordBatch | readonly Row[], void> {
    const { fetchBatches } = await import('./batches.ts');
    const { transport } = this.#fetcher;
    const batches = fetchBatches(arrowWish(question, options), { ...options, transport });
    if (options.as !== 'rows') return yield* batches;
    const [arrow, { decodeRows }] = await Promise.all([loadArrow(), import('./rows.ts')]);
    for await (const batch of batches) yield decodeRows(arrow, batch).rows;
  }

  /** What this client keeps and a change may concern is forgotten, and nothing under way is kept. */
  async drop(target: InvalidateTarget | 'all'): Promise<void> {
    this.#forgetFlights();
    await this.#fetcher.cache.drop(target);
    // One that began meanwhile may look at what was on disk still.
    this.#forgetFlights();
  }

  #forgetFlights(): void {
    this.#fetcher.forgetFlights();
    this.#files.forget();
  }

  async #table(wish: Wish, options: FetchBase): Promise<Table> {
    const [arrow, fetched] = await this.#together(loadArrow(), wish, options);
    // The table's columns are views of these bytes: it takes no memory of its own.
    return this.#fetcher.decoded(wish, fetched, 'table', (bytes) => ({ value: arrow.tableFromIPC(bytes), bytes: 0 }));
  }

  async #rows(wish: Wish, options: FetchBase): Promise<readonly Row[]> {
    const loading = Promise.all([loadArrow(), import('./rows.ts')]);
    const [[arrow, { decodeRows }], fetched] = await this.#together(loading, wish, options);
    return this.#fetcher.decoded(wish, fetched, 'rows', (ipc) => {
      const { rows, bytes } = decodeRows(arrow, arrow.tableFromIPC(ipc));
      return { value: rows, bytes };
    });
  }

  /** The request begins in the turn of the call, so that calls of one turn share it; a package that is missing ends it. */
  async #together<T>(loading: Promise<T>, wish: Wish, options: FetchBase): Promise<readonly [T, Fetched]> {
    const leaving = new AbortController();
    const stay = onAbort(options.signal, () => leaving.abort(options.signal?.reason));
    try {
      return await Promise.all([loading, this.#fetcher.fetch(wish, { ...options, signal: leaving.signal })]);
    } catch (error) {
      leaving.abort(error);
      throw error;
    } finally {
      stay();
    }
  }

  async #file(wish: Wish, options: FileOptions): Promise<FetchedFile> {
    const { fetchFile } = await import('./file.ts');
    const { transport } = this.#fetcher;
    const { path, freshness, cache, maxAge, signal, onWait, onProgress } = options;
    const id = JSON.stringify([path, wish, freshness, cache, maxAge]);
    const file = await this.#files.share(id, { signal, onWait, onProgress }, (flight) =>
      fetchFile({ ...wish, path }, { freshness, cache, maxAge }, { transport, flight }),
    );
    options.onAnswer?.(file.info);
    return file;
  }

  async #path(asked: QuestionLike, options: PathOptions): Promise<PinnedFile> {
    const mount = this.#mount;
    if (mount === undefined) {
      const message =
        'no mount is configured: new Parqueue({ mount }) names where the store is mounted on this machine';
      throw clientError('NOT_MOUNTED', message);
    }
    const { fetchPinned } = await import('./pinned.ts');
    const question = toQuestion(asked, options.columns);
    const pinSeconds = Math.max(PIN_SECONDS_MIN, Math.ceil(options.pinSeconds ?? PIN_SECONDS));
    const { freshness, signal, onProgress } = options;
    const onWait: PathOptions['onWait'] = (fill) => {
      options.onWait?.(fill);
      onProgress?.(loadProgress(fill));
    };
    const pinned = await fetchPinned(
      question,
      { mount, pinSeconds, freshness, signal, onWait },
      this.#fetcher.transport,
    );
    options.onAnswer?.(pinned.info);
    return pinned;
  }
}

function arrowWish(question: QuestionLike, options: WindowOptions & Pick<FetchBase, 'columns'>): Wish {
  const { limit, offset, columns } = options;
  return wishOf(question, { format: 'arrow', limit, offset, columns });
}

type AnyForm = { readonly [Name in keyof FormOptions]: FormOptions[Name] | undefined } & {
  readonly columns?: readonly string[] | undefined;
};

function wishOf(question: QuestionLike, { format = 'parquet', limit, offset, numbers, columns }: AnyForm): Wish {
  const form: Form = { format, limit, offset: offset === 0 ? undefined : offset, numbers };
  return { question: toQuestion(question, columns), form };
}
