/** What the driver makes of a value, by the driver's own functions: for values that no reader takes from the wire at once. */
import type { DriverBuffer, DriverVariable } from './driver-internals.ts';

/** @param bytes of a value that is not NULL; nothing of them is kept */
export type DriverValue = (bytes: Buffer) => unknown;

/** null: the driver decodes it, and with it all columns of the statement. LOBs and LONGs have more after each value. */
export function driverValueOf({ type, maxSize }: DriverVariable, buffer: DriverBuffer): DriverValue | null {
  // Without a size there is no value at all, and above this one there is more after it.
  if (maxSize <= 0 || maxSize > buffer.caps.maxStringSize) return null;
  switch (type.name) {
    case 'DB_TYPE_NUMBER':
      return (bytes) => buffer.parseOracleNumber(bytes);
    case 'DB_TYPE_VARCHAR':
    case 'DB_TYPE_CHAR':
      return (bytes) => bytes.toString();
    case 'DB_TYPE_NVARCHAR':
    case 'DB_TYPE_NCHAR':
      buffer.caps.checkNCharsetId();
      return (bytes) => Buffer.from(bytes).swap16().toString('utf16le');
    case 'DB_TYPE_RAW':
      return (bytes) => Buffer.from(bytes);
    case 'DB_TYPE_BINARY_DOUBLE':
      return (bytes) => buffer.parseBinaryDouble(bytes);
    case 'DB_TYPE_BINARY_FLOAT':
      return (bytes) => buffer.parseBinaryFloat(bytes);
    case 'DB_TYPE_INTERVAL_DS':
      return (bytes) => buffer.parseOracleIntervalDS(bytes);
    case 'DB_TYPE_INTERVAL_YM':
      return (bytes) => buffer.parseOracleIntervalYM(bytes);
    default:
      return null;
  }
}
