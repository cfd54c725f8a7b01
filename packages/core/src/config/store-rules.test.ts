/** What gc and admission are told by the configuration. */
import { expect, test } from 'vitest';
import { collectDownTo, keepOf, quotaOf, reserveOf } from '../model/retention.ts';
import { loadConfig } from './load.ts';
import { storeRules } from './store-rules.ts';

const GIB = 2 ** 30;

const rules = storeRules(
  loadConfig(
    `
store: { quota: 100GiB, retention: { generations: 2, maxAge: 2d, grace: 1m, unread: 4w } }
sources: { lake: { kind: file, root: . } }
datasets:
  small: { source: lake, path: a.csv, store: { quota: 10GiB, retention: { generations: 5 } } }
  plain: { source: lake, path: b.csv }
`,
    { path: '/etc/parqueue/parqueue.yaml', env: {}, readFile: () => '' },
  ),
);

test('a dataset has the rules of the store but for those of its own', () => {
  expect(rules).toMatchObject({
    quotaBytes: 100 * GIB,
    graceMs: 60_000,
    unreadMs: 28 * 86_400_000,
    reserveBytes: null,
  });
  expect(keepOf(rules, 'small')).toEqual({ generations: 5, maxAgeMs: 172_800_000 });
  for (const dataset of ['plain', null, 'gone']) {
    expect(keepOf(rules, dataset)).toEqual({ generations: 2, maxAgeMs: 172_800_000 });
    expect(quotaOf(rules, dataset)).toBeNull();
  }
  expect(quotaOf(rules, 'small')).toBe(10 * GIB);
});

test('the reserve is as told, else a hundredth of the filesystem and no more than 1 GiB', () => {
  const of = (totalBytes: number): number => reserveOf(rules, { freeBytes: 0, totalBytes });
  expect([of(10 * GIB), of(1000 * GIB)]).toEqual([Math.floor(GIB / 10), GIB]);
  expect(reserveOf({ reserveBytes: 0 }, { freeBytes: 0, totalBytes: GIB })).toBe(0);
});

test('collections leave a tenth of a quota free', () => {
  expect(collectDownTo(100)).toBe(90);
});
