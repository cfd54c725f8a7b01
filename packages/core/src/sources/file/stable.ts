/**
 * Work on a file that nobody changed meanwhile (I2). A writer may change a file in place, replace it by rename, or
 * truncate it at any moment; bytes taken across such a change may show a state that never was. So the file is looked
 * at before and after, through the descriptor and afresh by its path, and the work is done again where it moved.
 */
import { isParqueueError, ParqueueError } from '../../model/errors.ts';
import { isStaleHandle, isSystemError, readError, throwIfAborted } from './disk-error.ts';
import { openJailed, restat, sameStat, type Handed, type JailedFile } from './jail.ts';

export interface FileTime {
  /** CLOCK_MONOTONIC of this host, ns: the same for all processes since it booted. */
  monotonicNs(): bigint;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface FilePlace {
  readonly root: string;
  readonly path: string;
  readonly time: FileTime;
  readonly signal: AbortSignal;
  /** Opened a moment ago: the first try is of this one. */
  readonly first?: Handed;
}

/** Waits before the second and third try: a writer that takes longer is no writer we can outwait. */
const WAITS_MS = [100, 400] as const;

/** How long a malformed file gets to prove that it is only half-written: by changing. */
const SETTLE_MS = 200;

/**
 * @returns what `work` made of the file, and the state it was in throughout.
 * @throws ParqueueError PQ_SOURCE_UNSTABLE where it changed during each of three tries
 */
export async function whileStable<T>(place: FilePlace, work: (file: JailedFile) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    throwIfAborted(place.signal);
    const outcome = await tryOnce(place, work);
    if (outcome.stable) return outcome.value;
    const waitMs = WAITS_MS[tries];
    if (waitMs === undefined) {
      throw new ParqueueError(
        'PQ_SOURCE_UNSTABLE',
        `${place.path} changed while it was read, ${tries + 1} times in a row: `
          + 'let its writer finish, or write to another name and rename it when it is complete',
      );
    }
    await pause(place, waitMs);
  }
}

async function pause(place: FilePlace, ms: number): Promise<void> {
  try {
    await place.time.sleep(ms, place.signal);
  } finally {
    throwIfAborted(place.signal);
  }
}

type Try<T> = { readonly stable: true; readonly value: T } | { readonly stable: false };

async function tryOnce<T>(place: FilePlace, work: (file: JailedFile) => Promise<T>): Promise<Try<T>> {
  await using file = place.first?.take() ?? (await openJailed(place.root, place.path));
  let value: T;
  try {
    value = await work(file);
  } catch (error) {
    // What went wrong may have gone wrong because the file moved: a half-written file is not a malformed source.
    throwIfAborted(place.signal);
    if (isParqueueError(error) && error.code === 'PQ_MALFORMED_SOURCE') await pause(place, SETTLE_MS);
    if (isStaleHandle(error) || !(await unmoved(place, file))) return { stable: false };
    // What is written meanwhile has its own errors by then.
    throw isSystemError(error) ? readError(error, place.path) : error;
  }
  return (await unmoved(place, file)) ? { stable: true, value } : { stable: false };
}

async function unmoved(place: FilePlace, file: JailedFile): Promise<boolean> {
  try {
    if (!sameStat(file.stat, await restat(file.handle))) return false;
    await using again = await openJailed(place.root, place.path);
    return sameStat(file.stat, again.stat);
  } catch (error) {
    if (isStaleHandle(error)) return false;
    // Gone, or no longer ours to read: the next try meets it and says so.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
