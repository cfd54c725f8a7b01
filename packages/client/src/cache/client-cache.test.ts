import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ClientCache } from './client-cache.ts';
import { Kept, type Facts } from './kept.ts';

const owner = { url: 'http://127.0.0.1/', apiKey: '' };

const entry = (generation: number, provenAtMs: number): Kept => {
  const facts: Facts = {
    dataset: 'd',
    source: null,
    key: 'k',
    generation,
    version: `v${generation}`,
    etag: `"${generation}"`,
    stored: null,
    cacheStatus: null,
    provenAtMs,
  };
  return new Kept(facts, new Uint8Array(8), null);
};

test('a slow answer does not replace one that was proved right later', async () => {
  const cache = new ClientCache({}, owner);
  const later = entry(2, 2000);
  await cache.keep('id', later, cache.invalidations);
  await cache.keep('id', entry(1, 1000), cache.invalidations);
  expect((await cache.find('id'))?.kept).toBe(later);
  const evenLater = entry(3, 3000);
  await cache.keep('id', evenLater, cache.invalidations);
  expect((await cache.find('id'))?.kept).toBe(evenLater);
});

test('a slow verification does not make an entry older', async () => {
  const cache = new ClientCache({}, owner);
  const kept = entry(1, 2000);
  await cache.keep('id', kept, cache.invalidations);
  await cache.prove('id', kept, { ...kept.facts, provenAtMs: 1000 });
  expect(kept.facts.provenAtMs).toBe(2000);
  await cache.prove('id', kept, { ...kept.facts, provenAtMs: 3000 });
  expect(kept.facts.provenAtMs).toBe(3000);
});

test('what was asked for before an invalidation is not kept after it', async () => {
  const cache = new ClientCache({}, owner);
  const since = cache.invalidations;
  await cache.drop({ dataset: 'another' });
  await cache.keep('id', entry(1, 1000), since);
  expect(await cache.find('id')).toBeNull();
});

test('what was being written to disk when it was dropped is not there afterwards', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'parqueue-cache-'));
  try {
    const cache = new ClientCache({ disk: { directory, bytes: 1e6 } }, owner);
    await cache.facts('id');
    await Promise.all([cache.keep('id', entry(1, 1000), cache.invalidations), cache.drop({ key: 'k' })]);
    expect(await readdir(join(directory, 'v1'))).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
