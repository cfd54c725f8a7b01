/** What rides before a call and has no reply of its own. Each must be consumed exactly, whether it matters or not. */
import { readPairs } from '../auth/messages.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { PIGGYBACK } from './codes.ts';
import { LOCATOR_BYTES } from './lobs.ts';

export type Piggyback =
  | { readonly kind: 'close-cursors' | 'cancel-cursors'; readonly ids: readonly number[] }
  | { readonly kind: 'free-lobs'; readonly locators: readonly Buffer[] }
  | { readonly kind: 'schema'; readonly schema: string }
  | { readonly kind: 'identity'; readonly attributes: Readonly<Partial<Record<Attribute, string>>> }
  | { readonly kind: 'context' };

export type Attribute = 'clientIdentifier' | 'module' | 'action' | 'executionContext' | 'clientInfo' | 'operation';

/** Null for a piggyback that is not known, whose length hence is not either. */
export function readPiggyback(reader: ByteReader, code: number): Piggyback | null {
  switch (code) {
    case PIGGYBACK.closeCursors:
      return { kind: 'close-cursors', ids: readIds(reader) };
    case PIGGYBACK.cancelCursors:
      return { kind: 'cancel-cursors', ids: readIds(reader) };
    case PIGGYBACK.currentSchema:
      reader.u8();
      reader.ub();
      return { kind: 'schema', schema: text(reader) };
    case PIGGYBACK.endToEnd:
      return { kind: 'identity', attributes: readIdentity(reader) };
    case PIGGYBACK.lob:
      return { kind: 'free-lobs', locators: readFreedLobs(reader) };
    case PIGGYBACK.appContext:
      skipContext(reader);
      return { kind: 'context' };
    default:
      return null;
  }
}

function readIds(reader: ByteReader): number[] {
  reader.u8();
  return Array.from({ length: reader.ub() }, () => reader.ub());
}

function readIdentity(reader: ByteReader): Partial<Record<Attribute, string>> {
  const given = new Map<Attribute, boolean>();
  const announced = (attribute: Attribute): void => {
    const present = reader.u8() !== 0;
    given.set(attribute, reader.ub() > 0 && present);
  };
  const unused = (): void => {
    reader.u8();
    reader.ub();
  };
  reader.skip(2);
  reader.ub();
  announced('clientIdentifier');
  announced('module');
  announced('action');
  announced('executionContext');
  unused();
  announced('clientInfo');
  unused();
  unused();
  announced('operation');
  const attributes: Partial<Record<Attribute, string>> = {};
  for (const [attribute, present] of given) if (present) attributes[attribute] = text(reader);
  return attributes;
}

function readFreedLobs(reader: ByteReader): Buffer[] {
  reader.u8();
  const total = reader.ub();
  reader.u8();
  for (let i = 0; i < 3; i += 1) reader.ub();
  reader.skip(3);
  reader.ub();
  reader.u8();
  reader.ub();
  reader.ub(8);
  reader.ub(8);
  reader.u8();
  for (let i = 0; i < 3; i += 1) {
    reader.u8();
    reader.ub();
  }
  const locators = reader.raw(total);
  return Array.from({ length: Math.floor(total / LOCATOR_BYTES) }, (_, index) =>
    locators.subarray(index * LOCATOR_BYTES, (index + 1) * LOCATOR_BYTES),
  );
}

function skipContext(reader: ByteReader): void {
  if (reader.u8() !== 0) reader.ub();
  reader.u8();
  const pairs = reader.ub();
  reader.ub(2);
  reader.u8();
  reader.bytes();
  readPairs(reader, pairs);
}

function text(reader: ByteReader): string {
  return (reader.bytes() ?? Buffer.alloc(0)).toString('utf8');
}
