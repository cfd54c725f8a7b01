/** The same scenario whatever the size of packets and of TCP segments; and clients that are none. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import oracledb from 'oracledb';
import { describe, expect, test } from 'vitest';
import { column, failureOf, INTEGER, numbered, startFixture, TEXT } from '../testing/fixture.ts';
import { socketOf } from '../testing/driver-socket.ts';
import type { Fixture, FixtureOptions } from '../testing/fixture.ts';
import { framed, PACKET } from '../wire/packets.ts';

const LONG_TEXT = 'ž🦄'.repeat(200);

async function scenario(fixture: Fixture, sdu: number): Promise<void> {
  const { host, port } = fixture.server;
  const address = `(ADDRESS=(PROTOCOL=TCP)(HOST=${host})(PORT=${port}))`;
  const connectString = `(DESCRIPTION=(SDU=${sdu})${address}(CONNECT_DATA=(SERVICE_NAME=PARQ)))`;
  const connection = await fixture.connect({ connectString });
  for (let run = 0; run < 2; run += 1) {
    const { rows } = await connection.execute<[number, string, string]>('select :1', [LONG_TEXT], {
      fetchTypeHandler: ({ dbType }) => (dbType === oracledb.DB_TYPE_CLOB ? { type: oracledb.STRING } : undefined),
      fetchArraySize: 7,
    });
    expect(rows).toEqual(Array.from({ length: 20 }, (_, i) => [i, `text ${i}`, LONG_TEXT]));
  }
  expect(fixture.engine.binds.at(-1)).toEqual([{ kind: 'text', value: LONG_TEXT }]);
  expect((await failureOf(connection.execute('select nothing'))).code).toBe('ORA-00942');
  await connection.commit();
  await connection.close();
}

const answers = (sql: string): ReturnType<typeof numbered> | null =>
  sql === 'select nothing'
    ? null
    : {
        columns: [column('N', INTEGER), column('T', TEXT), column('C', { kind: 'CLOB' })],
        rows: (index) => (index < 20 ? [String(index), `text ${index}`, LONG_TEXT] : null),
      };

describe.each([512, 8192, 2_097_152])('with packets of %d bytes', (sdu) => {
  const settings: readonly (readonly [string, FixtureOptions])[] = [
    ['as TCP likes', {}],
    ['with the verifier of 11g and bit vectors', { verifier: '11g', bitVectors: true }],
    ['in segments of one byte', { segmentBytes: 1 }],
    ['in segments of 1000 bytes', { segmentBytes: 1000 }],
  ];
  test.each(settings)('everything works %s', async (_, options) => {
    await using fixture = await startFixture(answers, { ...options, sdu });
    await scenario(fixture, sdu);
  });
});

describe('a client that is none', () => {
  async function raw(fixture: Fixture): Promise<Socket> {
    const socket = connect(fixture.server.port, fixture.server.host);
    await once(socket, 'connect');
    return socket;
  }

  const nonsense: readonly (readonly [string, Buffer])[] = [
    ['a request of another protocol', Buffer.alloc(40_000, 'GET / HTTP/1.1\r\n')],
    ['a packet of 7 bytes', Buffer.from('0007000001000000', 'hex')],
    ['a packet before CONNECT', framed(PACKET.data, Buffer.alloc(20), false)],
    ['a CONNECT too short', framed(PACKET.connect, Buffer.alloc(4), false)],
  ];
  test.each(nonsense)('and sends %s loses its connection, no other does', async (_, bytes) => {
    await using fixture = await startFixture(() => numbered(1));
    const connection = await fixture.connect();
    const socket = await raw(fixture);
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.resume().write(bytes);
    await closed;
    expect((await connection.execute('select')).rows).toHaveLength(1);
    expect(fixture.server.counters.sessionsNow).toBe(1);
  });

  const afterAccept: readonly (readonly [string, Buffer])[] = [
    ['a packet of 3 MB', Buffer.from('002DC6C006000000', 'hex')],
    ['a packet of an unknown type', framed(99, Buffer.alloc(4), true)],
    ['a message of an unknown type', framed(PACKET.data, Buffer.of(0, 0, 77), true)],
    [
      'an integer of nine bytes',
      framed(PACKET.data, Buffer.from('0000' + '037601' + '01' + '09' + '00'.repeat(9), 'hex'), true),
    ],
    ['a DATA packet without flags', framed(PACKET.data, Buffer.alloc(1), true)],
  ];
  test.each(afterAccept)('and sends %s after ACCEPT loses its connection', async (_, bytes) => {
    await using fixture = await startFixture(() => numbered(1));
    const socket = await accepted(fixture);
    const closed = once(socket, 'close');
    socket.write(bytes);
    await closed;
  });

  test.each([0x00, 0x08])('and was not logged on is told ORA-01012 by every function, with flags %i', async (flags) => {
    await using fixture = await startFixture(() => numbered(1));
    const socket = await accepted(fixture);
    for (const code of [94, 4, 78, 5, 96, 14, 15, 147, 9, 200]) {
      const reply = once(socket, 'data');
      socket.write(framed(PACKET.data, Buffer.of(flags, 0, 3, code, 1), true));
      expect(String(await reply)).toContain('ORA-01012');
    }
    socket.destroy();
  });

  test('and sends random bytes, whichever, ends no session but its own', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    await using fixture = await startFixture(() => numbered(1));
    for (let i = 0; i < 100; i += 1) {
      const bytes = Buffer.from(Array.from({ length: 1 + (random() % 300) }, () => random() % 256));
      // Half of them begin like a call, so that its decoder sees the rest.
      if (i % 2 === 0) bytes.set([3, [94, 118, 115, 96, 5][random() % 5] ?? 94].slice(0, bytes.length));
      const socket = await accepted(fixture);
      socket.end(framed(PACKET.data, Buffer.concat([Buffer.of(0, 0), bytes]), true));
      await once(socket, 'close');
    }
    expect((await (await fixture.connect()).execute('select')).rows).toHaveLength(1);
  });

  test('and was logged on before it sends random bytes, ends no session but its own and meets no defect', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    await using fixture = await startFixture(() => numbered(1), { verifier: '11g' });
    for (let i = 0; i < 60; i += 1) {
      const connection = await fixture.connect();
      const bytes = Buffer.from(Array.from({ length: 3 + (random() % 200) }, () => random() % (i % 3 === 0 ? 256 : 4)));
      bytes.set([i % 4 === 0 ? 17 : 3, CODES[i % CODES.length] ?? 94]);
      const packet = framed(PACKET.data, Buffer.concat([Buffer.of(i % 2 === 0 ? 8 : 0, 0), bytes]), true);
      const { counters } = fixture.server;
      const read = counters.bytesRead + packet.length;
      socketOf(connection).write(packet);
      while (counters.bytesRead < read) await new Promise((resolve) => setImmediate(resolve));
      expect(await fixture.server.killSessions()).toBeLessThanOrEqual(1);
      await connection.close();
    }
    expect((await (await fixture.connect()).execute('select')).rows).toHaveLength(1);
  });

  async function accepted(fixture: Fixture): Promise<Socket> {
    const data = '(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=PARQ)))';
    const body = Buffer.alloc(66 + data.length);
    body.writeUInt16BE(319, 0);
    body.writeUInt16BE(8192, 6);
    body.writeUInt16BE(data.length, 16);
    body.writeUInt16BE(74, 18);
    body.write(data, 66);
    const socket = await raw(fixture);
    socket.on('error', () => undefined);
    const accept = once(socket, 'data');
    socket.write(framed(PACKET.connect, body, false));
    await accept;
    socket.resume();
    return socket;
  }
});

/** Numbers of 24 bits, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

const CODES: readonly number[] = [94, 4, 78, 5, 96, 105, 120, 135, 152, 154, 118, 115, 59, 200];
