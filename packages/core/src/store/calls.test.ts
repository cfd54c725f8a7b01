/** Calls that do not come back, at gates, and patience that ends when a test says so. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FaultyFiles, type Gate } from '../testing/faulty-files.ts';
import { boundedFiles } from './bounded-files.ts';
import { StoreCalls } from './calls.ts';
import { nodeFiles, type Files } from './files.ts';

const PATIENCE_MS = 10_000;

let root: string;
let calls: StoreCalls;
let faulty: FaultyFiles;
let files: Files;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parqueue-calls-'));
  await writeFile(join(root, 'a'), 'text of a');
  await writeFile(join(root, 'b'), 'text of b');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  calls = new StoreCalls({ max: 2, patienceMs: PATIENCE_MS });
  faulty = new FaultyFiles(nodeFiles);
  files = boundedFiles(faulty, calls);
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(root, { recursive: true, force: true });
});

const timedOut = { code: 'PQ_STORE_IO', retryable: true, details: { errno: 'ETIMEDOUT' } };
const patienceEnds = (): Promise<unknown> => vi.advanceTimersByTimeAsync(PATIENCE_MS);
async function givenUp(asked: Promise<unknown>, { reached }: Gate): Promise<void> {
  const settled = Promise.allSettled([asked]);
  await reached;
  await patienceEnds();
  expect(await settled).toMatchObject([{ status: 'rejected', reason: timedOut }]);
}
const size = async (name: string, of = files): Promise<number> => Number((await of.stat(join(root, name))).size);
const hang = (name: string): Gate => faulty.gate({ operation: 'lookup', path: `/${name}`, times: 1000 });

test('a call that does not come back is given up, and others go on beside it', async () => {
  const gate = hang('a');
  await givenUp(size('a'), gate);
  expect(calls.stuck).toBe(1);
  expect(await size('b')).toBe(9);
  gate.open();
  await expect.poll(() => calls.stuck).toBe(0);
  expect(await size('a')).toBe(9);
});

test('when every thread is stuck the next call is refused without being made, and all is well when they come back', async () => {
  const gate = hang('a');
  const asked = Promise.allSettled(Array.from({ length: 100 }, () => size('a')));
  await gate.reached;
  await patienceEnds();
  const given = await asked;
  expect(given.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 'rejected'));
  expect(calls).toMatchObject({ stuck: 2, waiting: 0 });
  await expect(size('b')).rejects.toMatchObject(timedOut);
  // Two kept a thread each; the other ninety-eight, and the one of b, never reached the filesystem.
  expect(faulty.log).toHaveLength(2);
  gate.open();
  await expect.poll(() => calls.stuck).toBe(0);
  expect(await size('b')).toBe(9);
});

test('a line that moves is not given up, however long it takes: a filesystem with much to do does not hang', async () => {
  const ends: (() => void)[] = [];
  const slow = (): Promise<string> =>
    calls.run('read', () => new Promise<string>((resolve) => ends.push(() => resolve('read'))));
  const reads = Array.from({ length: 20 }, slow);
  for (let ended = 0; ended < reads.length; ended += 2) {
    await vi.advanceTimersByTimeAsync(0.6 * PATIENCE_MS);
    for (const end of ends.splice(0)) end();
    await Promise.all(reads.slice(ended, ended + 2));
  }
  expect(await Promise.all(reads)).toHaveLength(20);
  // From the last that came back on, patience is what it is for everybody.
  const rest = Promise.allSettled(Array.from({ length: 20 }, slow));
  await vi.advanceTimersByTimeAsync(1.1 * PATIENCE_MS);
  expect((await rest).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'rejected'));
  for (const end of ends.splice(0)) end();
});

test('whether the filesystem answers is asked before all that wait in line', async () => {
  const gate = hang('a');
  const asked = [size('a'), size('a'), size('b'), size('b')];
  await gate.reached;
  const space = files.space(root);
  gate.open();
  await Promise.all([...asked, space]);
  expect(faulty.log.map(({ operation }) => operation)).toEqual(['lookup', 'lookup', 'space', 'lookup', 'lookup']);
});

test('beyond its bound the line takes nothing but descriptors that go back and who asks whether the filesystem answers', async () => {
  const files = boundedFiles(faulty, new StoreCalls({ max: 1, patienceMs: PATIENCE_MS, waitingMax: 2 }));
  const file = await files.open(join(root, 'b'), 'r');
  const gate = hang('a');
  const asked = Array.from({ length: 3 }, () => size('a', files));
  await gate.reached;
  await expect(size('b', files)).rejects.toMatchObject(timedOut);
  const others = [files.space(root), file.close()];
  gate.open();
  expect(await Promise.all(asked)).toEqual([9, 9, 9]);
  await Promise.all(others);
  expect(await size('b', files)).toBe(9);
});

test('files that do not close are given up like other calls, and whoever comes then is refused at once', async () => {
  const opened = [await files.open(join(root, 'a'), 'r'), await files.open(join(root, 'b'), 'r')];
  const gate = faulty.gate({ operation: 'close', times: 2 });
  const closing = Promise.allSettled(opened.map((file) => file.close()));
  await gate.reached;
  await patienceEnds();
  expect(await closing).toMatchObject([{ reason: timedOut }, { reason: timedOut }]);
  expect(calls.stuck).toBe(2);
  await expect(size('b')).rejects.toMatchObject(timedOut);
  gate.open();
  await expect.poll(() => calls.stuck).toBe(0);
});

test('calls beyond the bound wait in line and are made in order', async () => {
  const gates = ['a', 'b'].map(hang);
  const asked = [size('a'), size('b'), files.readdir(root)];
  await Promise.all(gates.map(({ reached }) => reached));
  expect(calls.waiting).toBe(1);
  for (const gate of gates) gate.open();
  expect(await Promise.all(asked)).toEqual([9, 9, ['a', 'b']]);
});

test('what a call rejects with is passed on as it is', async () => {
  faulty.fail({ operation: 'lookup' }, 'ESTALE');
  await expect(size('a')).rejects.toMatchObject({ errno: -116 });
  await expect(size('c')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(calls).toMatchObject({ stuck: 0, waiting: 0 });
});

test('a file that was opened after all is closed, and one whose read hangs is closed when that comes back', async () => {
  const opening = faulty.gate({ operation: 'open' });
  await givenUp(files.open(join(root, 'a'), 'r'), opening);
  opening.open();
  await expect.poll(() => faulty.log.map(({ operation }) => operation)).toEqual(['open', 'close']);

  const file = await files.open(join(root, 'b'), 'r');
  const reading = faulty.gate({ operation: 'read' });
  await givenUp(file.readText(), reading);
  await file.close();
  expect(calls.stuck).toBe(1);
  reading.open();
  await expect.poll(() => calls.stuck).toBe(0);
});

test('a descriptor is owed to the system: it is closed when a thread is free again, whoever waits', async () => {
  const file = await files.open(join(root, 'b'), 'r');
  const gate = hang('a');
  const both = Promise.allSettled([size('a'), size('a')]);
  await gate.reached;
  await patienceEnds();
  await both;
  await expect(file.close()).rejects.toMatchObject(timedOut);
  expect(faulty.log.map(({ operation }) => operation)).not.toContain('close');
  gate.open();
  await expect.poll(() => faulty.log.map(({ operation }) => operation)).toContain('close');
});

test('writing through the bound is writing', async () => {
  const file = await files.open(join(root, 'new'), 'wx', 0o600);
  await file.writeText('words');
  await file.sync();
  await file.close();
  expect(await readFile(join(root, 'new'), 'utf8')).toBe('words');
});
