/** Turns what a filesystem refuses into coded errors; says which of the places involved it was. */
import { ParqueueError, isParqueueError } from '../../model/errors.ts';

export type Place = 'scratch' | 'store';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What a call of the system refused; other errors are about what was read. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/** The same work, with an error about that place where the system refuses something. */
export async function inPlace<T>(place: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isSystemError(error) ? placeError(error, place) : error;
  }
}

/** An error met at the store's target or in the scratch directory, which we write and read. */
export function placeError(error: unknown, place: Place): ParqueueError {
  if (isParqueueError(error)) return error;
  const code = errorCode(error);
  const where = place === 'store' ? "the store's filesystem" : "the worker's scratch directory";
  if (code !== null && FULL.has(code)) {
    return new ParqueueError('PQ_STORE_FULL', `${where} is full (${code}): free space there, or give it more`, {
      details: { place },
      cause: error,
    });
  }
  return new ParqueueError('PQ_STORE_IO', `${where} cannot be used: ${messageOf(error)}`, {
    details: { place },
    cause: error,
  });
}

/** An error met while opening or reading the source file. */
export function readError(error: unknown, path: string): ParqueueError {
  if (isParqueueError(error)) return error;
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ParqueueError('PQ_NOT_FOUND', `there is no file ${path} in the source`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new ParqueueError(
        'PQ_SOURCE_REJECTED',
        `the worker may not read ${path} (${code}): grant its user read access`,
        { cause: error },
      );
    case 'ELOOP':
      return new ParqueueError('PQ_SOURCE_REJECTED', `${path} is, or leads through, a loop of symbolic links`, {
        cause: error,
      });
    case 'ENAMETOOLONG':
      return new ParqueueError('PQ_INVALID_REQUEST', 'the path is longer than the filesystem allows', { cause: error });
    default:
      return new ParqueueError('PQ_SOURCE_UNAVAILABLE', `reading ${path} failed: ${messageOf(error)}`, {
        cause: error,
      });
  }
}

/** NFS says ESTALE when a file was replaced under an open descriptor; Node 20 has no name for it, only errno -116. */
export function isStaleHandle(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && error.errno === -116;
}

export function cancelled(signal: AbortSignal): ParqueueError {
  const { reason } = signal;
  return isParqueueError(reason)
    ? reason
    : new ParqueueError('PQ_CANCELLED', 'the load was cancelled', { cause: reason });
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(signal);
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Node's messages end in the path; the code alone tells as much and names no folder of the host. */
function messageOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.message : String(error));
}
