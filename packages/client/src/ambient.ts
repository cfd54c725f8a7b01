/** What a client takes from the world around it, unless it is handed something else: time, chance and waiting. */

export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Milliseconds since 1970, of this machine's clock. */
export const systemNow = (): number => Date.now();

/** 32 hexadecimal digits, for names that nobody else uses. */
export const randomName = (): string => globalThis.crypto.randomUUID().replaceAll('-', '');

/** setTimeout fires at once beyond this. */
const TIMER_MS_MAX = 0x7fff_ffff;

/** @throws the signal's reason as soon as it aborts. */
export const systemSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      },
      Math.min(ms, TIMER_MS_MAX),
    );
    signal?.addEventListener('abort', leave, { once: true });
  });
