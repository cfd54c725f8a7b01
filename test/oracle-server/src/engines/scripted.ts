/**
 * An engine without a database: answers the statements it was given, by their text, with rows that cost nothing to make.
 * For volume, where a database behind the wire would be what is measured. Faults are put around it (faulty.ts).
 */
import type { Column, Engine, EngineSession, Execution, RowSource, Statement, Value } from '../engine.ts';
import { OraError } from '../engine.ts';

export interface ScriptedAnswer {
  readonly statements: (sql: string) => boolean;
  readonly columns: readonly Column[];
  readonly rows: number;
  /** Repeated over and over until there are `rows`; made once. Thousands of them are encoded once, too. */
  readonly cycle: readonly (readonly Value[])[];
}

export interface ScriptedEngineOptions {
  /** The first that knows a statement answers it. */
  readonly answers: readonly ScriptedAnswer[];
  /** What DML and everything else that is no query is told to have touched; refused unless given. */
  readonly otherStatements?: (sql: string) => number | null;
}

export interface ScriptedEngine extends Engine {
  /** Every statement executed, in order. */
  readonly executed: readonly string[];
}

interface ScriptedStatement extends Statement {
  readonly answer: ScriptedAnswer | null;
  readonly touched: number;
}

export function scriptedEngine({ answers, otherStatements }: ScriptedEngineOptions): ScriptedEngine {
  const executed: string[] = [];
  const parse = (sql: string): ScriptedStatement => {
    const placeholders = [...sql.matchAll(/:([A-Za-z0-9_]+)/g)].map((match) => (match[1] ?? '').toUpperCase());
    const answer = answers.find(({ statements }) => statements(sql)) ?? null;
    if (answer !== null) return { sql, kind: 'query', columns: answer.columns, placeholders, answer, touched: 0 };
    if (/^\s*(set\s+transaction|alter\s+session|commit|rollback)\b/i.test(sql))
      return { sql, kind: 'control', columns: [], placeholders: [], answer, touched: 0 };
    const touched = otherStatements?.(sql) ?? null;
    if (touched === null) throw new OraError(900, `not in the script: ${sql.slice(0, 200)}`);
    return { sql, kind: 'dml', columns: [], placeholders, answer, touched };
  };
  return {
    executed,
    open: () => Promise.resolve(session(parse, executed)),
    close: () => Promise.resolve(),
  };
}

function session(parse: (sql: string) => ScriptedStatement, executed: string[]): EngineSession {
  const open = new Set<{ interrupted: boolean }>();
  const execute = (statement: Statement): Execution => {
    const { answer, touched, sql } = statement as ScriptedStatement;
    executed.push(sql);
    return answer === null ? { kind: 'count', rows: touched } : { kind: 'rows', rows: repeated(answer, open) };
  };
  return {
    inTransaction: false,
    parse: async (sql) => Promise.resolve(parse(sql)),
    execute: async (statement) => Promise.resolve(execute(statement)),
    commit: () => Promise.resolve(),
    rollback: () => Promise.resolve(),
    setSchema: () => undefined,
    interrupt() {
      for (const rows of open) rows.interrupted = true;
    },
    close: () => Promise.resolve(),
  };
}

function repeated({ rows, cycle }: ScriptedAnswer, open: Set<{ interrupted: boolean }>): RowSource {
  if (cycle.length === 0 && rows > 0) throw new Error('rows without a cycle to take them from');
  const state = { interrupted: false };
  open.add(state);
  let sent = 0;
  const batches = batchesOf(cycle);
  return {
    repeats: true,
    next(max) {
      if (state.interrupted) {
        open.delete(state);
        return Promise.reject(new OraError(1013, 'user requested cancel of current operation'));
      }
      const count = Math.min(max, rows - sent);
      const whole = count === BATCH_ROWS && sent % BATCH_ROWS === 0 && batches !== null;
      const same = whole ? batches[(sent / BATCH_ROWS) % batches.length] : undefined;
      if (same !== undefined) {
        sent += count;
        return Promise.resolve(same);
      }
      const batch = Array.from(
        { length: count },
        (_, index) => cycle[(sent + index) % cycle.length] as readonly Value[],
      );
      sent += count;
      return Promise.resolve(batch);
    },
    close() {
      open.delete(state);
      return Promise.resolve();
    },
  };
}

/** As many as clients ask for, and the wire takes, at once. */
const BATCH_ROWS = 1000;

const BATCHES = new WeakMap<ScriptedAnswer['cycle'], readonly ScriptedAnswer['cycle'][] | null>();

/** null where the cycle is no number of whole batches. */
function batchesOf(cycle: ScriptedAnswer['cycle']): readonly ScriptedAnswer['cycle'][] | null {
  const known = BATCHES.get(cycle);
  if (known !== undefined) return known;
  const count = cycle.length / BATCH_ROWS;
  const batches =
    Number.isInteger(count) && count > 0
      ? Array.from({ length: count }, (_, index) => cycle.slice(index * BATCH_ROWS, (index + 1) * BATCH_ROWS))
      : null;
  BATCHES.set(cycle, batches);
  return batches;
}
