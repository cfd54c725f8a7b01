/** Readers and writers of one store on two hosts: what one did, the other sees, or is told that it is gone. */
import { expect, test } from 'vitest';
import type { NfsLab } from './nfs-lab.ts';

const ESTALE = -116;
const ENOENT = -2;
const keyOf = (name: string): string => `${name}-${'0a'.repeat(16)}`;

export function pathReaders(told: () => NfsLab, isLong: boolean): void {
  test('what one client committed is whole on the other at once, though that had just heard that nothing is there', async () => {
    const { c1, c2 } = told();
    const key = keyOf('fresh');
    const first = await c1.does('fill', { key, text: 'one' });
    expect(await c2.does('inspect', first)).toBe('whole');
    // The next fences are as many above: their names are asked for before they are there.
    const asked = Array.from({ length: 20 }, (_, above) => ({ key, fence: first.fence + 1 + above }));
    for (const ref of asked) expect(await c2.does('inspect', ref)).toBe('absent');
    for (const text of ['two', 'three', 'four']) {
      const ref = await c1.does('fill', { key, text });
      expect(asked).toContainEqual(ref);
      expect(await c2.does('inspect', ref)).toBe('whole');
      expect(await c2.does('readPart', ref)).toBe(text);
      expect(await c2.does('readPath', await c2.does('partPath', ref))).toEqual({ text });
    }
  });

  test('a key that had no directory when the other client looked is found at once when it is filled', async () => {
    const { c1, c2 } = told();
    const key = keyOf('late');
    for (let fence = 1; fence < 3; fence += 1) expect(await c2.does('inspect', { key, fence })).toBe('absent');
    expect(await c2.does('head', key)).toBeNull();
    const ref = await c1.does('fill', { key, text: 'here' });
    expect(await c2.does('head', key)).toBe(ref.fence);
    expect(await c2.does('readPart', ref)).toBe('here');
  });

  test('a pinned generation is read on, by path and by handle, while the head moves and gc runs on the other client', async () => {
    const { c1, c2 } = told();
    const key = keyOf('pinned');
    const ref = await c1.does('fill', { key, text: 'kept' });
    const path = await c2.does('partPath', ref);
    const id = await c2.does('pin', { ...ref, ttlMs: 600_000 });
    const held = await c2.does('hold', path);
    for (let round = 1; round <= 4; round += 1) {
      const { fence } = await c1.does('fill', { key, text: `round ${round}` });
      await c1.does('gc', key);
      expect(await c2.does('head', key)).toBe(fence);
      expect(await c2.does('readHeld', held)).toEqual({ text: 'kept' });
      expect(await c2.does('readPath', path)).toEqual({ text: 'kept' });
      expect(await c2.does('inspect', ref)).toBe('whole');
    }
    await c2.does('unpin', { key, id: id ?? '' });
    expect(await c1.does('gc', key)).toBe(1);
    expect(await c2.does('inspect', ref)).toBe('absent');
  });

  test('a generation removed without a pin is gone to a fresh look, never damaged, and the reader resolves again', async () => {
    const { c1, c2 } = told();
    const key = keyOf('unpinned');
    const ref = await c1.does('fill', { key, text: 'old' });
    const path = await c2.does('partPath', ref);
    const held = await c2.does('hold', path);
    expect(await c2.does('readHeld', held)).toEqual({ text: 'old' });
    const next = await c1.does('fill', { key, text: 'new' });
    expect(await c1.does('gc', key)).toBe(1);

    // What this client has cached it may go on reading for a while; then the handle is stale. Never other bytes.
    expect([{ text: 'old' }, { errno: ESTALE }]).toContainEqual(await c2.does('readHeld', held));
    expect([{ text: 'old' }, { errno: ESTALE }, { errno: ENOENT }]).toContainEqual(await c2.does('readPath', path));
    expect(await c2.does('pin', { ...ref, ttlMs: 60_000 })).toBeNull();

    expect(await c2.does('head', key)).toBe(next.fence);
    expect(await c2.does('readPart', next)).toBe('new');
    expect(await c2.does('inspect', next)).toBe('whole');
    await expect.poll(() => c2.does('readHeld', held), { timeout: 60_000, interval: 500 }).toEqual({ errno: ESTALE });
    expect(await c2.does('readPart', ref)).toBeNull();
    expect(await c2.does('inspect', ref)).toBe('absent');
  }, 120_000);

  test('a host that is cut off while it has a file of the store delegated keeps no listing of the other waiting', async () => {
    const lab = told();
    const well = { ended: { ok: 20 }, stuck: 0 };
    // The one file that every host opens, made anew: a v4 server that asked for a file back delegates it to nobody for a minute.
    const identity = `${lab.root}/store/parqueue.json`;
    await lab.exec('c2', `cp -p ${identity} ${lab.root}/anew && mv ${lab.root}/anew ${identity}`);
    expect(await lab.c1.does('readPath', identity)).toEqual({ text: expect.stringContaining('storeId') });
    await lab.cut('c1');
    try {
      // With the patience of five seconds: a call that waited for the lease of the other (ten here) would be given up.
      expect(await lab.c2.does('rush')).toEqual(well);
    } finally {
      await lab.heal('c1');
    }
    await expect.poll(() => lab.c1.does('rush'), { timeout: 60_000, interval: 500 }).toEqual(well);
  }, 120_000);

  // The API's story has a cut link in the short form.
  test.runIf(isLong)(
    'cut off from the server, twenty calls end by their code and keep three threads, names and compression go on, and all is well when it is back',
    async () => {
      const lab = told();
      const well = { ended: { ok: 20 }, stuck: 0 };
      const hung = { ended: { 'PQ_STORE_IO ETIMEDOUT': 20 }, stuck: 3 };
      expect(await lab.c1.does('rush')).toEqual(well);
      await lab.cut('c1');
      try {
        await expect.poll(() => lab.c1.does('rush'), { timeout: 60_000 }).toEqual(hung);
        // Refused without being made: as many hang as before.
        expect(await lab.c1.does('rush')).toEqual(hung);
        expect(await lab.c2.does('rush')).toEqual(well);
      } finally {
        await lab.heal('c1');
      }
      await expect.poll(() => lab.c1.does('rush'), { timeout: 180_000, interval: 500 }).toEqual(well);
    },
    300_000,
  );
}
