/** From a function code to a call: decodes the request behind it, step by step as it arrives, and runs it. */
import type { Bind } from '../engine.ts';
import { isReadable, readBindRow } from '../ttc/binds.ts';
import type { BindType } from '../ttc/binds.ts';
import { FUNCTION, OPTION } from '../ttc/codes.ts';
import { readLobRequest } from '../ttc/lobs.ts';
import { readExecute, readFetch, readReexecute, readVersionRequest, Unsupported } from '../ttc/requests.ts';
import type { ExecuteRequest } from '../ttc/requests.ts';
import type { Input } from '../wire/input.ts';
import type { Calls } from './calls.ts';
import type { Cursors } from './cursors.ts';

/** Rows of one executeMany; a number above it was misread or is not meant well. */
const BIND_ROWS_MAX = 1_000_000;

export interface DispatchContext {
  readonly input: Input;
  readonly calls: Calls;
  readonly cursors: Cursors;
  readonly nationalTimesFour: boolean;
  /** Told before anything can fail: the cursor that the client is to drop if it does. */
  readonly failed: { cursor: number };
}

/** @throws OraError */
export async function answerCall(code: number, context: DispatchContext): Promise<void> {
  const { input, calls } = context;
  switch (code) {
    case FUNCTION.execute:
      return execute(context);
    case FUNCTION.reexecute:
    case FUNCTION.reexecuteAndFetch:
      return reexecute(context, code === FUNCTION.reexecuteAndFetch);
    case FUNCTION.fetch: {
      const request = await input.read(readFetch);
      context.failed.cursor = request.cursor;
      return calls.fetch(request);
    }
    case FUNCTION.lob:
      return calls.lob(await input.read(readLobRequest));
    case FUNCTION.commit:
      return calls.commit();
    case FUNCTION.rollback:
      return calls.rollback();
    case FUNCTION.version:
      await input.read(readVersionRequest);
      return calls.version();
    case FUNCTION.ping:
      return calls.status();
    default:
      throw new Unsupported(3001, `unimplemented feature: function ${code}`);
  }
}

async function execute(context: DispatchContext): Promise<void> {
  const request = await context.input.read(readExecute);
  context.failed.cursor = request.cursor;
  const plsql = (request.options & OPTION.plsqlBind) !== 0;
  const types = bindsAgain(request) ? (context.cursors.find(request.cursor)?.binds ?? []) : request.binds;
  const rows = await bindRows(context, { types, count: request.bindRows, plsql });
  await context.calls.execute({ ...request, binds: types }, rows);
}

/** The JDBC driver runs a known statement again with its values only, as described the last time. */
function bindsAgain({ options, sql }: ExecuteRequest): boolean {
  return sql === null && (options & OPTION.execute) !== 0 && (options & (OPTION.bind | OPTION.define)) === 0;
}

async function reexecute(context: DispatchContext, fetch: boolean): Promise<void> {
  const request = await context.input.read(readReexecute);
  const cursor = context.cursors.find(request.cursor);
  if (cursor === null) throw new Unsupported(1001, 'invalid cursor');
  context.failed.cursor = cursor.id;
  const count = cursor.statement?.kind === 'query' ? 1 : request.iterations;
  const rows = await bindRows(context, { types: cursor.binds, count, plsql: cursor.plsql });
  await context.calls.reexecute(request, { rows, fetch });
}

async function bindRows(
  { input, nationalTimesFour }: DispatchContext,
  { types, count, plsql }: { readonly types: readonly BindType[]; readonly count: number; readonly plsql: boolean },
): Promise<readonly (readonly Bind[])[]> {
  if (count > BIND_ROWS_MAX) throw new Unsupported(1484, 'arrays can only be bound to PL/SQL statements');
  if (types.length === 0) return Array.from({ length: count }, () => []);
  if (!types.every(isReadable)) throw new Unsupported(3115, 'unsupported network datatype or representation');
  const rows: (readonly Bind[])[] = [];
  for (let i = 0; i < count; i += 1) {
    rows.push(await input.read((reader) => readBindRow(reader, types, { plsql, nationalTimesFour })));
  }
  return rows;
}
