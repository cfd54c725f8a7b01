/**
 * The words in which a column's way from Oracle to Parquet is described: what the driver tells of it, what it hands
 * over per value, and the Mapping from one to the other. The rules themselves are in types-rules.ts.
 */
import type { NumbersAs } from '../../model/request.ts';
import type { ColumnType } from '../../parquet/column-type.ts';

/**
 * What a plan needs of the driver's column metadata (node-oracledb `Metadata`, which fits as it is), so that it can be
 * made without a connection.
 */
export interface DescribedColumn {
  readonly name: string;
  /** node-oracledb's constant, by its name: `DB_TYPE_NUMBER`. */
  readonly dbType?: { readonly name: string } | undefined;
  /** Oracle's own name of the type; of an object type, the object's. */
  readonly dbTypeName?: string | undefined;
  /** Digits of a NUMBER (0: not declared), bits of a FLOAT, fraction digits of a TIMESTAMP. */
  readonly precision?: number | undefined;
  /** Of a NUMBER; −127 where none was declared. */
  readonly scale?: number | undefined;
  /** Of texts and RAW. */
  readonly byteSize?: number | undefined;
}

/** What the driver hands over for one value that is not NULL. */
export type Reading =
  /** number: decimal text such as `12`, `.5`, `-.05`. days, months: the driver's IntervalDS and IntervalYM. */
  | { readonly kind: 'number' | 'double' | 'text' | 'bytes' | 'boolean' | 'days' | 'months' }
  /** Text of TO_CHAR (temporal.ts); zone: it was converted to UTC, or ends with its own offset. */
  | { readonly kind: 'time'; readonly digits: number; readonly zone: 'none' | 'utc' | 'offset' };

/** SQL of what to select in place of a column. */
export type Expression = (reference: string) => string;

export interface Mapping {
  readonly type: ColumnType;
  readonly reading: Reading;
  /** null: the column itself. */
  readonly expression: Expression | null;
  /** For the manifest: what a reader of the Parquet file should know. */
  readonly note?: string;
  /** For people, where a value does not fit: a half sentence such as "declare it varchar". */
  readonly wayOut?: string;
  /** How it is read where the column is declared varchar, if otherwise. */
  readonly asText?: { readonly reading: Reading; readonly expression: Expression };
}

export interface TypeRule {
  /** The driver's names of the types it is about. */
  readonly dbTypes: readonly string[];
  readonly when?: (column: DescribedColumn) => boolean;
  /** For columns that it decides. */
  readonly map: (column: DescribedColumn, numbers: NumbersAs) => Mapping;
  /** Its row in docs/oracle-types.md. */
  readonly doc: {
    readonly oracle: string;
    readonly parquet: string;
    readonly travels: string;
    readonly remark: string;
  };
  /** Columns that it decides, and the type that each becomes: examples for people, and claims for the tests. */
  readonly examples: readonly (readonly [DescribedColumn, ColumnType])[];
}
