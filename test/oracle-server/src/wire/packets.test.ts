/** Framing in both widths, and the handshake packet by packet. */
import { describe, expect, test } from 'vitest';
import { acceptPacket, agreedSdu, ConnectReader, refusal } from './handshake.ts';
import { dataPackets, framed, PACKET, PacketReader } from './packets.ts';
import { ProtocolError } from './protocol-error.ts';

describe('packets', () => {
  test.each([false, true])('are found in a stream of single bytes, with long lengths: %s', (large) => {
    const reader = new PacketReader();
    reader.large = large;
    const stream = Buffer.concat([
      framed(PACKET.marker, Buffer.of(1, 0, 3), large),
      framed(PACKET.data, Buffer.of(0, 0, 9), large),
    ]);
    const found: [number, string][] = [];
    for (const byte of stream) {
      reader.push(Buffer.of(byte));
      const packet = reader.next();
      if (packet !== null) found.push([packet.type, packet.body.toString('hex')]);
    }
    expect(found).toEqual([
      [PACKET.marker, '010003'],
      [PACKET.data, '000009'],
    ]);
  });

  test.each([7, 0, 3_000_000])('of %d bytes are refused', (length) => {
    const reader = new PacketReader();
    reader.large = true;
    const header = Buffer.alloc(8);
    header.writeUInt32BE(length);
    reader.push(header);
    expect(() => reader.next()).toThrow(ProtocolError);
  });

  test.each([512, 8192, 2_097_152])('never exceed the agreed size of %d and lose nothing', (sdu) => {
    const stream = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const reader = new PacketReader();
    reader.large = true;
    reader.push(dataPackets(stream, sdu));
    const payloads: Buffer[] = [];
    for (let packet = reader.next(); packet !== null; packet = reader.next()) {
      expect(packet.body.length + 8).toBeLessThanOrEqual(sdu);
      payloads.push(packet.body.subarray(2));
    }
    expect(Buffer.concat(payloads).equals(stream)).toBe(true);
  });
});

describe('the handshake', () => {
  test('accepts with version 318, no network services and the agreed size', () => {
    expect(acceptPacket(8192).toString('hex').toUpperCase()).toBe(
      '002D000002000000013E00002000FFFF00010000002D08080000000000000000000020000020000000' + '00000000',
    );
  });

  test('agrees on the smaller of both sizes, within what the protocol allows', () => {
    expect([agreedSdu(8192, 65_535), agreedSdu(65_535, 512), agreedSdu(1, 8192), agreedSdu(2 ** 31, 2 ** 31)]).toEqual([
      8192, 512, 512, 2_097_152,
    ]);
  });

  test('reads connect data from the packet and from the one behind it', () => {
    const data = '(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=parq)(CID=(PROGRAM=x))))';
    expect(new ConnectReader().push(PACKET.connect, connectBody(data, true))?.serviceName).toBe('parq');
    const reader = new ConnectReader();
    expect(reader.push(PACKET.connect, connectBody(data, false))).toBeNull();
    const rest = Buffer.concat([Buffer.of(0, 0), Buffer.from(data)]);
    expect(reader.push(PACKET.data, rest.subarray(0, 20))).toBeNull();
    expect(reader.push(PACKET.data, Buffer.concat([Buffer.of(0, 0), rest.subarray(20)]))).toMatchObject({
      serviceName: 'parq',
      sid: null,
      version: 319,
      sdu: 16_384,
    });
  });

  test('refuses another service, another SID, no name at all, and versions with short lengths', () => {
    const request = { version: 319, sdu: 8192, serviceName: null, sid: null };
    const told = (more: object): string => refusal({ ...request, ...more }, 'PARQ')?.toString('latin1') ?? 'welcome';
    expect(told({ serviceName: 'parq' })).toBe('welcome');
    expect(told({ sid: 'PARQ' })).toBe('welcome');
    expect(told({ serviceName: 'OTHER' })).toContain('(ERR=12514)');
    expect(told({ sid: 'OTHER' })).toContain('(ERR=12505)');
    expect(told({})).toContain('(ERR=12505)');
    expect(told({ serviceName: 'PARQ', version: 314 })).toContain('(ERR=12618)');
  });

  test('begins with CONNECT and nothing else', () => {
    expect(() => new ConnectReader().push(PACKET.data, Buffer.alloc(80))).toThrow(ProtocolError);
    expect(() => new ConnectReader().push(PACKET.connect, Buffer.alloc(3))).toThrow(ProtocolError);
  });
});

function connectBody(data: string, inline: boolean): Buffer {
  const body = Buffer.alloc(66);
  body.writeUInt16BE(319, 0);
  body.writeUInt16BE(8192, 6);
  body.writeUInt16BE(data.length, 16);
  body.writeUInt16BE(74, 18);
  body.writeUInt32BE(16_384, 50);
  return inline ? Buffer.concat([body, Buffer.from(data)]) : body;
}
