/** The two authentication calls on the wire: a user name and pairs of keys and values, in both directions. */
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { VERIFIER_TYPE } from './verifiers.ts';
import type { Challenge } from './verifiers.ts';

export interface AuthRequest {
  readonly user: string;
  readonly pairs: ReadonlyMap<string, string>;
}

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly flags?: number;
}

/** 19.3.0.0.0, the release that the negotiated field version belongs to. */
export const VERSION_NUMBER = 19 * 2 ** 24 + 3 * 2 ** 16;

export function readAuthRequest(reader: ByteReader): AuthRequest {
  const hasUser = reader.u8() !== 0;
  const userLength = reader.ub();
  reader.ub();
  reader.u8();
  const count = reader.ub();
  reader.skip(2);
  const user = hasUser && userLength > 0 ? reader.told(userLength) : '';
  return { user, pairs: readPairs(reader, count) };
}

export function readPairs(reader: ByteReader, count: number): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (let i = 0; i < count; i += 1) {
    const key = reader.str4().replace(/\0$/, '');
    pairs.set(key, reader.str4());
    reader.ub();
  }
  return pairs;
}

export function writeChallenge(writer: ByteWriter, { verifier, sessionKey, combinationSalt, rounds }: Challenge): void {
  const pairs: Pair[] = [
    { key: 'AUTH_SESSKEY', value: sessionKey },
    { key: 'AUTH_VFR_DATA', value: hex(verifier.salt), flags: VERIFIER_TYPE[verifier.kind] },
  ];
  if (verifier.kind === '12c') {
    pairs.push(
      { key: 'AUTH_PBKDF2_CSK_SALT', value: hex(combinationSalt) },
      { key: 'AUTH_PBKDF2_VGEN_COUNT', value: String(rounds.generation) },
      { key: 'AUTH_PBKDF2_SDER_COUNT', value: String(rounds.combination) },
    );
  }
  writePairs(writer, pairs);
}

export interface Welcome {
  readonly proof: string;
  readonly service: string;
  readonly session: number;
  readonly openCursorsMax: number;
}

export function writeWelcome(writer: ByteWriter, { proof, service, session, openCursorsMax }: Welcome): void {
  writePairs(writer, [
    { key: 'AUTH_SVR_RESPONSE', value: proof },
    { key: 'AUTH_VERSION_NO', value: String(VERSION_NUMBER) },
    { key: 'AUTH_VERSION_STRING', value: '- Parqueue test server' },
    { key: 'AUTH_SESSION_ID', value: String(session) },
    { key: 'AUTH_SERIAL_NUM', value: '1' },
    { key: 'AUTH_SC_SERVICE_NAME', value: service },
    { key: 'AUTH_SC_DBUNIQUE_NAME', value: service },
    { key: 'AUTH_DBNAME', value: service },
    { key: 'AUTH_INSTANCENAME', value: service },
    { key: 'AUTH_MAX_OPEN_CURSORS', value: String(openCursorsMax) },
    { key: 'AUTH_MAX_IDEN_LENGTH', value: '128' },
  ]);
}

function writePairs(writer: ByteWriter, pairs: readonly Pair[]): void {
  writer.u8(8).ub(pairs.length);
  for (const { key, value, flags } of pairs)
    writer
      .str4(key)
      .str4(value)
      .ub(flags ?? 0);
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase();
}
