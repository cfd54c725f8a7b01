/** The keyspace document and the scripts agree with the code: a name in one is a name in the others. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHANNELS, KEYS } from './keys.ts';
import { SCRIPT_NAMES, SCRIPTS } from './scripts.ts';

const doc = readFileSync(new URL('../../../../docs/redis-keyspace.md', import.meta.url), 'utf8');
const files = readdirSync(new URL('../../lua/', import.meta.url)).map((name) => name.replace(/\.lua$/, ''));

test('every key and channel is documented', () => {
  const names = Object.values({ ...KEYS, ...CHANNELS }).map((name) => (typeof name === 'string' ? name : name('')));
  expect(names.filter((name) => !doc.includes(`| \`${name}`))).toEqual([]);
});

test('every script is loaded and documented', () => {
  expect(files.toSorted()).toEqual([...SCRIPT_NAMES].toSorted());
  expect(SCRIPT_NAMES.filter((name) => !doc.includes(`\`${name}\``))).toEqual([]);
});

test.each(SCRIPT_NAMES.filter((name) => name !== 'epoch-open'))(
  '%s compares the marker before it does anything else',
  (name) => {
    const [first, second] = SCRIPTS[name].text.split('\n').filter((line) => !line.startsWith('--'));
    expect(first).toBe("local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')");
    expect(second).toBe(
      "if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end",
    );
  },
);

test.each(SCRIPT_NAMES)('%s says what it takes and fits on a screen', (name) => {
  const { text } = SCRIPTS[name];
  expect(text).toMatch(/^-- KEYS marker/m);
  expect(text).toMatch(/^-- ARGV epoch/m);
  expect(text.split('\n').length).toBeLessThanOrEqual(40);
  // Keys are passed, never made up inside: Redis Cluster and the keyspace document rely on it.
  expect(text).not.toContain('{pq}');
});
