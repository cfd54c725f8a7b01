/**
 * Looks into the Oracle test server while it works: a hook is called before each statement is parsed or executed and
 * before each piece of rows, and may wait (a break ends the wait, as it ends a slow statement) or throw the error to answer with.
 */
import { OraError, type Engine, type EngineSession, type Execution, type RowSource } from '@parqueue/oracle-server';

export interface OracleHooks {
  onParse: ((sql: string) => void) | null;
  onExecute: ((sql: string, user: string) => void | Promise<void>) | null;
  /** `piece` counts from 0. */
  onFetch: ((sql: string, piece: number) => void | Promise<void>) | null;
  /** Results that were begun and not given back yet. */
  openResults: number;
}

/** Works like `engine`; `hooks` may be changed at any time. */
export function hookedEngine(engine: Engine, hooks: OracleHooks): Engine {
  return {
    open: async (user) => hookedSession(await engine.open(user), user, hooks),
    close: () => engine.close(),
  };
}

function hookedSession(session: EngineSession, user: string, hooks: OracleHooks): EngineSession {
  const waiting = new Set<(error: OraError) => void>();

  /** @throws OraError ORA-01013 when the session is interrupted meanwhile */
  async function interruptible(work: void | Promise<void> | undefined): Promise<void> {
    if (work === undefined) return;
    let stop: (error: OraError) => void = () => undefined;
    const interrupted = new Promise<never>((_, reject) => {
      stop = reject;
    });
    waiting.add(stop);
    try {
      await Promise.race([work, interrupted]);
    } finally {
      waiting.delete(stop);
    }
  }

  function hookedRows(rows: RowSource, sql: string): RowSource {
    let piece = 0;
    let open = true;
    hooks.openResults += 1;
    return {
      async next(max) {
        await interruptible(hooks.onFetch?.(sql, piece));
        piece += 1;
        return await rows.next(max);
      },
      close() {
        if (open) hooks.openResults -= 1;
        open = false;
        return rows.close();
      },
    };
  }

  return {
    async parse(sql) {
      hooks.onParse?.(sql);
      return await session.parse(sql);
    },
    async execute(statement, binds): Promise<Execution> {
      await interruptible(hooks.onExecute?.(statement.sql, user));
      const execution = await session.execute(statement, binds);
      return execution.kind === 'rows' ? { kind: 'rows', rows: hookedRows(execution.rows, statement.sql) } : execution;
    },
    commit: () => session.commit(),
    rollback: () => session.rollback(),
    get inTransaction() {
      return session.inTransaction;
    },
    setSchema: (schema) => session.setSchema(schema),
    interrupt() {
      for (const stop of waiting) stop(new OraError(1013, 'user requested cancel of current operation'));
      session.interrupt();
    },
    close: () => session.close(),
  };
}
