/**
 * TNS packets: how the byte stream of a socket is framed. The length is 16 bits wide up to and including ACCEPT and 32
 * bits wide from the next packet on, in both directions.
 */
import { ByteQueue } from './byte-queue.ts';
import { ProtocolError } from './protocol-error.ts';

export const PACKET = { connect: 1, accept: 2, refuse: 4, data: 6, marker: 12 } as const;
export const MARKER = { break: 1, reset: 2, interrupt: 3 } as const;

/** Of DATA packets: the client's last packet, and the last packet of one request (not every client sets it). */
export const DATA_FLAG = { endOfFile: 0x0040, endOfRequest: 0x0800 } as const;

const HEADER_BYTES = 8;
/** Header and data flags: what of a DATA packet is no payload. */
export const DATA_OVERHEAD_BYTES = 10;
const PACKET_BYTES_MAX = 2_097_152;

export interface Packet {
  readonly type: number;
  /** From byte 8 of the packet on. A copy. */
  readonly body: Buffer;
}

export class PacketReader {
  /** 32-bit lengths; set by whoever sent ACCEPT. */
  large = false;
  readonly #queue = new ByteQueue();

  push(chunk: Uint8Array): void {
    this.#queue.append(chunk);
  }

  /** The next whole packet, or null until more bytes arrive. @throws ProtocolError */
  next(): Packet | null {
    const bytes = this.#queue.view();
    if (bytes.length < HEADER_BYTES) return null;
    const length = this.large ? bytes.readUInt32BE(0) : bytes.readUInt16BE(0);
    if (length < HEADER_BYTES || length > PACKET_BYTES_MAX) throw new ProtocolError(`a packet of ${length} bytes`);
    if (bytes.length < length) return null;
    const packet = { type: bytes.readUInt8(4), body: Buffer.from(bytes.subarray(HEADER_BYTES, length)) };
    this.#queue.consume(length);
    return packet;
  }
}

export function framed(type: number, body: Uint8Array, large: boolean): Buffer {
  const packet = Buffer.alloc(HEADER_BYTES + body.length);
  writeHeader(packet, 0, { length: packet.length, type, large });
  packet.set(body, HEADER_BYTES);
  return packet;
}

export function markerPacket(marker: number): Buffer {
  return framed(PACKET.marker, Uint8Array.of(1, 0, marker), true);
}

/** Cuts a piece of the TTC stream into DATA packets of at most `sdu` bytes each, anywhere, integers included. */
export function dataPackets(stream: Uint8Array, sdu: number): Buffer {
  const payloadMax = sdu - DATA_OVERHEAD_BYTES;
  const count = Math.max(1, Math.ceil(stream.length / payloadMax));
  const packets = Buffer.allocUnsafe(stream.length + count * DATA_OVERHEAD_BYTES);
  let at = 0;
  for (let from = 0; from < stream.length || from === 0; from += payloadMax) {
    const payload = stream.subarray(from, from + payloadMax);
    writeHeader(packets, at, { length: payload.length + DATA_OVERHEAD_BYTES, type: PACKET.data, large: true });
    packets.writeUInt16BE(0, at + HEADER_BYTES);
    packets.set(payload, at + DATA_OVERHEAD_BYTES);
    at += payload.length + DATA_OVERHEAD_BYTES;
    if (stream.length === 0) break;
  }
  return packets.subarray(0, at);
}

interface Header {
  readonly length: number;
  readonly type: number;
  readonly large: boolean;
}

function writeHeader(packet: Buffer, at: number, { length, type, large }: Header): void {
  if (large) packet.writeUInt32BE(length, at);
  else packet.writeUInt32BE(length << 16, at);
  packet.writeUInt32BE(0, at + 4);
  packet.writeUInt8(type, at + 4);
}
