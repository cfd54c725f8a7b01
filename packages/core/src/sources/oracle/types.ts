/** What the driver tells of a column. */
import type { Described } from '../sql/types.ts';

/**
 * What a plan needs of the driver's column metadata (node-oracledb `Metadata`, which fits as it is), so that it can be
 * made without a connection.
 */
export interface DescribedColumn extends Described {
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
