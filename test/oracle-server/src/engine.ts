/**
 * What stands behind the wire: an Engine answers statements, a session of it belongs to one logged-on client. The wire
 * knows packets and types and no SQL; an engine knows SQL and no bytes. Engines throw OraError for everything that
 * Oracle would answer with an ORA number; anything else thrown is a defect of the server. ORA-03113 is not answered at
 * all: the socket is cut.
 */
export class OraError extends Error {
  override readonly name = 'OraError';
  readonly number: number;
  /** Where in the SQL, 0-based, in characters; null where it is nowhere in particular. */
  readonly offset: number | null;
  /** The session ends right after this error was sent, as Oracle's own sessions do after ORA-00028 and its like. */
  readonly fatal: boolean;

  constructor(number: number, text: string, more: { readonly offset?: number; readonly fatal?: boolean } = {}) {
    super(`ORA-${String(number).padStart(5, '0')}: ${text}`);
    this.number = number;
    this.offset = more.offset ?? null;
    this.fatal = more.fatal ?? false;
  }
}

/** Types by their Oracle names; the wire maps them to numbers and forms. */
export type OraType =
  | { readonly kind: 'VARCHAR2' | 'NVARCHAR2' | 'CHAR' | 'NCHAR'; readonly chars: number }
  /** precision null: NUMBER without precision (described as 0, -127). */
  | { readonly kind: 'NUMBER'; readonly precision: number | null; readonly scale: number }
  /** FLOAT(b): described as precision b (binary), scale -127. */
  | { readonly kind: 'FLOAT'; readonly precision: number }
  | {
      readonly kind:
        | 'BINARY_FLOAT'
        | 'BINARY_DOUBLE'
        | 'DATE'
        | 'CLOB'
        | 'NCLOB'
        | 'BLOB'
        | 'BOOLEAN'
        | 'JSON'
        | 'ROWID'
        | 'UROWID'
        | 'LONG'
        | 'LONG RAW';
    }
  | { readonly kind: 'RAW'; readonly bytes: number }
  | {
      readonly kind: 'TIMESTAMP' | 'TIMESTAMP WITH TIME ZONE' | 'TIMESTAMP WITH LOCAL TIME ZONE';
      readonly fraction: number;
    }
  | { readonly kind: 'INTERVAL DAY TO SECOND'; readonly leading: number; readonly fraction: number }
  | { readonly kind: 'INTERVAL YEAR TO MONTH'; readonly leading: number }
  /** A type the driver under test cannot fetch, such as XMLTYPE: described with its names, never sent. */
  | { readonly kind: 'OBJECT'; readonly schema: string; readonly name: string };

export interface Column {
  readonly name: string;
  readonly type: OraType;
  readonly nullable: boolean;
}

/** Wall-clock fields as Oracle keeps them; year may be negative (BC) and is never 0. For WITH TIME ZONE types: in UTC. */
export interface OraTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: number;
}

export interface OraIntervalDS {
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly nanos: number;
}

export interface OraIntervalYM {
  readonly years: number;
  readonly months: number;
}

/**
 * One value, by the kind of its column: text (VARCHAR2, CLOB, LONG, ROWID …) string; NUMBER and FLOAT decimal text such
 * as `-12.5` or `1E125`; BINARY_* number; RAW and BLOB bytes; DATE and TIMESTAMPs OraTime; intervals; BOOLEAN; JSON its
 * text. An empty string is NULL, as in Oracle.
 */
export type Value = null | string | number | boolean | Uint8Array | OraTime | OraIntervalDS | OraIntervalYM;

/** One bind value as it came: decoded by the bind's type number, never guessed from its look. */
export interface Bind {
  /** By the wire's type: 'text' string, 'number' decimal text, 'double' number, 'time' OraTime, 'bytes', 'boolean'. */
  readonly kind: 'text' | 'number' | 'double' | 'time' | 'bytes' | 'boolean' | 'null';
  readonly value: Value;
}

export interface Statement {
  /** As the client sent it. */
  readonly sql: string;
  readonly kind: 'query' | 'dml' | 'ddl' | 'control';
  /** Of a query, in order; duplicate names may occur. Empty otherwise. */
  readonly columns: readonly Column[];
  /** Placeholders in order of occurrence, repeated ones repeated; without the colon. */
  readonly placeholders: readonly string[];
}

/** Rows of one executed query. One reader; `next` is never called while another is pending. */
export interface RowSource {
  /** Up to `max` rows, at least one unless the end is reached; an empty array is the end. @throws OraError */
  next(max: number): Promise<readonly (readonly Value[])[]>;
  /** A batch given again as the same array has the same rows: it is encoded once, for whoever fetches it. */
  readonly repeats?: boolean;
  close(): Promise<void>;
}

export type Execution =
  | { readonly kind: 'rows'; readonly rows: RowSource }
  | { readonly kind: 'count'; readonly rows: number };

export interface EngineSession {
  /**
   * Parses and, for a query, describes; runs nothing. Called again before every execution, since a table may have got
   * another shape: it had better be cheap for a text that is known. @throws OraError
   */
  parse(sql: string): Promise<Statement>;
  /** @throws OraError */
  execute(statement: Statement, binds: readonly Bind[]): Promise<Execution>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** The call status bit "transaction open". */
  readonly inTransaction: boolean;
  /** ALTER SESSION SET CURRENT_SCHEMA and the piggyback of the same meaning. */
  setSchema(schema: string): void;
  /**
   * Break, or the client is gone: whatever runs in this session ends soon with ORA-01013. Called only while something
   * runs, which must settle, since the answer to the break waits for it.
   */
  interrupt(): void;
  close(): Promise<void>;
}

export interface Engine {
  /** A session of an already authenticated user (upper case). */
  open(user: string): Promise<EngineSession>;
  close(): Promise<void>;
}
