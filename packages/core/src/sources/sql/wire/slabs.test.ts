/** Memory comes again when the last of its holders let go, and not before. */
import { expect, it } from 'vitest';
import { SLAB_BYTES, Slabs } from './slabs.ts';

it('is taken again once all of its holders have let go', () => {
  const slabs = new Slabs();
  const first = slabs.take(0);
  first.hold();
  first.letGo();
  const second = slabs.take(0);
  expect(second === first).toBe(false);
  first.letGo();
  expect(slabs.take(0) === first).toBe(true);
  first.letGo();
  expect(slabs.take(0) === first).toBe(true);
  expect(() => [second.letGo(), second.letGo()]).toThrow('more often than it was held');
});

it('is as large as was asked for, and large ones are not kept', () => {
  const slabs = new Slabs();
  const large = slabs.take(SLAB_BYTES + 1);
  expect(large.bytes.length).toBe(SLAB_BYTES + 1);
  large.letGo();
  expect(slabs.take(SLAB_BYTES + 1) === large).toBe(false);
  expect(slabs.take(0).bytes.length).toBe(SLAB_BYTES);
});

it('is kept for a few to come', () => {
  const slabs = new Slabs();
  const taken = new Set(Array.from({ length: 40 }, () => slabs.take(0)));
  for (const slab of taken) slab.letGo();
  const again = Array.from({ length: 40 }, () => slabs.take(0));
  expect(again.filter((slab) => taken.has(slab))).toHaveLength(8);
});
