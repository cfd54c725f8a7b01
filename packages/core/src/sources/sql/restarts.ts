/**
 * Doing work again from its beginning: after a lost connection with a pause that grows and varies, after a lost
 * snapshot at once. Bounded, and never for what will fail the same way again.
 */
import type { Clock } from '../../ports/clock.ts';
import { isParqueueError } from '../../model/errors.ts';
import { cancelled } from '../../parquet/hashed-file.ts';
import { faultKindOf } from './faults.ts';

export interface RestartTools {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly chance: () => number;
  readonly signal: AbortSignal;
}

/** The first try included. */
export const TRIES_MAX = 3;

const PAUSE_MS = 250;

/**
 * `attempt` is told the codes of the faults that ended the tries before it.
 * @throws what the last attempt threw
 */
export async function withRestarts<T>(
  tools: RestartTools,
  attempt: (faults: readonly string[]) => Promise<T>,
): Promise<T> {
  const faults: string[] = [];
  for (;;) {
    try {
      return await attempt([...faults]);
    } catch (error) {
      const pauseMs = faults.length + 1 < TRIES_MAX ? pauseBefore(error, faults.length, tools.chance) : null;
      if (pauseMs === null || tools.signal.aborted) throw error;
      faults.push(isParqueueError(error) ? String(error.details['database'] ?? error.code) : 'unknown');
      if (pauseMs > 0) await pause(pauseMs, tools);
    }
  }
}

/** null: not to be tried again. */
export function pauseBefore(error: unknown, restarts: number, chance: () => number): number | null {
  switch (faultKindOf(error)) {
    case 'transient':
      return Math.round(PAUSE_MS * 2 ** restarts * (0.5 + chance()));
    case 'snapshot-lost':
      return 0;
    default:
      return null;
  }
}

async function pause(ms: number, { clock, signal }: RestartTools): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch {
    throw cancelled(signal);
  }
}
