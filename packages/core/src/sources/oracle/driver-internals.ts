/**
 * The parts inside the driver that rows are taken by (row-cutter.ts), as node-oracledb DRIVER_VERSION has them. They are no promise
 * of the driver: another version, or anything that does not look as written here, means that the driver decodes its rows
 * itself, by its public interface.
 */
import oracledb, { type Connection, type ResultSet } from 'oracledb';

/** The one that these shapes were read in, and that the tests prove. */
export const DRIVER_VERSION = '26.0.0';

/** A packet, and where in it the driver is. */
export interface DriverBuffer {
  readonly buf: Buffer;
  pos: number;
  readonly size: number;
  readonly packet: object;
  readonly caps: { readonly maxStringSize: number; checkNCharsetId(): void };
  /** Over the ends of packets; null for NULL. @throws something of the driver's where the packets that have come do not suffice */
  readBytesWithLength(): Buffer | null;
  parseOracleNumber(bytes: Buffer): string;
  parseBinaryDouble(bytes: Buffer): number;
  parseBinaryFloat(bytes: Buffer): number;
  parseOracleIntervalDS(bytes: Buffer): object;
  parseOracleIntervalYM(bytes: Buffer): object;
}

export interface DriverVariable {
  readonly type: { readonly name: string };
  readonly maxSize: number;
}

export interface DriverStatement {
  readonly isQuery: boolean;
  readonly queryVars?: readonly DriverVariable[];
  bufferRowCount: number;
  bufferRowIndex: number;
  lastRowIndex?: number;
}

/** The answer to one execute or fetch. */
export interface DriverMessage {
  readonly statement: DriverStatement;
  rowIndex: number;
  /** Which columns the next row has; those that it has not are those of the row before. */
  bitVector?: Buffer | null;
  processRowData: (this: DriverMessage, buffer: DriverBuffer) => void;
}

export interface DriverProtocol {
  _processMessage: (this: DriverProtocol, message: unknown) => Promise<unknown>;
}

export interface DriverResults {
  readonly statement: DriverStatement;
  /** Gives rows that were fetched to the public interface. */
  _processRows: (this: DriverResults, rows: number) => unknown[];
}

const BUFFER_METHODS = [
  'readBytesWithLength',
  'parseOracleNumber',
  'parseBinaryDouble',
  'parseBinaryFloat',
  'parseOracleIntervalDS',
  'parseOracleIntervalYM',
];

/** null: this driver's rows are its own matter. */
export function protocolOf(connection: Connection, version = oracledb.versionString): DriverProtocol | null {
  if (version !== DRIVER_VERSION) return null;
  const protocol = at(at(connection, '_impl'), '_protocol');
  const buffer = at(protocol, 'readBuf');
  const caps = at(buffer, 'caps');
  const known =
    has(protocol, '_processMessage')
    && BUFFER_METHODS.every((name) => has(buffer, name))
    && has(caps, 'checkNCharsetId')
    && typeof at(caps, 'maxStringSize') === 'number';
  return known ? (protocol as DriverProtocol) : null;
}

export function isQueryMessage(message: unknown): message is DriverMessage {
  return (
    has(message, 'processRowData')
    && typeof at(message, 'rowIndex') === 'number'
    && at(at(message, 'statement'), 'isQuery') === true
  );
}

/**
 * Whether what a row is taken by is there as declared above, in the driver's message and in its buffer. Without a packet, for one, the
 * next packet would be taken for the one before, and its values read at the places of others.
 */
export function isAsDeclared(message: DriverMessage, buffer: DriverBuffer): boolean {
  const { statement, rowIndex, bitVector }: { readonly [Name in keyof DriverMessage]?: unknown } = message;
  const { buf, pos, size, packet }: { readonly [Name in keyof DriverBuffer]?: unknown } = buffer;
  return (
    isCount(rowIndex)
    && (bitVector === undefined || bitVector === null || Buffer.isBuffer(bitVector))
    && isCount(at(statement, 'bufferRowCount'))
    && isCount(at(statement, 'bufferRowIndex'))
    && Array.isArray(at(statement, 'queryVars'))
    && at(packet, 'buf') === buf
    && Buffer.isBuffer(buf)
    && isCount(pos)
    && size === buf.length
    && pos <= size
  );
}

export function resultsOf(results: ResultSet<unknown[]>): DriverResults | null {
  const implementation = at(results, '_impl');
  return has(implementation, '_processRows') && typeof at(implementation, 'statement') === 'object'
    ? (implementation as DriverResults)
    : null;
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function has(value: unknown, method: string): boolean {
  return typeof at(value, method) === 'function';
}
