/**
 * The smallest engine for tests of the wire: statements are looked up, not understood. It keeps what it was asked, so
 * that tests can see which binds arrived, what was committed and what was given back.
 */
import { OraError } from '../engine.ts';
import type { Bind, Column, Engine, EngineSession, Execution, RowSource, Statement, Value } from '../engine.ts';

export type Row = readonly Value[];

export interface Answer {
  /** Absent for anything but a query. */
  readonly columns?: readonly Column[];
  /** Rows, or how to make row `i`, null at the end. */
  readonly rows?: readonly Row[] | ((index: number, binds: readonly Bind[]) => Row | null);
  /** Thrown by execute. */
  readonly error?: OraError;
  /** Thrown by `next` instead of this row and those after it. */
  readonly errorAt?: { readonly row: number; readonly error: Error };
  /** Execute waits until the session is interrupted. */
  readonly hangs?: boolean;
}

export type Answers = (sql: string) => Answer | null;

export class AnsweringEngine implements Engine {
  readonly #answers: Answers;
  readonly binds: (readonly Bind[])[] = [];
  readonly events: string[] = [];
  openSessions = 0;
  openRowSources = 0;
  rowsMade = 0;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  async open(user: string): Promise<EngineSession> {
    this.openSessions += 1;
    this.events.push(`open ${user}`);
    return new AnsweringSession(this, this.#answers);
  }

  async close(): Promise<void> {}
}

class AnsweringSession implements EngineSession {
  inTransaction = false;
  readonly #engine: AnsweringEngine;
  readonly #answers: Answers;
  #interrupt: (() => void) | null = null;

  constructor(engine: AnsweringEngine, answers: Answers) {
    this.#engine = engine;
    this.#answers = answers;
  }

  async parse(sql: string): Promise<Statement> {
    const answer = this.#answer(sql);
    const kind = answer.columns === undefined ? (/^(insert|update|delete)/i.test(sql) ? 'dml' : 'ddl') : 'query';
    const placeholders = [...sql.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
    return { sql, kind, columns: answer.columns ?? [], placeholders };
  }

  async execute({ sql, kind }: Statement, binds: readonly Bind[]): Promise<Execution> {
    const answer = this.#answer(sql);
    this.#engine.binds.push(binds);
    if (answer.error !== undefined) throw answer.error;
    if (answer.hangs === true) {
      await new Promise<void>((resolve) => {
        this.#interrupt = resolve;
      });
      throw new OraError(1013, 'user requested cancel of current operation');
    }
    if (kind === 'dml') this.inTransaction = true;
    if (kind !== 'query') return { kind: 'count', rows: kind === 'dml' ? 1 : 0 };
    return { kind: 'rows', rows: this.#rows(answer, binds) };
  }

  async commit(): Promise<void> {
    this.#engine.events.push('commit');
    this.inTransaction = false;
  }

  async rollback(): Promise<void> {
    this.#engine.events.push('rollback');
    this.inTransaction = false;
  }

  setSchema(schema: string): void {
    this.#engine.events.push(`schema ${schema}`);
  }

  interrupt(): void {
    this.#engine.events.push('interrupt');
    this.#interrupt?.();
  }

  async close(): Promise<void> {
    this.#engine.openSessions -= 1;
    this.#engine.events.push('close');
  }

  #answer(sql: string): Answer {
    const answer = this.#answers(sql);
    if (answer === null) throw new OraError(942, 'table or view does not exist', { offset: 14 });
    return answer;
  }

  #rows({ rows = [], errorAt }: Answer, binds: readonly Bind[]): RowSource {
    const engine = this.#engine;
    engine.openRowSources += 1;
    let index = 0;
    let open = true;
    return {
      async next(max) {
        const batch: Row[] = [];
        while (batch.length < max) {
          if (errorAt !== undefined && index >= errorAt.row) throw errorAt.error;
          const row = typeof rows === 'function' ? rows(index, binds) : (rows[index] ?? null);
          if (row === null) break;
          engine.rowsMade += 1;
          index += 1;
          batch.push(row);
          if (errorAt !== undefined && index === errorAt.row) break;
        }
        return batch;
      },
      async close() {
        if (open) engine.openRowSources -= 1;
        open = false;
      },
    };
  }
}
