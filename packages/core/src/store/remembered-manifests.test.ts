import { expect, test } from 'vitest';
import { KEY, manifestOf } from '../testing/store-fixtures.ts';
import { isSameFile, RememberedManifests, type RememberedManifest } from './remembered-manifests.ts';

const IDENTITY = { dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5n };
const MANIFEST = manifestOf({ key: KEY, fence: 1, fillId: 'f1', text: 'rows' }, 'store', { bytes: 4, mtimeNs: '1' });
const read = (bytes: number): RememberedManifest => ({ identity: IDENTITY, manifest: MANIFEST, bytes });

test('what was used least lately goes when their text is more than is kept', () => {
  const manifests = new RememberedManifests(100);
  const [a, b, c] = [read(40), read(40), read(40)];
  manifests.keep('a', a);
  manifests.keep('b', b);
  expect(manifests.recall('a')).toBe(a);
  manifests.keep('c', c);
  expect(manifests.recall('b')).toBeNull();
  expect([manifests.recall('a'), manifests.recall('c')]).toEqual([a, c]);
});

test('one that is kept again, or forgotten, is counted once and no more', () => {
  const manifests = new RememberedManifests(100);
  for (let time = 0; time < 5; time += 1) manifests.keep('a', read(40));
  manifests.keep('b', read(40));
  expect(manifests.recall('a')).not.toBeNull();
  manifests.forget('a');
  manifests.forget('a');
  manifests.keep('c', read(60));
  expect([manifests.recall('a'), manifests.recall('b')?.bytes, manifests.recall('c')?.bytes]).toEqual([null, 40, 60]);
});

test('one that is larger than all that is kept is not kept', () => {
  const manifests = new RememberedManifests(100);
  manifests.keep('a', read(101));
  expect(manifests.recall('a')).toBeNull();
});

test.each(Object.keys(IDENTITY))('a file with another %s is another file', (name) => {
  expect(isSameFile(IDENTITY, { ...IDENTITY })).toBe(true);
  expect(isSameFile(IDENTITY, { ...IDENTITY, [name]: 9n })).toBe(false);
});
