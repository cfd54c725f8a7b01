/**
 * Faults by order: an engine around another that passes everything on, except where a test has armed something. A fault
 * waits at a place (parse, execute, after so many rows, commit), for statements of its choice, and counts its hits.
 */
import type { Bind, Engine, EngineSession, Execution, RowSource, Statement, Value } from '../engine.ts';
import { OraError } from '../engine.ts';

export type FaultPlace = 'parse' | 'execute' | 'commit' | { readonly afterRows: number };

export type FaultAction =
  | { readonly kind: 'error'; readonly error: OraError }
  /** The session dies as if an administrator had killed it: ORA-00028, then the end. */
  | { readonly kind: 'kill' }
  /** The socket is cut without a word. */
  | { readonly kind: 'drop' }
  /** Nothing happens until the test releases it, or a break ends it. */
  | { readonly kind: 'hold' }
  /** That much time passes first; from `afterRows` on, before every batch. */
  | { readonly kind: 'delay'; readonly ms: number };

export interface Fault {
  /** All statements, unless given. At commit the text is empty. */
  readonly statements?: (sql: string, user: string) => boolean;
  readonly at: FaultPlace;
  readonly action: FaultAction;
  /** After so many hits it is over; without end unless given. */
  readonly times?: number;
}

export interface ArmedFault {
  readonly hits: number;
  /** Settles at the first hit. */
  readonly reached: Promise<void>;
  /** Lets go whatever it holds, and whatever would come to it. */
  disarm(): void;
}

export interface FaultyEngine extends Engine {
  arm(fault: Fault): ArmedFault;
  disarmAll(): void;
  /** How long a break takes to be noticed while a fault holds or delays; 0 unless set. */
  breakLatencyMs: number;
}

const CANCELLED = 'user requested cancel of current operation';
const SOCKET_CUT = 3113;

export function faultyEngine(inner: Engine): FaultyEngine {
  const armed = new Set<Armed>();
  const engine: FaultyEngine = {
    breakLatencyMs: 0,
    arm(fault) {
      const added = new Armed(fault, () => armed.delete(added));
      armed.add(added);
      return added;
    },
    disarmAll() {
      for (const fault of armed) fault.disarm();
    },
    async open(user) {
      return new FaultySession(await inner.open(user), { user, armed, breakLatencyMs: () => engine.breakLatencyMs });
    },
    async close() {
      engine.disarmAll();
      await inner.close();
    },
  };
  return engine;
}

class Armed implements ArmedFault {
  readonly fault: Fault;
  readonly reached: Promise<void>;
  readonly released: Promise<void>;
  hits = 0;
  #reach: () => void = () => undefined;
  #release: () => void = () => undefined;
  readonly #forget: () => void;

  constructor(fault: Fault, forget: () => void) {
    this.fault = fault;
    this.#forget = forget;
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.released = new Promise((resolve) => (this.#release = resolve));
  }

  hit(): void {
    this.hits += 1;
    this.#reach();
    if (this.hits >= (this.fault.times ?? Number.POSITIVE_INFINITY)) this.#forget();
  }

  disarm(): void {
    this.#forget();
    this.#release();
  }
}

interface Surroundings {
  readonly user: string;
  readonly armed: ReadonlySet<Armed>;
  readonly breakLatencyMs: () => number;
}

class FaultySession implements EngineSession {
  readonly #inner: EngineSession;
  readonly #around: Surroundings;
  /** Ends the wait of a fault, while there is one. */
  #cancel: (() => void) | null = null;

  constructor(inner: EngineSession, around: Surroundings) {
    this.#inner = inner;
    this.#around = around;
  }

  get inTransaction(): boolean {
    return this.#inner.inTransaction;
  }

  async parse(sql: string): Promise<Statement> {
    for (const armed of this.#at('parse', sql)) await this.#act(armed);
    return this.#inner.parse(sql);
  }

  async execute(statement: Statement, binds: readonly Bind[]): Promise<Execution> {
    for (const armed of this.#at('execute', statement.sql)) await this.#act(armed);
    const execution = await this.#inner.execute(statement, binds);
    if (execution.kind === 'count') return execution;
    return { kind: 'rows', rows: this.#faultyRows(execution.rows, statement.sql) };
  }

  async commit(): Promise<void> {
    for (const armed of this.#at('commit', '')) await this.#act(armed);
    await this.#inner.commit();
  }

  rollback(): Promise<void> {
    return this.#inner.rollback();
  }

  setSchema(schema: string): void {
    this.#inner.setSchema(schema);
  }

  interrupt(): void {
    this.#inner.interrupt();
    const cancel = this.#cancel;
    if (cancel === null) return;
    const latency = this.#around.breakLatencyMs();
    if (latency === 0) cancel();
    else setTimeout(cancel, latency);
  }

  close(): Promise<void> {
    this.#cancel?.();
    return this.#inner.close();
  }

  #at(place: 'parse' | 'execute' | 'commit', sql: string): readonly Armed[] {
    return [...this.#around.armed].filter(({ fault }) => fault.at === place && this.#concerns(fault, sql));
  }

  #concerns({ statements }: Fault, sql: string): boolean {
    return statements === undefined || statements(sql, this.#around.user);
  }

  async #act(armed: Armed): Promise<void> {
    armed.hit();
    const { action } = armed.fault;
    switch (action.kind) {
      case 'error':
        throw action.error;
      case 'kill':
        throw new OraError(28, 'your session has been killed', { fatal: true });
      case 'drop':
        throw new OraError(SOCKET_CUT, 'end-of-file on communication channel', { fatal: true });
      case 'hold':
        return this.#wait(armed.released);
      case 'delay': {
        const { promise, resolve } = settled();
        const timer = setTimeout(resolve, action.ms);
        return this.#wait(Promise.race([promise, armed.released])).finally(() => clearTimeout(timer));
      }
    }
  }

  /** @throws OraError 01013 where a break comes first */
  async #wait(until: Promise<void>): Promise<void> {
    const broken = new Promise<never>((_resolve, reject) => {
      this.#cancel = () => reject(new OraError(1013, CANCELLED));
    });
    try {
      await Promise.race([until, broken]);
    } finally {
      this.#cancel = null;
    }
  }

  #faultyRows(rows: RowSource, sql: string): RowSource {
    let sent = 0;
    const next = async (max: number): Promise<readonly (readonly Value[])[]> => {
      let most = max;
      for (const armed of this.#around.armed) {
        const { at } = armed.fault;
        if (typeof at === 'string' || !this.#concerns(armed.fault, sql)) continue;
        if (sent >= at.afterRows) await this.#act(armed);
        else most = Math.min(most, at.afterRows - sent);
      }
      const batch = await rows.next(most);
      sent += batch.length;
      return batch;
    };
    return { next, close: () => rows.close() };
  }
}

function settled(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
