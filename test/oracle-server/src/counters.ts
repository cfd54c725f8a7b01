/** What the server counts: now (sessions, cursors, LOB values) and ever since (sessions, statements, bytes). */

/** Different texts that are remembered; beyond it, the one that was first seen longest ago is forgotten. */
const TEXTS_MAX = 10_000;

export class Counters {
  sessionsNow = 0;
  sessionsTotal = 0;
  openCursors = 0;
  lobValues = 0;
  bytesRead = 0;
  bytesWritten = 0;
  /** Mistakes of the server or its engine, which no test should see. */
  defects = 0;
  readonly #executions = new Map<string, number>();
  #executionsTotal = 0;

  /** Executions of exactly this text. */
  executionsOf(sql: string): number {
    return this.#executions.get(sql) ?? 0;
  }

  get executionsTotal(): number {
    return this.#executionsTotal;
  }

  /** Every text that was executed, with how often. A copy. */
  executions(): ReadonlyMap<string, number> {
    return new Map(this.#executions);
  }

  executed(sql: string): void {
    this.#executionsTotal += 1;
    this.#executions.set(sql, this.executionsOf(sql) + 1);
    const [oldest] = this.#executions.keys();
    if (this.#executions.size > TEXTS_MAX && oldest !== undefined) this.#executions.delete(oldest);
  }
}
