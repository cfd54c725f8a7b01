/** A real trap, in the two ways it comes: as the end of the promise that waits for it, and in a task of nobody's. */
import { expect, test } from 'vitest';
import { isSpoilt, isTrap, orTrap } from './wasm-traps.ts';

/** A module of one function, `f`, whose only instruction is `unreachable`. */
const MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x66, 0, 0],
  ...[10, 5, 1, 3, 0, 0x00, 0x0b],
);

/** What of it is used here: our types know no browser's globals. */
interface Wasm {
  instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: { readonly f: () => never } } }>;
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };

async function trap(): Promise<never> {
  const { instance } = await WebAssembly.instantiate(MODULE);
  return instance.exports.f();
}

const OURS = { code: 'PQ_INTERNAL', details: { recycleThread: true } };

test('an error that is no trap stays what it is, and spoils nothing', async () => {
  await expect(orTrap(Promise.reject(new TypeError('no')))).rejects.toThrow(new TypeError('no'));
  expect(await orTrap(Promise.resolve('rows'))).toBe('rows');
  expect(isSpoilt()).toBe(false);
});

test('a trap that ends its own promise asks for another thread, as does one that leaves it open', async () => {
  const error: unknown = await trap().catch((caught: unknown) => caught);
  expect(isTrap(error)).toBe(true);
  expect(isSpoilt()).toBe(false);

  await expect(orTrap(trap())).rejects.toMatchObject(OURS);
  expect(isSpoilt()).toBe(true);

  const { instance } = await WebAssembly.instantiate(MODULE);
  const never = orTrap(new Promise(() => setImmediate(() => instance.exports.f())));
  const beside = orTrap(new Promise(() => undefined));
  const ended = await Promise.allSettled([never, beside]);
  expect(ended).toMatchObject([
    { status: 'rejected', reason: OURS },
    { status: 'rejected', reason: OURS },
  ]);
  expect(process.hasUncaughtExceptionCaptureCallback()).toBe(false);
});
