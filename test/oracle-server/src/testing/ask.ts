/** Asking an engine's session directly, without the wire. */
import type { Bind, EngineSession, Value } from '../engine.ts';
import { OraError } from '../engine.ts';

/** All rows of a query; for everything else one row with the count. */
export async function ask(
  session: EngineSession,
  sql: string,
  binds: readonly Bind[] = [],
): Promise<readonly (readonly Value[])[]> {
  const done = await session.execute(await session.parse(sql), binds);
  if (done.kind === 'count') return [[done.rows]];
  const all: (readonly Value[])[] = [];
  for (;;) {
    const next = await done.rows.next(1000);
    if (next.length === 0) return all;
    all.push(...next);
  }
}

/** The first value of the first row. */
export async function askOne(session: EngineSession, sql: string, binds: readonly Bind[] = []): Promise<Value> {
  return (await ask(session, sql, binds))[0]?.[0] ?? null;
}

/** The ORA number that a statement ends with; null where it succeeds. */
export async function refusal(
  session: EngineSession,
  sql: string,
  binds: readonly Bind[] = [],
): Promise<number | null> {
  try {
    await ask(session, sql, binds);
    return null;
  } catch (error) {
    if (error instanceof OraError) return error.number;
    throw error;
  }
}

export const text = (value: string | null): Bind => ({ kind: 'text', value });
export const number = (value: string): Bind => ({ kind: 'number', value });
