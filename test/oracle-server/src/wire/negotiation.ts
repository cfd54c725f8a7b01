/** The two messages before authentication: protocol (character sets, capabilities) and data types (time zone). */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export const AL32UTF8 = 873;
export const AL16UTF16 = 2000;

/** As of 19.1. Later versions add fields to the error block, describe info and function headers. */
export const FIELD_VERSION = 12;

const BANNER = 'Parqueue test server for the Oracle protocol';
const CAPABILITY = { fieldVersion: 7 } as const;
const RUNTIME = { timeZone: 1, ttc: 6 } as const;
const TIME_ZONE_WITH_TYPES = 0x01;
const STRINGS_OF_32K = 0x04;

/** The database's time zone, +00:00, in the layout of an INTERVAL DAY TO SECOND. */
const UTC = Buffer.from('800000003C3C8000000000', 'hex');

export function readProtocolRequest(reader: ByteReader): void {
  while (reader.u8() !== 0);
  while (reader.u8() !== 0);
}

export function writeProtocolReply(writer: ByteWriter): void {
  const capabilities = Buffer.alloc(53);
  capabilities[CAPABILITY.fieldVersion] = FIELD_VERSION;
  const runtime = Buffer.alloc(7);
  runtime[RUNTIME.timeZone] = TIME_ZONE_WITH_TYPES;
  runtime[RUNTIME.ttc] = STRINGS_OF_32K;
  // The national character set sits behind two variable parts of this block, both empty here.
  const characterSets = Buffer.alloc(11);
  characterSets.writeUInt16BE(AL16UTF16, 9);
  writer.u8(1).u8(6).u8(0).raw(Buffer.from(BANNER, 'latin1')).u8(0);
  writer.u16le(AL32UTF8).u8(0).u16le(0).u16be(characterSets.length).raw(characterSets);
  writer.bytes(capabilities).bytes(runtime);
}

/** Whether the client wants the time zone in the reply. Its own type list is of no interest: values travel as Oracle's. */
export function readDataTypesRequest(reader: ByteReader): boolean {
  reader.skip(5);
  reader.bytes();
  const runtime = reader.bytes();
  const withTimeZone = ((runtime?.[RUNTIME.timeZone] ?? 0) & TIME_ZONE_WITH_TYPES) !== 0;
  if (withTimeZone) reader.skip(UTC.length);
  while (reader.u16be() !== 0) if (reader.u16be() !== 0) reader.skip(4);
  return withTimeZone;
}

export function writeDataTypesReply(writer: ByteWriter, withTimeZone: boolean): void {
  writer.u8(2);
  if (withTimeZone) writer.raw(UTC);
  writer.u16be(0);
}
