/**
 * LOB values that were handed out as locators, and the call that reads them. A value lives until the client frees its
 * locator, the cursor it came from is closed, or the session ends. Text is counted and sent in UTF-16 units.
 */
import { OraError } from '../engine.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { MESSAGE } from './codes.ts';
import { Unsupported } from './requests.ts';

export const LOCATOR_BYTES = 40;

/** As Oracle reports for its usual block size; clients stream in pieces of it. */
const CHUNK_BYTES = 8132;

const OPERATION = {
  length: 0x1,
  read: 0x2,
  chunkSize: 0x4000,
  open: 0x8000,
  close: 0x1_0000,
  isOpen: 0x1_1000,
} as const;
const FLAG = { blob: 0x01, initialised: 0x08, utf16: 0x80, temporary: 0x01 } as const;

export interface LobGauge {
  lobValues: number;
}

interface Held {
  readonly value: string | Uint8Array;
  readonly cursor: number;
}

export class Lobs {
  readonly #held = new Map<string, Held>();
  readonly #gauge: LobGauge;
  #last = 0;

  constructor(gauge: LobGauge) {
    this.#gauge = gauge;
  }

  hold(value: string | Uint8Array, cursor: number): Buffer {
    this.#last += 1;
    const locator = Buffer.alloc(LOCATOR_BYTES);
    locator.writeUInt16BE(LOCATOR_BYTES - 2, 0);
    locator.writeUInt16BE(4, 2);
    locator.writeUInt8(typeof value === 'string' ? 0 : FLAG.blob, 4);
    locator.writeUInt8(FLAG.initialised, 5);
    locator.writeUInt8(typeof value === 'string' ? FLAG.utf16 : 0, 6);
    locator.writeUInt8(FLAG.temporary, 7);
    locator.writeUIntBE(this.#last, 10, 6);
    this.#held.set(key(locator), { value, cursor });
    this.#gauge.lobValues += 1;
    return locator;
  }

  /** @throws OraError 22922 */
  value(locator: Buffer): string | Uint8Array {
    const held = this.#held.get(key(locator));
    if (held === undefined) throw new OraError(22_922, 'nonexistent LOB value');
    return held.value;
  }

  free(locator: Buffer): void {
    if (this.#held.delete(key(locator))) this.#gauge.lobValues -= 1;
  }

  freeCursor(cursor: number): void {
    for (const [id, held] of this.#held) {
      if (held.cursor !== cursor) continue;
      this.#held.delete(id);
      this.#gauge.lobValues -= 1;
    }
  }

  freeAll(): void {
    this.#gauge.lobValues -= this.#held.size;
    this.#held.clear();
  }
}

/** A LOB in row data: how long it is and how to read it best, if that was asked for, and where. */
export function writeLob(writer: ByteWriter, value: string | Uint8Array, lob: LobAnswer): void {
  writer.ub(lob.locator.length);
  if (lob.prefetch) writer.ub(value.length).ub(CHUNK_BYTES);
  writer.bytes(lob.locator);
}

export interface LobAnswer {
  readonly locator: Buffer;
  readonly prefetch: boolean;
}

export interface LobRequest {
  readonly locator: Buffer;
  readonly operation: number;
  /** 1-based. */
  readonly offset: number;
  readonly amount: number | null;
}

/** @throws Unsupported for operations that would change anything */
export function readLobRequest(reader: ByteReader): LobRequest {
  reader.u8();
  const length = reader.ub();
  reader.u8();
  for (let i = 0; i < 3; i += 1) reader.ub();
  reader.skip(3);
  const operation = reader.ub();
  if (!Object.values<number>(OPERATION).includes(operation)) {
    throw new Unsupported(3001, `unimplemented feature: LOB operation ${operation}`);
  }
  reader.skip(2);
  const offset = reader.ub(8);
  reader.ub(8);
  const hasAmount = reader.u8() !== 0;
  reader.skip(6);
  const locator = reader.raw(length);
  return { locator, operation, offset, amount: hasAmount ? reader.ub(8) : null };
}

/** @throws OraError */
export function writeLobReply(writer: ByteWriter, request: LobRequest, lobs: Lobs): void {
  const value = lobs.value(request.locator);
  let amount = request.amount ?? 0;
  if (request.operation === OPERATION.length) amount = value.length;
  if (request.operation === OPERATION.chunkSize) amount = CHUNK_BYTES;
  if (request.operation === OPERATION.read) {
    const from = Math.max(0, request.offset - 1);
    const piece = value.slice(from, from + amount);
    amount = piece.length;
    if (piece.length > 0) writer.u8(MESSAGE.lobData).bytes(typeof piece === 'string' ? utf16be(piece) : piece);
  }
  writer.u8(MESSAGE.parameter).raw(request.locator);
  if (request.amount !== null) writer.sb(amount);
  if (request.operation === OPERATION.isOpen) writer.u8(0);
}

export function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

function key(locator: Buffer): string {
  return locator.toString('latin1', 10, 16);
}
