/** What a client takes from the world around it, unless it is handed something else: time, chance and waiting. */

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Milliseconds since 1970, of this machine's clock. */
export const systemNow = (): number => Date.now();

/** From 0 to 1. */
export const systemChance = (): number => (globalThis.crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;

/** 32 hexadecimal digits, for names that nobody else uses. */
export const randomName = (): string => globalThis.crypto.randomUUID().replaceAll('-', '');

/** setTimeout fires at once beyond this. */
const TIMER_MS_MAX = 0x7fff_ffff;

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `leave` when the signal aborts, at once where it did. One listener serves all who wait under a signal: Node warns
 * of more than ten, and what `AbortSignal.any` leaves at a signal is there for as long as the signal.
 * @returns undoes it
 */
export function onAbort(signal: AbortSignal | undefined, leave: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    leave();
    return () => undefined;
  }
  const leaving = waiting.get(signal) ?? listenTo(signal);
  // Of this call alone, should the same function wait twice.
  const own = (): void => leave();
  leaving.add(own);
  return () => {
    leaving.delete(own);
    if (leaving.size > 0 || waiting.get(signal) !== leaving) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', tellAll);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const leaving = new Set<() => void>();
  waiting.set(signal, leaving);
  signal.addEventListener('abort', tellAll, { once: true });
  return leaving;
}

function tellAll(this: AbortSignal): void {
  for (const leave of waiting.get(this) ?? []) leave();
}

/** @throws the signal's reason as soon as it aborts. */
export const systemSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const timer = setTimeout(
      () => {
        stay();
        resolve();
      },
      Math.min(ms, TIMER_MS_MAX),
    );
    const stay = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    });
  });
