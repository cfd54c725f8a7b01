/** The database's current SCN, where the user may know it. */
import type { Clock } from '../../ports/clock.ts';
import { faultKindOf } from '../sql/faults.ts';
import { askText } from './query.ts';
import type { OracleSession } from './driver.ts';

/** A database logs statements that fail to parse when there are many: one refusal is believed for a while. */
const REFUSAL_BELIEVED_MS = 3_600_000;

export class ScnReader {
  readonly #clock: Clock;
  #refusedUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** null where SELECT on V$DATABASE is not granted. */
  async current(session: OracleSession): Promise<string | null> {
    if (this.#clock.now() < this.#refusedUntilMs) return null;
    try {
      return await askText(session, 'SELECT CURRENT_SCN FROM V$DATABASE');
    } catch (error) {
      const kind = faultKindOf(error);
      if (kind !== 'privileges' && kind !== 'rejected') throw error;
      this.#refusedUntilMs = this.#clock.now() + REFUSAL_BELIEVED_MS;
      return null;
    }
  }
}
