/** The stream that messages are decoded from: waiting, committing, stopping, skipping. */
import { expect, test } from 'vitest';
import { Input } from './input.ts';
import { ProtocolError } from './protocol-error.ts';

test('a message that arrives byte by byte is decoded once it is whole, and what follows is kept', async () => {
  const input = new Input();
  const reading = input.read((reader) => reader.bytes()?.toString());
  for (const byte of Buffer.from('05hello'.replace('05', '\u0005') + '\u0007')) input.append(Buffer.of(byte), false);
  expect(await reading).toBe('hello');
  expect(await input.read((reader) => reader.u8())).toBe(7);
});

test('a decoder that fails has consumed nothing', async () => {
  const input = new Input();
  input.append(Buffer.of(9, 1), false);
  await expect(
    input.read(() => {
      throw new ProtocolError('no');
    }),
  ).rejects.toThrow(ProtocolError);
  expect(await input.read((reader) => reader.u8())).toBe(9);
});

test('stopping fails the read that waits, drops what is there and ignores what comes until it goes on', async () => {
  const input = new Input();
  input.append(Buffer.of(1), false);
  const reading = input.read((reader) => reader.raw(2));
  const reason = new Error('break');
  input.stop(reason);
  await expect(reading).rejects.toBe(reason);
  input.append(Buffer.of(2), false);
  input.resume();
  input.append(Buffer.of(3), false);
  expect(await input.read((reader) => reader.u8())).toBe(3);
});

test('a request of unknown layout is skipped to the end that the client marked, wherever the packets were cut', async () => {
  const input = new Input();
  input.append(Buffer.of(3, 99), false);
  input.begin();
  await input.read((reader) => reader.raw(2));
  const skipping = input.skipRequest();
  input.append(Buffer.of(1, 1, 1), false);
  // Nothing tells the end of it so far, and this client is not known to mark ends: one request at a time, then.
  await skipping;
  input.begin();
  input.append(Buffer.of(4, 4, 4), true);
  await input.read((reader) => reader.u8());
  await input.skipRequest();
  input.begin();
  input.append(Buffer.of(5), false);
  const first = await input.read((reader) => reader.u8());
  const rest = input.skipRequest();
  input.append(Buffer.of(6, 6), true);
  input.append(Buffer.of(7), true);
  await rest;
  expect(first).toBe(5);
});

test('a request without a body is skipped without waiting for more', async () => {
  const input = new Input();
  input.begin();
  input.append(Buffer.of(3, 99, 1), true);
  await input.read((reader) => reader.raw(3));
  await input.skipRequest();
  input.append(Buffer.of(8), true);
  expect(await input.read((reader) => reader.u8())).toBe(8);
});
