/** How often each statement was executed: what V$SQL shows. Bounded: the oldest text makes room, as in a shared pool. */

const TEXTS_MAX = 10_000;

export interface StatementCount {
  readonly sql: string;
  readonly schema: string;
  executions: number;
}

export class StatementCounts {
  readonly #counts = new Map<string, StatementCount>();

  add(sql: string, schema: string): void {
    const key = `${schema} ${sql}`;
    const count = this.#counts.get(key);
    if (count !== undefined) {
      count.executions += 1;
      return;
    }
    const [oldest] = this.#counts.keys();
    if (this.#counts.size >= TEXTS_MAX && oldest !== undefined) this.#counts.delete(oldest);
    this.#counts.set(key, { sql, schema, executions: 1 });
  }

  all(): readonly StatementCount[] {
    return [...this.#counts.values()];
  }
}
