// @vitest-environment happy-dom
/** What the page does for somebody: what it then asks of the server, and what it makes of the answer. */
import { h, render, type ComponentChildren } from 'preact';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { session } from '../api/session.ts';
import { detailsOf, fillOf, sourcesOf } from '../testing/answers.ts';
import { serve, type FakeServer } from '../testing/server.ts';
import { soon } from '../testing/soon.ts';
import { DatasetTable } from './dataset-table.tsx';
import { Entries } from './entries.tsx';
import { CancelButton } from './fill-list.tsx';
import { SourcesView } from './sources.tsx';
import { TryIt } from './try-it.tsx';

let root: HTMLElement;
let server: FakeServer;

beforeEach(() => {
  server = serve({});
  root = document.createElement('div');
  document.body.append(root);
});

afterEach(() => {
  render(null, root);
  root.remove();
  session.set({ key: null, wanted: 'none', identity: null });
  server[Symbol.dispose]();
});

const draw = (children: ComponentChildren): void => render(children, root);

/** The element, as soon as it is there. */
async function found<T extends Element = HTMLElement>(selector: string, text = ''): Promise<T> {
  return await soon(() => [...root.querySelectorAll<T>(selector)].find((one) => one.textContent.includes(text)));
}

async function press(selector: string, text = ''): Promise<void> {
  (await found(selector, text)).click();
}

describe('asking for the first rows', () => {
  const PATH = '/v1/datasets/sales/data';
  const ask = { name: 'sales', params: { market: 'a&b' }, missing: [], allowed: true };

  it('comes back with the load that it has to wait for, and tells how the answer came about', async () => {
    server.answers.set(PATH, [
      Response.json({ fill: { id: 'fill-1' } }, { status: 202 }),
      Response.json([{ id: 1 }], {
        headers: { 'parqueue-rows': '7', 'parqueue-key': 'sales-1', 'cache-status': 'parqueue; fwd=miss; stored' },
      }),
    ]);
    draw(h(TryIt, ask));
    await press('button', 'Ask for the first rows');
    expect((await found('[role=status] p')).textContent).toMatch(/Loaded for this ask\. 7 rows in all/);
    expect(root.querySelector('td')?.textContent).toBe('1');
    expect(server.asked).toMatchObject([
      { path: PATH, query: '?market=a%26b&format=json&limit=20', headers: { prefer: 'wait=10' } },
      { path: PATH, headers: { 'parqueue-fill': 'fill-1' } },
    ]);
    expect(server.asked[0]?.headers).not.toHaveProperty('parqueue-fill');
  });

  it('is not offered before everything is filled in, or to who may not', async () => {
    draw(h(TryIt, { ...ask, missing: ['market', 'year'] }));
    expect((await found<HTMLButtonElement>('button')).disabled).toBe(true);
    expect(root.textContent).toContain('Fill in market, year first.');
    draw(h(TryIt, { ...ask, allowed: false }));
    await expect.poll(() => root.textContent).not.toContain('Fill in');
    expect((await found<HTMLButtonElement>('button')).disabled).toBe(true);
  });
});

it('a source is paused with the reason that was written, or without one, and resumed', async () => {
  const [source] = sourcesOf('erp').sources;
  server.answers.set('/v1/sources', { sources: [{ ...source, paused: false, pause: null }] });
  server.answers.set('/v1/sources/erp/pause', {});
  server.answers.set('/v1/sources/erp/resume', {});
  const acts = (): readonly unknown[] =>
    server.asked.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body]);
  draw(h(SourcesView, null));
  await press('.card-actions button', 'Pause');
  const reason = await found<HTMLInputElement>('dialog input[maxlength]');
  reason.value = 'the DBA called';
  reason.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((drawn) => requestAnimationFrame(drawn));
  server.answers.set('/v1/sources', sourcesOf('erp'));
  await press('dialog button[type=submit]');
  await press('.card-actions button', 'Resume');
  await press('dialog button[type=submit]', 'Resume it');
  await expect.poll(acts).toEqual([
    ['/v1/sources/erp/pause', { reason: 'the DBA called' }],
    ['/v1/sources/erp/resume', {}],
  ]);
});

it('a load is cancelled once that was confirmed, and one that ended has no button for it', async () => {
  const fill = fillOf('fill-1', { state: 'running', outcome: null });
  server.answers.set('/v1/fills/fill-1', { outcome: { kind: 'cancelled' }, state: 'finished' });
  draw(h(CancelButton, { fill }));
  await press('button');
  expect(server.asked).toEqual([]);
  await press('dialog button[type=submit]');
  await expect.poll(() => root.querySelector('dialog')).toBeNull();
  expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['DELETE /v1/fills/fill-1']);
  draw(h(CancelButton, { fill: fillOf('fill-1') }));
  await expect.poll(() => root.querySelector('button')).toBeNull();
});

describe('entries', () => {
  it('are asked for by dataset, by how their keys begin and from where the page before ended', async () => {
    server.answers.set('/v1/entries', { entries: [], next: 'k-9' });
    draw(h(Entries, { dataset: 'a', prefix: 'a_', after: 'k-1' }));
    const next = await found<HTMLAnchorElement>('a[rel=next]');
    expect(server.asked[0]?.query).toBe('?dataset=a&prefix=a_&after=k-1&limit=50');
    expect(next.getAttribute('href')).toBe('#/entries?dataset=a&prefix=a_&after=k-9');
  });

  it.each([
    ['', null, 'Nothing is cached yet'],
    ['x', null, 'No key begins with “x”'],
    ['', 'k-9', 'Nothing on this page may be seen with this key'],
  ])('say why there are none: prefix %j, next %j', async (prefix, next, words) => {
    server.answers.set('/v1/entries', { entries: [], next });
    draw(h(Entries, { dataset: '', prefix, after: '' }));
    await found('.empty', words);
  });
});

it('datasets are sorted by number where a column has numbers, what is not known last either way round', async () => {
  const sized = (name: string, bytes: number | null) => ({
    ...detailsOf(name),
    stored: bytes === null ? null : { ...detailsOf(name).stored, bytes, entries: 1 },
  });
  const datasets = [sized('a', 9), sized('b', null), sized('c', 10), sized('d', 2)];
  draw(h(DatasetTable, { datasets: datasets as Parameters<typeof DatasetTable>[0]['datasets'] }));
  const order = (): string => [...root.querySelectorAll('tbody th > a')].map(({ textContent }) => textContent).join('');
  await press('th button', 'Size');
  await expect.poll(order).toBe('cadb');
  await press('th button', 'Size');
  await expect.poll(order).toBe('dacb');
});
