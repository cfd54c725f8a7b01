/**
 * The time of the page: the browser's clock, set right by the Date header of answers, because ages are told by the
 * server's. Ticks once a second for everything that tells how long ago something was.
 */
import { useEffect, useState } from 'preact/hooks';

/** A header has whole seconds, and the way takes time: what is below this is no difference between two clocks. */
const OFFSET_MS_MIN = 2_000;

let offsetMs = 0;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

export function now(): number {
  return Date.now() + offsetMs;
}

/** @param date the Date header of an answer that just arrived */
export function learnServerTime(date: string | null): void {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const differs = server + 500 - Date.now();
  offsetMs = Math.abs(differs) < OFFSET_MS_MIN ? 0 : differs;
}

/** The time, again every second while somebody shows it. */
export function useNow(): number {
  const [time, setTime] = useState(now);
  useEffect(() => {
    const tell = (): void => setTime(now());
    listeners.add(tell);
    timer ??= setInterval(() => {
      for (const listener of listeners) listener();
    }, 1_000);
    return () => {
      listeners.delete(tell);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return time;
}
