import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Context } from '../context.ts';
import { keyNew } from './key.ts';

test('a new key is printed with the very hash the configuration wants, and no two keys are alike', () => {
  const lines: string[] = [];
  const context = { out: (line: string) => lines.push(line) } as unknown as Context;
  keyNew(context, { name: 'bi', json: true });
  keyNew(context, { name: 'bi', json: true });
  const [first, second] = lines.map((line) => JSON.parse(line) as { name: string; key: string; sha256: string });
  expect(first).toMatchObject({
    name: 'bi',
    sha256: createHash('sha256')
      .update(first?.key ?? '')
      .digest('hex'),
  });
  expect(first?.key).toMatch(/^pq_[\w-]{43}$/);
  expect(second?.key).not.toBe(first?.key);
});
