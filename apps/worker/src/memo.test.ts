import { expect, test } from 'vitest';
import type { Memo } from '@parqueue/core';
import { LayeredMemo } from './memo.ts';

function countingMemo(): Memo & { readonly gets: string[]; readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  const gets: string[] = [];
  return {
    kept,
    gets,
    get: async (name) => {
      gets.push(name);
      return kept.get(name) ?? null;
    },
    put: async (name, value) => {
      kept.set(name, value);
    },
  };
}

test('a name put or got once is answered without asking again', async () => {
  const shared = countingMemo();
  shared.kept.set('b', '2');
  const memo = new LayeredMemo(shared, 10);
  await memo.put('a', '1');
  expect(await memo.get('a')).toBe('1');
  expect(await memo.get('b')).toBe('2');
  expect(await memo.get('b')).toBe('2');
  expect(shared.gets).toEqual(['b']);
  expect(shared.kept.get('a')).toBe('1');
});

test('a name that is not there is asked for each time: another worker may have put it', async () => {
  const shared = countingMemo();
  const memo = new LayeredMemo(shared, 10);
  expect(await memo.get('a')).toBeNull();
  shared.kept.set('a', '1');
  expect(await memo.get('a')).toBe('1');
});

test('the name unused for longest is forgotten first', async () => {
  const shared = countingMemo();
  const memo = new LayeredMemo(shared, 2);
  await memo.put('a', '1');
  await memo.put('b', '2');
  await memo.get('a');
  await memo.put('c', '3');
  await memo.get('a');
  await memo.get('c');
  expect(shared.gets).toEqual([]);
  await memo.get('b');
  expect(shared.gets).toEqual(['b']);
});
