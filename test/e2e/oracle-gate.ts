/**
 * Something between the protocol test server and its engine: a query that is armed by a piece of its text stands still
 * after its first rows, or ends with an error there, as long as the test wants it.
 */
import { OraError, type Engine, type EngineSession, type Execution, type RowSource } from '@parqueue/oracle-server';

export class Gate {
  /** Breaks that reached a session while its query stood still. */
  breaks = 0;
  #armed: { readonly fragment: string; readonly act: 'stand still' | OraError } | null = null;
  readonly #standing = new Set<() => void>();
  readonly #arrivals = new Set<() => void>();

  /** Queries with this text stop after their first rows, until `open` or a break. */
  close(fragment: string): void {
    this.#armed = { fragment, act: 'stand still' };
  }

  /** The next query with this text ends with this error after its first rows; later ones do not. */
  failOnce(fragment: string, error: OraError): void {
    this.#armed = { fragment, act: error };
  }

  open(): void {
    this.#armed = null;
    for (const release of [...this.#standing]) release();
  }

  get standing(): number {
    return this.#standing.size;
  }

  /** Resolves when a query stands still. */
  async reached(): Promise<void> {
    if (this.#standing.size > 0) return;
    await new Promise<void>((resolve) => {
      this.#arrivals.add(resolve);
    });
  }

  around(engine: Engine): Engine {
    return {
      open: async (user) => this.#session(await engine.open(user)),
      close: async () => await engine.close(),
    };
  }

  #session(session: EngineSession): EngineSession {
    const running: { interrupt: (() => void) | null } = { interrupt: null };
    return new Proxy(session, {
      get: (target, name) => {
        if (name === 'interrupt') {
          return () => {
            running.interrupt?.();
            target.interrupt();
          };
        }
        if (name === 'execute') {
          return async (...[statement, binds]: Parameters<EngineSession['execute']>): Promise<Execution> => {
            const execution = await target.execute(statement, binds);
            if (execution.kind !== 'rows' || this.#armed?.fragment === undefined) return execution;
            if (!statement.sql.includes(this.#armed.fragment)) return execution;
            return { kind: 'rows', rows: this.#gated(execution.rows, running) };
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as (...rest: unknown[]) => unknown).bind(target) : value;
      },
    });
  }

  #gated(rows: RowSource, running: { interrupt: (() => void) | null }): RowSource {
    let first = true;
    return {
      next: async (max) => {
        // One batch for the client to see, so that a load is in the middle of its rows.
        if (!first) await this.#pass(running);
        first = false;
        return await rows.next(max);
      },
      close: async () => await rows.close(),
    };
  }

  async #pass(running: { interrupt: (() => void) | null }): Promise<void> {
    const { act } = this.#armed ?? {};
    if (act === undefined) return;
    if (act !== 'stand still') {
      this.#armed = null;
      throw act;
    }
    const broken = await new Promise<boolean>((resolve) => {
      const settle = (byBreak: boolean): void => {
        this.#standing.delete(release);
        running.interrupt = null;
        resolve(byBreak);
      };
      const release = (): void => settle(false);
      running.interrupt = () => settle(true);
      this.#standing.add(release);
      for (const arrived of this.#arrivals) arrived();
      this.#arrivals.clear();
    });
    if (!broken) return;
    this.breaks += 1;
    throw new OraError(1013, 'user requested cancel of current operation');
  }
}
