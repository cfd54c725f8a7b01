// @vitest-environment happy-dom
import { h, render } from 'preact';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serve, type FakeServer } from '../testing/server.ts';
import { enterKey, forgetKey } from './session.ts';
import { useResource, type Resource, type ResourceOptions } from './use-resource.ts';

let server: FakeServer;
let root: HTMLElement;
let latest: Resource<unknown>;

function View({ path, options = {} }: { readonly path: string | null; readonly options?: ResourceOptions }) {
  latest = useResource(path, options);
  return h('p', null, `${path}: ${JSON.stringify(latest.data)} ${latest.problem?.code ?? ''}`);
}

beforeEach(() => {
  server = serve({ '/a': 'of a', '/b': 'of b' });
  root = document.createElement('div');
});
afterEach(() => {
  render(null, root);
  forgetKey();
  server[Symbol.dispose]();
});

const shows = (path: string | null, options: ResourceOptions = {}): void => render(h(View, { path, options }), root);
const text = async (wanted: string): Promise<void> => {
  await expect.poll(() => root.textContent).toBe(wanted);
};
const times = (path: string): number => server.asked.filter((asked) => asked.path === path).length;

it('an answer is never shown under another address than it was asked from', async () => {
  shows('/a');
  await text('/a: "of a" ');
  shows('/b');
  expect(root.textContent).toBe('/b: null ');
  await text('/b: "of b" ');
  shows('/nowhere');
  await text('/nowhere: null PQ_NOT_FOUND');
  shows(null);
  await text('null: null ');
});

it('what was known stays when a later look fails, with what went wrong and the time it is from', async () => {
  shows('/a');
  await text('/a: "of a" ');
  const { atMs } = latest;
  server.answers.set('/a', new TypeError('refused'));
  latest.again();
  await text('/a: "of a" unreachable');
  expect(latest.atMs).toBe(atMs);
  server.answers.set('/a', 'again');
  latest.again();
  await text('/a: "again" ');
});

it('it is asked for once, again as often as was said, and anew when something changed or somebody else asks', async () => {
  shows('/a');
  await text('/a: "of a" ');
  expect(times('/a')).toBe(1);
  shows('/a', { changes: 1 });
  await expect.poll(() => times('/a')).toBe(2);
  enterKey('k');
  await expect.poll(() => times('/a')).toBe(3);
  shows('/a', { changes: 1, everyMs: 5 });
  await expect.poll(() => times('/a')).toBeGreaterThan(6);
});
