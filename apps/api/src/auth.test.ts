import { createHash } from 'node:crypto';
import type { Clock } from '@parqueue/core';
import { expect, test } from 'vitest';
import { Gatekeeper, mayUseDataset, requireScope } from './auth.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const shared = { expiresAtMs: null, limits: { requestsPerSecond: null, burst: 1, concurrent: 1 } } as const;
let nowMs = 0;
const clock: Clock = { now: () => nowMs, sleep: () => Promise.reject(new Error('nobody waits here')) };
const keys = [
  { ...shared, name: 'bi', sha256: sha256('k1'), scopes: ['read'], datasets: ['sales_*'] },
  { ...shared, name: 'ops', sha256: sha256('k2'), scopes: ['read', 'admin'], datasets: ['*'] },
] as const;

test('without keys everybody may do everything', () => {
  const principal = new Gatekeeper([], clock).identify({}, '127.0.0.1');
  for (const scope of ['read', 'fill', 'adhoc', 'admin'] as const)
    expect(() => requireScope(principal, scope)).not.toThrow();
});

test('a key is known by its hash, from either header, and never named by itself', () => {
  const gatekeeper = new Gatekeeper(keys, clock);
  expect(gatekeeper.identify({ authorization: 'Bearer k1' }, '').name).toBe('key:bi');
  expect(gatekeeper.identify({ 'x-api-key': 'k2' }, '').name).toBe('key:ops');
  for (const credentials of [
    {},
    { authorization: 'Bearer nope' },
    { authorization: 'Basic azE=' },
    { 'x-api-key': '' },
  ]) {
    expect(() => gatekeeper.identify(credentials, '')).toThrow(expect.objectContaining({ code: 'PQ_UNAUTHENTICATED' }));
  }
});

test('scopes and dataset patterns bound a key', () => {
  const principal = new Gatekeeper(keys, clock).identify({ authorization: 'bearer k1' }, '');
  expect(() => requireScope(principal, 'fill')).toThrow(expect.objectContaining({ code: 'PQ_FORBIDDEN' }));
  expect(mayUseDataset(principal, 'sales_by_region')).toBe(true);
  expect(mayUseDataset(principal, 'presales_x')).toBe(false);
  expect(mayUseDataset({ ...principal, datasets: ['a.c'] }, 'abc')).toBe(false);
});

test('a pattern matches as it is written, and quickly whatever its stars', () => {
  const principal = new Gatekeeper(keys, clock).identify({ 'x-api-key': 'k1' }, '');
  const matches = (pattern: string, name: string): boolean =>
    mayUseDataset({ ...principal, datasets: [pattern] }, name);
  for (const [pattern, name] of [
    ['*', ''],
    ['a*c', 'ac'],
    ['a*b*c', 'a_b_b_c'],
    ['*_eu', 'sales_eu'],
    ['s*s', 'sales'],
  ] as const)
    expect(matches(pattern, name), `${pattern} ${name}`).toBe(true);
  for (const [pattern, name] of [
    ['a*a', 'a'],
    ['ab*bc', 'abc'],
    ['a*b*c', 'a_c_b'],
    ['', 'a'],
    ['A*', 'a'],
  ] as const)
    expect(matches(pattern, name), `${pattern} ${name}`).toBe(false);
  expect(matches(`${'a*'.repeat(5_000)}b`, 'a'.repeat(5_000))).toBe(false);
});

test('a browser logs in with any name and the key as password, where that is taken', () => {
  const gatekeeper = new Gatekeeper(keys, clock);
  const login = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  expect(gatekeeper.identify(login('anna:k2'), '', { basic: true }).name).toBe('key:ops');
  for (const [pair, basic] of [
    ['anna:k2', false],
    ['k2', true],
    ['k2:', true],
    ['k2:x', true],
  ] as const)
    expect(() => gatekeeper.identify(login(pair), '', { basic }), pair).toThrow();
});

test('a key is refused from its expiry on, in words that only its holder hears', () => {
  const gatekeeper = new Gatekeeper([{ ...keys[0], expiresAtMs: 1000 }], clock);
  nowMs = 999;
  expect(gatekeeper.identify({ 'x-api-key': 'k1' }, '').expiresAtMs).toBe(1000);
  nowMs = 1000;
  expect(() => gatekeeper.identify({ 'x-api-key': 'k1' }, '')).toThrow(/expired/);
  expect(() => gatekeeper.identify({ 'x-api-key': 'k9' }, '')).toThrow(/not known/);
});

test('keys may be replaced, and a closed door never opens by that', () => {
  const gatekeeper = new Gatekeeper([keys[0]], clock);
  gatekeeper.replace([keys[1]]);
  expect(gatekeeper.identify({ 'x-api-key': 'k2' }, '').name).toBe('key:ops');
  expect(() => gatekeeper.identify({ 'x-api-key': 'k1' }, '')).toThrow();
  expect(() => gatekeeper.replace([])).toThrow(expect.objectContaining({ code: 'PQ_CONFIG' }));
  expect(gatekeeper.open).toBe(false);
});
