/**
 * The near end of a thread for Parquet files: begun by the first file, let go when it idles (WebAssembly's memory never
 * shrinks) and after a trap. It keeps the process alive only while a file is being written or read.
 *
 * The thread belongs to the one that began it, and ends with it: a thread is over only when those that it began are, so
 * whoever waits for its end knows that nothing is written any more.
 */
import { AsyncResource } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { tableToIPC, Table, type RecordBatch, type Schema } from 'apache-arrow';
import { ParqueueError, toFailure, type Failure } from '../../model/errors.ts';
import type { ParquetOptions } from '../../model/request.ts';
import { cancelled } from '../hashed-file.ts';
import { serialise } from '../serialised-batch.ts';
import type { FileTask, FromThread, ToThread, WrittenFile } from './protocol.ts';

export interface WriteOrder {
  readonly path: string;
  readonly schema: Schema;
  /** Or the Arrow stream of each alone, whose buffer is handed over. */
  readonly batches: AsyncIterable<RecordBatch | Uint8Array>;
  readonly parquet: ParquetOptions;
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
  readonly onFirstBatch: () => void | Promise<void>;
  readonly onProgress: (progress: { readonly rows: number; readonly bytes: number }) => void;
}

/** From src and dist alike this is the built entry: what runs in production is what tests run. */
const ENTRY = new URL('../../../dist/parquet/thread/parquet.thread.js', import.meta.url);

const IDLE_MS = 30_000;

/** Of its JavaScript heap: batches and WebAssembly's memory are outside of it. A footer may have 10,000 columns. */
const HEAP_MB = 256;
const YOUNG_HEAP_MB = 16;

/** One thread and the tasks it has; a new one takes its place when it must go. */
class Thread {
  readonly worker: Worker;
  readonly tasks = new Set<(failure: Failure) => void>();
  retired = false;

  constructor(entry: URL, onEnd: () => void) {
    // Flags of the application (a debugger's, a loader's) are not for this thread.
    this.worker = new Worker(fileURLToPath(entry), {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB, stackSizeMb: 4 },
    });
    let reason = 'it ended';
    this.worker.on('error', (error: Error) => {
      reason = error.message;
    });
    this.worker.on('exit', () => {
      onEnd();
      const message = `the thread that handles Parquet files ended before its work was done: ${reason}`;
      for (const fail of this.tasks) fail({ code: 'PQ_WORKER_CRASHED', message, retryable: true });
    });
  }
}

export class FileThread implements AsyncDisposable {
  readonly #entry: URL;
  #thread: Thread | null = null;
  #idle: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(entry: URL = ENTRY) {
    this.#entry = entry;
  }

  /** @throws what the batches or a listener throw; ParqueueError as writeParquetFile, PQ_WORKER_CRASHED, PQ_CANCELLED */
  async write(order: WriteOrder): Promise<WrittenFile> {
    const { path, parquet, rowsMax, bytesMax } = order;
    const schema = tableToIPC(new Table(order.schema), 'stream');
    const batches = order.batches[Symbol.asyncIterator]();
    // An iterable is code of the application: it runs as part of its load, whichever message asks for its next step.
    const step = AsyncResource.bind(() => batches.next());
    let sent = 0;
    let wanted = 0;
    let isSending = false;
    // In a box, since anything may be thrown: null and undefined too.
    const given: { failure: { readonly error: unknown } | null } = { failure: null };
    const task = { kind: 'write', path, parquet, rowsMax, bytesMax, schema } as const;
    try {
      const written = await this.#run<WrittenFile>(task, order.signal, (message, line) => {
        if (message.kind === 'progress' && given.failure === null) {
          try {
            order.onProgress(message);
          } catch (error) {
            given.failure = { error };
            line.tell({ kind: 'stop', failure: toFailure(error) });
          }
        }
        if (message.kind === 'written') line.done(message.file);
        if (message.kind !== 'next') return;
        wanted += 1;
        if (isSending) return;
        isSending = true;
        void (async () => {
          try {
            for (; wanted > 0; wanted -= 1) {
              const next = await step();
              if (next.done === true) return line.tell({ kind: 'end' });
              if (sent === 0) await order.onFirstBatch();
              sent += 1;
              const ipc = next.value instanceof Uint8Array ? next.value : serialise(next.value);
              line.tell({ kind: 'batch', ipc }, ownBuffer(ipc));
            }
            isSending = false;
          } catch (error) {
            given.failure = { error };
            line.tell({ kind: 'stop', failure: toFailure(error) });
          }
        })();
      });
      // It had written all when the listener failed.
      if (given.failure !== null) throw given.failure.error;
      return written;
    } catch (error) {
      throw given.failure === null ? error : given.failure.error;
    } finally {
      void Promise.resolve(batches.return?.()).catch(() => undefined);
    }
  }

  /** An Arrow stream of all rows, in pieces. @throws ParqueueError PQ_STORE_IO, PQ_WORKER_CRASHED, PQ_CANCELLED */
  async read(
    file: { readonly path: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    return await this.#run<readonly Uint8Array[]>({ kind: 'read', ...file }, signal, (message, line) => {
      if (message.kind === 'piece') pieces.push(message.ipc);
      if (message.kind === 'read') line.done(pieces);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#thread?.worker.terminate();
  }

  #run<T>(task: FileOrder, signal: AbortSignal, hear: (message: FromThread, line: Line<T>) => void): Promise<T> {
    const thread = this.#begin();
    const { port1: port, port2: theirs } = new MessageChannel();
    return new Promise<T>((resolve, reject) => {
      const tell = (message: ToThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
      const fail = (failure: Failure): void => {
        end();
        reject(ParqueueError.from(failure));
      };
      const onAbort = (): void => tell({ kind: 'stop', failure: toFailure(cancelled(signal)) });
      const end = (): void => {
        thread.tasks.delete(fail);
        signal.removeEventListener('abort', onAbort);
        port.close();
        this.#rest(thread);
      };
      const done = (value: T): void => {
        end();
        resolve(value);
      };
      thread.tasks.add(fail);
      port.on('message', (message: FromThread) => {
        if (message.kind !== 'failed') return hear(message, { tell, done });
        if (message.recycle) this.#retire(thread);
        fail(ofAnotherThread(message.failure));
      });
      signal.addEventListener('abort', onAbort, { once: true });
      thread.worker.postMessage({ ...task, port: theirs } satisfies FileTask, [theirs]);
      if (signal.aborted) onAbort();
    });
  }

  #begin(): Thread {
    if (this.#closed) throw new ParqueueError('PQ_CANCELLED', 'this Parqueue was closed');
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const thread = this.#thread ?? new Thread(this.#entry, () => this.#retire(thread));
    this.#thread = thread;
    thread.worker.ref();
    return thread;
  }

  #rest(thread: Thread): void {
    if (thread.tasks.size > 0) return;
    thread.worker.unref();
    if (thread.retired) {
      void thread.worker.terminate();
      return;
    }
    this.#idle = setTimeout(() => {
      this.#retire(thread);
      void thread.worker.terminate();
    }, IDLE_MS).unref();
  }

  #retire(thread: Thread): void {
    thread.retired = true;
    if (this.#thread === thread) this.#thread = null;
  }
}

type FileOrder = FileTask extends infer Task ? (Task extends FileTask ? Omit<Task, 'port'> : never) : never;

interface Line<T> {
  readonly tell: (message: ToThread, transfer?: ArrayBuffer[]) => void;
  readonly done: (value: T) => void;
}

/** What asked for another thread has it: nothing is wrong with the one that is told. */
function ofAnotherThread(failure: Failure): Failure {
  const { recycleThread: _, ...details } = failure.details ?? {};
  return { ...failure, details };
}

/** A view of a larger buffer is copied; what has a buffer of its own is handed over. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
