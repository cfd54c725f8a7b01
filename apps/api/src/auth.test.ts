import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Gatekeeper, mayUseDataset, requireScope } from './auth.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const keys = [
  { name: 'bi', sha256: sha256('k1'), scopes: ['read'], datasets: ['sales_*'] },
  { name: 'ops', sha256: sha256('k2'), scopes: ['read', 'admin'], datasets: ['*'] },
] as const;

test('without keys everybody may do everything', () => {
  const principal = new Gatekeeper([]).identify({}, '127.0.0.1');
  for (const scope of ['read', 'fill', 'adhoc', 'admin'] as const)
    expect(() => requireScope(principal, scope)).not.toThrow();
});

test('a key is known by its hash, from either header, and never named by itself', () => {
  const gatekeeper = new Gatekeeper(keys);
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
  const principal = new Gatekeeper(keys).identify({ authorization: 'bearer k1' }, '');
  expect(() => requireScope(principal, 'fill')).toThrow(expect.objectContaining({ code: 'PQ_FORBIDDEN' }));
  expect(mayUseDataset(principal, 'sales_by_region')).toBe(true);
  expect(mayUseDataset(principal, 'presales_x')).toBe(false);
  expect(mayUseDataset({ ...principal, datasets: ['a.c'] }, 'abc')).toBe(false);
});
