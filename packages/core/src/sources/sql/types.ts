/**
 * The words in which a column's way from a database to Parquet is described: what the driver tells of it, what it hands
 * over per value, and the Mapping from one to the other. Each database has rules that make the mappings.
 */
import { ParqueueError } from '../../model/errors.ts';
import type { ColumnType } from '../../parquet/column-type.ts';
import type { Wire } from './wire/fields.ts';

/** The least that is known of a column of a statement; each driver's description has more. */
export interface Described {
  /** As the statement calls it; may repeat. */
  readonly name: string;
}

/** What one value that is not NULL is when the column plan gets it, after the mapping's `decode`. */
export type Reading =
  /**
   * number: decimal text such as `12`, `.5`, `-.05`, `1e-7`, and `NaN`, `Infinity`, `-Infinity`. double: a JavaScript number. text, bytes (Uint8Array),
   * boolean: themselves. days, months: node-oracledb's IntervalDS and IntervalYM.
   */
  | { readonly kind: 'number' | 'double' | 'text' | 'bytes' | 'boolean' | 'days' | 'months' }
  /** Compact text of Oracle's TO_CHAR (temporal.ts); zone: it was converted to UTC, or ends with its own offset. */
  | { readonly kind: 'time'; readonly digits: number; readonly zone: 'none' | 'utc' | 'offset' }
  /**
   * ISO 8601, `2024-02-29 12:34:56.123456` with a blank or T; `utc`: an instant, ending in Z or an offset. Or a bigint
   * of microseconds since 1970 for what has no such text (an infinity).
   */
  | { readonly kind: 'iso'; readonly zone: 'none' | 'utc' }
  /** `2024-02-29`; or a number of days since 1970 for what has no such text. */
  | { readonly kind: 'day' };

/** SQL of what to select in place of a column. */
export type Expression = (reference: string) => string;

/** Makes of one value, which is not null, what a column builder takes. @throws Refusal (parquet/columns/refusal.ts) */
export type Convert = (value: unknown) => unknown;

export interface Mapping {
  readonly type: ColumnType;
  readonly reading: Reading;
  /** null: the column itself. Only for databases that project. */
  readonly expression: Expression | null;
  /** Makes of the driver's value what `reading` says; absent: it is that already. */
  readonly decode?: Convert;
  /** How it gets from the wire into its column at once; absent: always by its reading. */
  readonly wire?: Wire;
  /** For the manifest: what a reader of the Parquet file should know. */
  readonly note?: string;
  /** For people, where a value does not fit: a half sentence such as "declare it varchar". */
  readonly wayOut?: string;
  /** How it is read where the column is declared varchar, if otherwise. */
  readonly asText?: {
    readonly reading: Reading;
    readonly expression: Expression | null;
    readonly decode?: Convert;
    readonly wire?: Wire;
  };
}

/** One row of the table that the loader follows and the docs show. `D`: how the driver describes a column. */
export interface TypeRule<D extends Described> {
  /** The driver's names of the types it is about. */
  readonly dbTypes: readonly string[];
  readonly when?: (column: D) => boolean;
  /** For columns that it decides. */
  readonly map: (column: D, numbers: import('../../model/request.ts').NumbersAs) => Mapping;
  /** Its row in the docs. */
  readonly doc: {
    readonly database: string;
    readonly parquet: string;
    readonly travels: string;
    readonly remark: string;
  };
  /** Columns that it decides, and the type that each becomes: examples for people, and claims for the tests. */
  readonly examples: readonly (readonly [D, ColumnType])[];
}

/** `wayOut`: what to do about it, such as `select c::text`. */
export function unsupportedType(column: string, type: string, wayOut: string): ParqueueError {
  return new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    `column ${column} has the type ${type}, which cannot be loaded: ${wayOut}`,
    { details: { column, type } },
  );
}
