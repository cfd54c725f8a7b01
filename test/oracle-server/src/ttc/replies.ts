/** What ends a reply (the error block, the status) and what begins one with columns (describe info). */
import type { Column, OraError } from '../engine.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { VERSION_NUMBER } from '../auth/messages.ts';
import { BANNER } from '../wire/negotiation.ts';
import { MESSAGE } from './codes.ts';
import { TYPES_WITH_SCALE, wireType } from './types.ts';

const TRANSACTION_OPEN = 0x02;

export interface Ending {
  readonly inTransaction: boolean;
  /** The sequence number of the call that ends; a client with piggybacks in flight tells by it whose error this is. */
  readonly call: number;
  readonly cursor?: number;
  readonly rows?: number;
  /** Absent is success. 1403 on a query is the end of its rows. */
  readonly error?: OraError;
}

/** Ends every execute, fetch and LOB call, successful or not. */
export function writeEnding(writer: ByteWriter, { inTransaction, call, cursor, rows, error }: Ending): void {
  const number = error?.number ?? 0;
  writer.u8(MESSAGE.error);
  writer
    .ub(inTransaction ? TRANSACTION_OPEN : 0)
    .ub(0)
    .ub(rows ?? 0);
  writer.ub(Math.min(number, 0xffff)).ub(0).ub(0);
  writer.ub(cursor ?? 0).sb(error === undefined ? 0 : (error.offset ?? -1));
  writer.zeros(6);
  // The row id of the last row touched, the operating system's error, and batch errors: none of them.
  writer.zeros(5).ub(0).u8(0).u8(call).ub(0).ub(0).ub(0);
  writer.ub(0).ub(0).ub(0);
  writer.ub(number).ub(rows ?? 0);
  if (error !== undefined) writer.bytes(Buffer.from(`${error.message}\n`, 'utf8'));
}

/** Of a statement that ran for rows of binds: how many rows each of them touched. */
export function writeRowCounts(writer: ByteWriter, cursor: number, counts: readonly number[]): void {
  // Six integers, of which clients read the SCN (none here) and the cursor; then three empty lists.
  writer.u8(MESSAGE.parameter).ub(6).ub(0).ub(0).ub(cursor).ub(0).ub(0).ub(0);
  writer.zeros(3).ub(counts.length);
  for (const count of counts) writer.ub(count);
}

/** Ends calls that have neither cursor nor error. */
export function writeStatus(writer: ByteWriter, inTransaction: boolean): void {
  writer
    .u8(MESSAGE.status)
    .ub(inTransaction ? TRANSACTION_OPEN : 0)
    .ub(0);
}

export function writeDescribe(writer: ByteWriter, columns: readonly Column[], wideScales = false): void {
  const types = columns.map(({ type }) => wireType(type));
  writer.u8(MESSAGE.describeInfo).u8(0);
  writer.ub(types.reduce((total, { bytesMax }) => total + bytesMax, 0)).ub(columns.length);
  if (columns.length > 0) writer.u8(0);
  columns.forEach((column, index) => {
    writeColumn(writer, column, { position: index + 1, wideScales });
  });
  writer.zeros(6);
}

interface ColumnPlace {
  readonly position: number;
  readonly wideScales: boolean;
}

function writeColumn(
  writer: ByteWriter,
  { name, type, nullable }: Column,
  { position, wideScales }: ColumnPlace,
): void {
  const wire = wireType(type);
  writer.u8(wire.type).u8(0).u8(wire.precision);
  if (wideScales && TYPES_WITH_SCALE.includes(wire.type)) writer.sb(wire.scale);
  else writer.u8(wire.scale);
  writer.ub(wire.bytesMax);
  writer.ub(0).ub(0).ub(0).ub(0);
  writer.ub(wire.charset).u8(wire.form).ub(wire.chars).ub(0);
  writer
    .u8(nullable ? 1 : 0)
    .u8(0)
    .str4(name);
  writer.str4(type.kind === 'OBJECT' ? type.schema : '').str4(type.kind === 'OBJECT' ? type.name : '');
  writer.ub(position).ub(0);
}

export function writeVersion(writer: ByteWriter): void {
  const banner = Buffer.from(BANNER, 'latin1');
  writer.u8(MESSAGE.parameter).ub(banner.length).raw(banner).ub(VERSION_NUMBER);
}
