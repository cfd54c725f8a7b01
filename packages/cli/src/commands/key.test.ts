import { createHash } from 'node:crypto';
import { loadConfig } from '@parqueue/core/config';
import { expect, test } from 'vitest';
import type { Context } from '../context.ts';
import { keyNew, type KeyOptions } from './key.ts';

const NOW = Date.UTC(2026, 10, 22);

function print(options: Partial<KeyOptions> = {}): string {
  const lines: string[] = [];
  const context = { out: (line: string) => lines.push(line), clock: { now: () => NOW } } as unknown as Context;
  keyNew(context, { name: 'bi', scopes: 'read,fill', datasets: '*', ...options });
  return lines.join('\n');
}

test('a new key is printed with the very hash the configuration wants, and no two keys are alike', () => {
  const [first, second] = [print({ json: true }), print({ json: true })].map(
    (text) => JSON.parse(text) as { name: string; key: string; sha256: string },
  );
  expect(first).toMatchObject({
    name: 'bi',
    scopes: ['read', 'fill'],
    datasets: ['*'],
    sha256: createHash('sha256')
      .update(first?.key ?? '')
      .digest('hex'),
  });
  expect(first?.key).toMatch(/^pq_[\w-]{43}$/);
  expect(second?.key).not.toBe(first?.key);
});

test('its line is taken by a configuration as it stands, whatever the name', () => {
  const text = print({ name: 'a: "b" # {c', scopes: 'read, admin', datasets: 'sales_*,prices', expires: '90d' });
  const line = text.split('\n').at(-1) ?? '';
  const config = loadConfig(`auth:\n  apiKeys:\n${line}`, { path: '/c', env: {}, readFile: () => '' });
  expect(config.auth.apiKeys).toEqual([
    expect.objectContaining({
      name: 'a: "b" # {c',
      scopes: ['read', 'admin'],
      datasets: ['sales_*', 'prices'],
      expiresAtMs: NOW + 90 * 86_400_000,
    }),
  ]);
});

test('what no configuration would take is refused by its option, and no key is printed', () => {
  for (const [options, told] of [
    [{ scopes: 'read,write' }, /^--scopes\[1\] must be read, fill, adhoc or admin$/],
    [{ scopes: '' }, /^--scopes must be a list/],
    [{ name: '' }, /^--name may not be empty/],
    [{ expires: 'soon' }, /^--expires must be a date/],
    [{ expires: '2026-11-21' }, /^--expires 2026-11-21 is over/],
  ] as const)
    expect(() => print(options), JSON.stringify(options)).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(told) as string }),
    );
});
