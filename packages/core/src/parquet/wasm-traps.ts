/**
 * Traps of WebAssembly in the middle of asynchronous work. parquet-wasm traps on every row it cannot decode, in a task
 * of its own: the error is nobody's, the promise that waited for it never settles, and the thread would end. Here it
 * rejects that promise instead. What the trap left in WebAssembly's memory is undefined, so everything under way
 * fails with it, and the thread is to be replaced.
 */
import { ParqueueError } from '../model/errors.ts';

const waiting = new Set<(error: unknown) => void>();

/** The same promise, rejected where a trap ends the work behind it. */
export async function orTrap<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = withReject<T>();
  if (waiting.size === 0) watch();
  waiting.add(reject);
  try {
    return await Promise.race([work, promise]);
  } catch (error) {
    // It may also end the promise it belongs to.
    throw isTrap(error) ? trapped(error) : error;
  } finally {
    waiting.delete(reject);
    if (waiting.size === 0) unwatch();
  }
}

function withReject<T>(): { readonly promise: Promise<T>; readonly reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((_, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}

let isWatching = false;
let spoilt = false;

/** There is one such callback in a thread; where somebody else has it, a trap is theirs. */
function watch(): void {
  if (process.hasUncaughtExceptionCaptureCallback()) return;
  isWatching = true;
  process.setUncaughtExceptionCaptureCallback((error: unknown) => {
    if (!isTrap(error)) {
      // Not ours: thrown again where nobody catches it, and the process ends as it would have.
      unwatch();
      process.nextTick(() => {
        throw error;
      });
      return;
    }
    for (const reject of waiting) reject(trapped(error));
  });
}

function unwatch(): void {
  if (!isWatching) return;
  isWatching = false;
  process.setUncaughtExceptionCaptureCallback(null);
}

export function isTrap(error: unknown): error is Error {
  return error instanceof Error && error.name === 'RuntimeError';
}

/** Whether a trap happened in this thread: its WebAssembly is not to be called again, not even to free anything. */
export function isSpoilt(): boolean {
  return spoilt;
}

export function trapped(error: Error): ParqueueError {
  spoilt = true;
  return new ParqueueError('PQ_INTERNAL', `the Parquet library failed: ${error.message}`, {
    details: { recycleThread: true },
    cause: error,
  });
}
