/** The calls that run statements, fetch rows and read LOBs, as they are sent with field version 9 to 13. */
import { OraError } from '../engine.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { BindType } from './binds.ts';
import { readBindType } from './binds.ts';
import { OPTION } from './codes.ts';

/** A request that is not supported and whose rest cannot be decoded: it is skipped, and the session goes on. */
export class Unsupported extends OraError {}

export interface ExecuteRequest {
  readonly options: number;
  /** 0 for a new cursor. */
  readonly cursor: number;
  /** Null where the statement of the cursor is meant. */
  readonly sql: string | null;
  readonly rowsWanted: number;
  /** How many rows of binds follow, if there are binds. */
  readonly bindRows: number;
  /** The client wants to know how many rows each row of binds touched. */
  readonly rowCounts: boolean;
  readonly binds: readonly BindType[];
  readonly defines: readonly BindType[];
}

export interface ReexecuteRequest {
  readonly cursor: number;
  /** Rows wanted, or executions. */
  readonly iterations: number;
  readonly flags: number;
}

export interface FetchRequest {
  readonly cursor: number;
  readonly rowsWanted: number;
}

const ROW_COUNTS_FLAG = 0x4000;

export function readExecute(reader: ByteReader): ExecuteRequest {
  const options = reader.ub();
  const cursor = reader.ub();
  const hasSql = reader.u8() !== 0;
  const sqlLength = reader.ub();
  reader.u8();
  const parameterCount = reader.ub();
  reader.skip(2);
  // The most bytes wanted; counted in rows here.
  reader.ub();
  const rowsWanted = reader.ub();
  reader.ub();
  reader.u8();
  const bindCount = reader.ub();
  reader.skip(6);
  const defineCount = reader.ub();
  skipRegistration(reader);
  const sql = hasSql ? reader.told(sqlLength) : null;
  const parameters = Array.from({ length: parameterCount }, () => reader.ub());
  const isQuery = parameters[7] === 1;
  const metadata = (count: number): BindType[] => Array.from({ length: count }, () => readBindType(reader));
  const defining = (options & OPTION.define) !== 0;
  return {
    options,
    cursor,
    sql,
    rowsWanted: (options & OPTION.fetch) === 0 ? 0 : rowsWanted,
    bindRows: isQuery ? 1 : Math.max(1, parameters[1] ?? 1),
    rowCounts: ((parameters[9] ?? 0) & ROW_COUNTS_FLAG) !== 0,
    defines: defining ? metadata(defineCount) : [],
    binds: defining ? [] : metadata(bindCount),
  };
}

export function readReexecute(reader: ByteReader): ReexecuteRequest {
  const cursor = reader.ub();
  const iterations = reader.ub();
  reader.ub();
  return { cursor, iterations, flags: reader.ub() };
}

/** A buffer's size, and where the answers go: nothing to know. */
export function readVersionRequest(reader: ByteReader): void {
  reader.u8();
  reader.ub();
  reader.skip(2);
  reader.ub();
}

export function readFetch(reader: ByteReader): FetchRequest {
  return { cursor: reader.ub(), rowsWanted: reader.ub() };
}

/** Change notification, object lists, row counts of DML, SQL signature, chunk ids: pointers and lengths, all unused. */
function skipRegistration(reader: ByteReader): void {
  reader.ub();
  reader.skip(3);
  reader.ub();
  reader.u8();
  reader.ub();
  reader.ub();
  reader.u8();
  reader.ub();
  reader.u8();
  reader.u8();
  reader.ub();
  reader.u8();
  reader.ub();
  reader.u8();
  reader.u8();
  reader.ub();
}
