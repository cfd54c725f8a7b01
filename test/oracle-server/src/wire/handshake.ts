/**
 * CONNECT and its answers. What is negotiated here keeps the protocol small: version 318 (no end-of-response framing),
 * no network services, no fast authentication, no out-of-band breaks.
 */
import { framed, PACKET } from './packets.ts';
import { ProtocolError } from './protocol-error.ts';

/** Version 318: large packets are on, end-of-response framing (319) is off. */
const VERSION = 318;
/** From here on lengths are 32 bits; older clients are refused rather than served badly. */
const VERSION_MIN = 315;
const SDU_MIN = 512;
const SDU_MAX = 2_097_152;
const ACCEPT_BYTES = 45;
/** No native encryption or integrity, hence no negotiation of them. */
const NO_NETWORK_SERVICES = 0x08;

export interface ConnectRequest {
  readonly version: number;
  readonly sdu: number;
  readonly serviceName: string | null;
  readonly sid: string | null;
}

/** Collects CONNECT and, where the connect data did not fit into it, the DATA packet that follows. */
export class ConnectReader {
  #head: { readonly version: number; readonly sdu: number; readonly dataLength: number } | null = null;
  #data: Buffer = Buffer.alloc(0);

  /** Null until all of the connect data has arrived. @throws ProtocolError */
  push(type: number, body: Buffer): ConnectRequest | null {
    if (this.#head === null) {
      if (type !== PACKET.connect || body.length < 26) throw new ProtocolError(`packet type ${type} before CONNECT`);
      this.#head = head(body);
      // Offsets of this packet count from its header, which the body no longer has.
      this.#data = body.subarray(Math.min(body.length, body.readUInt16BE(18) - 8));
    } else {
      if (type !== PACKET.data) throw new ProtocolError(`packet type ${type} inside connect data`);
      this.#data = Buffer.concat([this.#data, body.subarray(2)]);
    }
    if (this.#data.length < this.#head.dataLength) return null;
    const text = this.#data.subarray(0, this.#head.dataLength).toString('latin1');
    const { version, sdu } = this.#head;
    return { version, sdu, serviceName: valueOf(text, 'SERVICE_NAME'), sid: valueOf(text, 'SID') };
  }
}

/** The size that both sides can: what was asked, within the server's own limit and the protocol's. */
export function agreedSdu(asked: number, own: number): number {
  return Math.max(SDU_MIN, Math.min(asked, own, SDU_MAX));
}

export function acceptPacket(sdu: number): Buffer {
  const body = Buffer.alloc(ACCEPT_BYTES - 8);
  const at = (offset: number): number => offset - 8;
  body.writeUInt16BE(VERSION, at(8));
  body.writeUInt16BE(Math.min(sdu, 0xffff), at(12));
  body.writeUInt16BE(0xffff, at(14));
  body.writeUInt16BE(1, at(16));
  body.writeUInt16BE(ACCEPT_BYTES, at(20));
  body.writeUInt8(NO_NETWORK_SERVICES, at(22));
  body.writeUInt8(NO_NETWORK_SERVICES, at(23));
  body.writeUInt32BE(sdu, at(32));
  body.writeUInt32BE(SDU_MAX, at(36));
  return framed(PACKET.accept, body, false);
}

/** Null when the client is welcome. */
export function refusal(request: ConnectRequest, service: string): Buffer | null {
  if (request.version < VERSION_MIN) return refusePacket(12_618);
  if (request.serviceName !== null) return sameName(request.serviceName, service) ? null : refusePacket(12_514);
  return request.sid !== null && sameName(request.sid, service) ? null : refusePacket(12_505);
}

function refusePacket(error: number): Buffer {
  const text = Buffer.from(`(DESCRIPTION=(TMP=)(VSNNUM=318963712)(ERR=${error})(ERROR_STACK=(ERROR=(CODE=${error}))))`);
  const body = Buffer.alloc(4 + text.length);
  body.writeUInt8(34, 0);
  body.writeUInt16BE(text.length, 2);
  body.set(text, 4);
  return framed(PACKET.refuse, body, false);
}

function head(body: Buffer): { version: number; sdu: number; dataLength: number } {
  const version = body.readUInt16BE(0);
  const wide = body.length >= 54 ? body.readUInt32BE(50) : 0;
  return { version, sdu: wide > 0 ? wide : body.readUInt16BE(6), dataLength: body.readUInt16BE(16) };
}

function valueOf(connectData: string, name: string): string | null {
  return new RegExp(`\\(\\s*${name}\\s*=\\s*([^()]*?)\\s*\\)`, 'i').exec(connectData)?.[1] ?? null;
}

function sameName(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}
