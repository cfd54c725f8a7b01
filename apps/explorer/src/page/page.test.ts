// @vitest-environment happy-dom
/**
 * The whole page over a server whose every name, value and message is markup: all of it is shown as the text it is. That the
 * policy of the page would not run it is another line of defence.
 */
import { h, render } from 'preact';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { App } from './app.tsx';
import { live } from './api/live.ts';
import { hrefOf, type Route } from './route.ts';
import { serve, type FakeServer } from './testing/server.ts';
import { serverOf } from './testing/answers.ts';
import { soon } from './testing/soon.ts';

const MARKUP = `"'><img src="x" onerror="broken=1"><script>broken=1</script><b>&amp;</b>`;

let server: FakeServer;
let root: HTMLElement;

beforeEach(() => {
  server = serve(serverOf(MARKUP), MARKUP);
  root = document.createElement('div');
  document.body.append(root);
});

afterEach(() => {
  render(null, root);
  root.remove();
  live.set({ fills: new Map(), by: 'nothing', moved: 0 });
  server[Symbol.dispose]();
});

async function open(route: Route): Promise<HTMLElement> {
  location.hash = hrefOf(route);
  render(h(App, null), root);
  return await soon(() => root.querySelector('main'));
}

/** What markup in a text would have made. */
function made(): readonly string[] {
  const elements = [...document.querySelectorAll('main img, main b, script, [onerror]')];
  const away = [...document.querySelectorAll('a')]
    .map((link) => link.getAttribute('href') ?? '')
    .filter((href) => !/^(#|\.\/)/.test(href));
  return [...elements.map(({ outerHTML }) => outerHTML), ...away];
}

const VIEWS: readonly (readonly [string, Route, number])[] = [
  ['the overview', { view: 'overview' }, 4],
  ['a dataset', { view: 'dataset', name: MARKUP }, 15],
  ['entries', { view: 'entries', dataset: MARKUP, prefix: MARKUP, after: '' }, 2],
  ['an entry', { view: 'entry', key: MARKUP }, 15],
  ['work', { view: 'fills', show: 'fills' }, 3],
  ['a fill', { view: 'fill', id: MARKUP }, 4],
  ['sources', { view: 'sources' }, 4],
  ['what is not there', { view: 'dataset', name: 'unheard-of' }, 1],
];

it.each(VIEWS)('markup in names, values and messages is shown as text: %s', async (_name, route, times) => {
  const main = await open(route);
  await expect.poll(() => main.textContent.split(MARKUP).length - 1).toBeGreaterThanOrEqual(times);
  expect(made()).toEqual([]);
  expect(document.title).toContain('Parqueue');
});

it('markup is shown as text in the question before something is done, and in the word after it', async () => {
  server.answers.set('/v1/invalidate', { mode: 'soft', entries: 1, fills: 0 });
  const main = await open({ view: 'dataset', name: MARKUP });
  const button = await soon(() => main.querySelector<HTMLButtonElement>('.title button'));
  button.click();
  const dialog = await soon(() => document.querySelector('dialog'));
  expect(dialog.textContent).toContain(MARKUP);
  dialog.querySelector<HTMLButtonElement>('button[type=submit]')?.click();
  await expect.poll(() => root.querySelector('.announcement')?.textContent ?? '').toContain(MARKUP);
  expect(made()).toEqual([]);
});
