/**
 * Turns what a filesystem refuses into the store's two codes: PQ_STORE_FULL (room must be made) and PQ_STORE_IO (all
 * else). Details carry the operation, the path below the root and the errno's name; never an absolute path.
 */
import { ParqueueError } from '../model/errors.ts';

/** Linux numbers for which libuv on Node 20 has no name: it reports `Unknown system error -116`. */
const UNNAMED_ERRNOS: ReadonlyMap<number, string> = new Map([
  [-116, 'ESTALE'],
  [-122, 'EDQUOT'],
]);

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** The errno's name, or null for an error that did not come from the operating system. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return null;
  const named = UNNAMED_ERRNOS.get(error.errno);
  if (named !== undefined) return named;
  return 'code' in error && typeof error.code === 'string' ? error.code : `errno ${error.errno}`;
}

/** The name is not there, or this client's idea of where it is has gone stale; looking again may help. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ESTALE';
}

/** @returns the error to throw: coded for what the operating system refused, untouched for anything else. */
export function refusal(operation: string, path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const details = { operation, path, errno };
  if (FULL.has(errno)) {
    return new ParqueueError(
      'PQ_STORE_FULL',
      `the store has no room left (${errno} at ${operation} of ${path}): `
        + 'free space on its filesystem, raise its quota or lower store.quota, then ask again',
      { details, cause: error },
    );
  }
  if (FORBIDDEN.has(errno)) {
    return new ParqueueError(
      'PQ_STORE_IO',
      `the store may not be changed by this process (${errno} at ${operation} of ${path}): `
        + "give its user read and write access to the store's root",
      { details, cause: error, retryable: false },
    );
  }
  return new ParqueueError(
    'PQ_STORE_IO',
    `the store's filesystem refused ${operation} of ${path} (${errno}): `
      + 'look at the mount and its server; the request may be repeated',
    { details, cause: error },
  );
}
