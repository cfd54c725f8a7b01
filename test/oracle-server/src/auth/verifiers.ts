/**
 * Password verifiers of Oracle 11g (SHA-1) and 12c (PBKDF2-SHA512), and the exchange that both are used in: server and
 * client send each other halves of a session key, encrypted by the verifier; the password travels under a key made of
 * both halves. An unknown user is challenged by a verifier of nobody, so that it cannot be told from a wrong password.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export type VerifierKind = '11g' | '12c';

/** Told in the flags of AUTH_VFR_DATA. */
export const VERIFIER_TYPE: Readonly<Record<VerifierKind, number>> = { '11g': 0x1b25, '12c': 0x4815 };

const GENERATION_ROUNDS = 4096;
const COMBINATION_ROUNDS = 3;
const SPEEDY_KEY = 'AUTH_PBKDF2_SPEEDY_KEY';
const BLOCK_BYTES = 16;

export interface Verifier {
  readonly kind: VerifierKind;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** What phase one sends, plus what the server keeps of it until phase two. */
export interface Challenge {
  readonly verifier: Verifier;
  readonly half: Buffer;
  readonly sessionKey: string;
  readonly combinationSalt: Buffer;
  readonly rounds: { readonly generation: number; readonly combination: number };
}

export interface Response {
  /** AUTH_SESSKEY and AUTH_PASSWORD, hexadecimal. */
  readonly sessionKey: string;
  readonly password: string;
}

export function verifierOf(kind: VerifierKind, password: string, salt: Buffer): Verifier {
  const secret = Buffer.from(password, 'utf8');
  if (kind === '11g') {
    const hash = createHash('sha1').update(secret).update(salt).digest();
    return { kind, salt, key: Buffer.concat([hash, Buffer.alloc(4)]) };
  }
  const stretched = pbkdf2Sync(secret, Buffer.concat([salt, Buffer.from(SPEEDY_KEY)]), GENERATION_ROUNDS, 64, 'sha512');
  return { kind, salt, key: createHash('sha512').update(stretched).update(salt).digest().subarray(0, 32) };
}

/** Of a user who does not exist: the same salt each time, as a real one has, and a key that no password gives. */
export function decoyVerifier(kind: VerifierKind, user: string, secret: Buffer): Verifier {
  const derived = createHmac('sha512', secret).update(user).digest();
  const salt = derived.subarray(0, saltBytes(kind));
  return { kind, salt, key: derived.subarray(32, kind === '11g' ? 56 : 64) };
}

export function newSalt(kind: VerifierKind): Buffer {
  return randomBytes(saltBytes(kind));
}

export function challenge(verifier: Verifier): Challenge {
  const half = randomBytes(verifier.kind === '11g' ? 48 : 32);
  return {
    verifier,
    half,
    sessionKey: hex(encrypt(verifier.key, half)),
    combinationSalt: randomBytes(16),
    rounds: { generation: GENERATION_ROUNDS, combination: COMBINATION_ROUNDS },
  };
}

/** AUTH_SVR_RESPONSE if the client knows the password, else null. Never throws, whatever the client sent. */
export function answer(challenge: Challenge, password: string | null, response: Response): string | null {
  const theirs = Buffer.from(response.sessionKey, 'hex');
  const encrypted = Buffer.from(response.password, 'hex');
  if (theirs.length !== challenge.half.length || encrypted.length === 0 || encrypted.length % BLOCK_BYTES !== 0) {
    return null;
  }
  const combined = combine(challenge, decrypt(challenge.verifier.key, theirs));
  const told = withoutPadding(decrypt(combined, encrypted).subarray(BLOCK_BYTES));
  const expected = Buffer.from(password ?? '', 'utf8');
  if (told === null || password === null || !sameBytes(told, expected)) return null;
  const padding = Buffer.alloc(BLOCK_BYTES, BLOCK_BYTES);
  return hex(encrypt(combined, Buffer.concat([randomBytes(16), Buffer.from('SERVER_TO_CLIENT'), padding])));
}

function combine({ verifier, half, combinationSalt, rounds }: Challenge, theirs: Buffer): Buffer {
  if (verifier.kind === '12c') {
    // The text of the halves is what is stretched, not the halves.
    const both = Buffer.from(hex(Buffer.concat([theirs, half])), 'latin1');
    return pbkdf2Sync(both, combinationSalt, rounds.combination, 32, 'sha512');
  }
  const mixed = Buffer.alloc(24);
  for (let i = 0; i < mixed.length; i += 1) mixed[i] = (half[i + 16] ?? 0) ^ (theirs[i + 16] ?? 0);
  const digest = (part: Buffer): Buffer => createHash('md5').update(part).digest();
  return Buffer.concat([digest(mixed.subarray(0, 16)), digest(mixed.subarray(16))]).subarray(0, 24);
}

function withoutPadding(padded: Buffer): Buffer | null {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > BLOCK_BYTES || count > padded.length) return null;
  const padding = padded.subarray(padded.length - count);
  return padding.every((byte) => byte === count) ? padded.subarray(0, padded.length - count) : null;
}

/** Compares digests, so that neither contents nor length show in the time it takes. */
function sameBytes(one: Buffer, other: Buffer): boolean {
  const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function encrypt(key: Buffer, bytes: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(BLOCK_BYTES)).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function decrypt(key: Buffer, bytes: Buffer): Buffer {
  const cipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(BLOCK_BYTES)).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function saltBytes(kind: VerifierKind): number {
  return kind === '11g' ? 10 : 16;
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase();
}
