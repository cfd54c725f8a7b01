/**
 * As what the driver fetches each type: without loss, and without a Date. NUMBER as text, as it decodes it anyway;
 * LOBs whole, as texts and Buffers. The same for every plan, since dates are selected as text (projection.ts).
 */
import oracledb from 'oracledb';

const FETCH_AS = new Map<oracledb.DbType | undefined, { readonly type: oracledb.DbType }>([
  [oracledb.DB_TYPE_NUMBER, { type: oracledb.DB_TYPE_VARCHAR }],
  [oracledb.DB_TYPE_CLOB, { type: oracledb.DB_TYPE_VARCHAR }],
  [oracledb.DB_TYPE_NCLOB, { type: oracledb.DB_TYPE_NVARCHAR }],
  [oracledb.DB_TYPE_BLOB, { type: oracledb.DB_TYPE_RAW }],
]);

/** The `fetchTypeHandler` to execute a plan's statement with; undefined leaves a column to the driver's default. */
export function fetchTypeHandler(metadata: {
  readonly dbType?: oracledb.DbType | undefined;
}): { readonly type: oracledb.DbType } | undefined {
  return FETCH_AS.get(metadata.dbType);
}
