// @vitest-environment happy-dom
import type { Principal } from '@parqueue/client';
import { h, render } from 'preact';
import { afterEach, expect, it } from 'vitest';
import { session } from './api/session.ts';
import { Foot } from './shell.tsx';

afterEach(() => session.set({ key: null, wanted: 'none', identity: null }));

it.each([
  ['nobody told of yet', null, true],
  ['a key of all datasets', ['*'], true],
  ['a key of some', ['sales_*'], false],
] as const)('the foot leads to the queues for %s: they hold the jobs of all datasets', (_who, datasets, leads) => {
  const identity: Principal | null =
    datasets === null
      ? null
      : { name: 'key:a', open: false, scopes: ['read'], datasets: [...datasets], expiresAt: null, limits: null };
  session.set({ key: 'k', wanted: 'none', identity });
  const root = document.createElement('div');
  render(h(Foot, null), root);
  expect([...root.querySelectorAll('a')].some((link) => link.getAttribute('href') === './queues/')).toBe(leads);
  render(null, root);
});
