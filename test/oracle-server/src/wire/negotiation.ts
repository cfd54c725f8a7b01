/** The two messages before authentication: protocol (character sets, capabilities) and data types (time zone). */
import type { VerifierKind } from '../auth/verifiers.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

export const AL32UTF8 = 873;
export const AL16UTF16 = 2000;

/** As of 19.1. Later versions add fields to the error block, describe info and function headers. */
export const FIELD_VERSION = 12;

export const BANNER = 'Parqueue test server for the Oracle protocol';
/** Positions in the list of what the server was compiled to do, and what to say there. */
const CAPABILITY = {
  fieldVersion: { at: 7, value: FIELD_VERSION },
  /** The call status and two more fields in error blocks and statuses, which are always written here. */
  endOfCall: { at: 15, value: 0x19 },
  /** The client's type list has types of two bytes. */
  wideTypes: { at: 27, value: 0x01 },
  /** In the long form of *bytes*, chunk lengths are integers instead of single bytes. */
  bigChunks: { at: 37, value: 0x20 },
} as const;
/**
 * Verifiers, and how session keys are combined. The JDBC driver sends an empty password when it finds the verifier
 * missing here, and combines as for 12c also with an 11g verifier when it finds both.
 */
const LOGON_TYPES = { at: 4, '11g': 0xcf, '12c': 0xef } as const;
const RUNTIME = { timeZone: 1, ttc: 6 } as const;
const TIME_ZONE_WITH_TYPES = 0x01;
/** Of the client's character set flags. */
const ENCODING_CONV_LENGTH = 0x02;
const STRINGS_OF_32K = 0x04;

/** The database's time zone, +00:00, in the layout of an INTERVAL DAY TO SECOND. */
const UTC = Buffer.from('800000003C3C8000000000', 'hex');

export function readProtocolRequest(reader: ByteReader): void {
  while (reader.u8() !== 0);
  while (reader.u8() !== 0);
}

export function writeProtocolReply(writer: ByteWriter, verifier: VerifierKind): void {
  const capabilities = Buffer.alloc(53);
  for (const { at, value } of Object.values(CAPABILITY)) capabilities[at] = value;
  capabilities[LOGON_TYPES.at] = LOGON_TYPES[verifier];
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

export interface ClientHabits {
  /** It wants the time zone in the reply. */
  readonly withTimeZone: boolean;
  /** Texts whose length was already told carry their length again (as *bytes*); else they come bare. */
  readonly lengthTwice: boolean;
}

/** The client's own type list is of no interest: values travel as Oracle's. */
export function readDataTypesRequest(reader: ByteReader): ClientHabits {
  reader.skip(4);
  const lengthTwice = (reader.u8() & ENCODING_CONV_LENGTH) !== 0;
  reader.bytes();
  const runtime = reader.bytes();
  const withTimeZone = ((runtime?.[RUNTIME.timeZone] ?? 0) & TIME_ZONE_WITH_TYPES) !== 0;
  if (withTimeZone) reader.skip(UTC.length);
  while (reader.u16be() !== 0) if (reader.u16be() !== 0) reader.skip(4);
  return { withTimeZone, lengthTwice };
}

export function writeDataTypesReply(writer: ByteWriter, { withTimeZone }: ClientHabits): void {
  writer.u8(2);
  if (withTimeZone) writer.raw(UTC);
  writer.u16be(0);
}
