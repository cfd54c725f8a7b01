// @vitest-environment happy-dom
/** What single parts of a view draw and do, over answers made for one question each. */
import { h, render, type ComponentChildren } from 'preact';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { columnOf, columnStatisticsOf, explanationOf, PRINCIPAL, statisticsOf } from '../testing/answers.ts';
import { serve, type FakeServer } from '../testing/server.ts';
import { soon } from '../testing/soon.ts';
import { session } from '../api/session.ts';
import { Ratio } from '../plots/shares.tsx';
import { totalOf } from '../text/asks.ts';
import { Answering } from './entry-answering.tsx';
import { Columns } from './entry-columns.tsx';
import { EntryTable } from './entry-table.tsx';
import { InvalidateButton } from './invalidate.tsx';
import { RowTable } from './row-table.tsx';

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

function draw(children: ComponentChildren): HTMLElement {
  render(children, root);
  return root;
}

const texts = (selector: string): readonly string[] =>
  [...root.querySelectorAll(selector)].map(({ textContent }) => textContent.trim());

describe('why an entry is answered as it is', () => {
  const policy = {
    version: 'checksum',
    maxAgeSeconds: 3_600,
    staleWhileRevalidateSeconds: 600,
    staleIfErrorSeconds: 0,
  } as const;
  const filled = 1e12 + 10;
  const young = (ticks: object = {}) => explanationOf('prices', ticks, new Date().toISOString());

  it('has the life of an answer, and where this one stands in it, where its age decides', () => {
    draw(h(Answering, { explanation: young(), policy }));
    expect(root.querySelector('.age-bar')?.getAttribute('aria-label')).toMatch(/^\d s old: answered at once$/);
    expect(texts('.zone-range')).toEqual(['up to 1 h', 'up to 1 h 10 min', 'after 1 h 10 min']);
    expect(texts('.zone.current .zone-words')).toEqual(['answered at once']);
  });

  it.each([
    ['a hard mark', young({ hard: filled + 1 }), policy],
    ['a soft mark', young({ soft: filled + 1 }), policy],
    ['an epoch', young({ epoch: 2 }), policy],
    ['whoever asks', young(), null],
    ['nobody but who invalidates', young(), { ...policy, version: 'manual' } as const],
  ])('has no such life where %s decides', (_what, explanation, declared) => {
    draw(h(Answering, { explanation, policy: declared }));
    expect(texts('.verdict-sentence')).toHaveLength(1);
    expect(root.querySelector('.age-bar')).toBeNull();
  });
});

describe('columns', () => {
  const amount = columnStatisticsOf('amount', { nulls: 1, values: 3, mean: '2.5', distinct: 3, topExact: false });
  const exact = columnStatisticsOf('amount', { nulls: 1, values: 3, mean: '2.5', distinct: 3 });

  async function told(statistics: unknown): Promise<string> {
    server.answers.set('/v1/entries/k/statistics', statistics);
    draw(h(Columns, { cacheKey: 'k', generation: 1, columns: [columnOf('amount')] }));
    return await soon(() => root.querySelector('.top-values')?.closest('section')?.textContent);
  }

  it('of all rows are told as they are', async () => {
    const text = await told(statisticsOf([exact]));
    expect(text).toContain('counted over 3 rows');
    expect(text).toContain('25.0 %');
    expect(text).not.toMatch(/[≥≈]|of the rows counted/);
  });

  it('of some rows say what is at least so, what is about so, and of what the range is', async () => {
    const basis = { kind: 'sample', rows: 3, places: 2, why: 'time' } as const;
    const text = await told(statisticsOf([{ ...amount, range: 'looked-at' }], basis));
    expect(text).toContain('from 2 of 8 places');
    expect(texts('.top-count')).toEqual(['≥ 66.7 %', '≥ 33.3 %']);
    expect(texts('td').slice(1, 4)).toEqual(['≈ 25.0 %', 'amountamountof the rows countedmean ≈ 2.5', '≥ 3']);
  });

  it('with long values that begin alike have a line for each of them', async () => {
    const top = [2, 1].map((times) => ({ value: 'ä'.repeat(128), count: times, cut: true }));
    await told(statisticsOf([{ ...exact, top }]));
    expect(texts('.top-count')).toEqual(['66.7 %', '33.3 %']);
  });
});

describe('invalidating', () => {
  const answer = { mode: 'soft', entries: 2, fills: 0 };

  async function asked(typed: string): Promise<unknown> {
    server.answers.set('/v1/invalidate', answer);
    draw(h(InvalidateButton, { target: { source: 'erp' }, what: 'all of erp', withTables: true }));
    root.querySelector('button')?.click();
    const field = await soon(() => root.querySelector<HTMLInputElement>('dialog input[type=text]'));
    field.value = typed;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await expect.poll(() => root.querySelector<HTMLInputElement>('dialog input[type=text]')?.value).toBe(typed);
    root.querySelector<HTMLButtonElement>('dialog button[type=submit]')?.click();
    await expect.poll(() => root.querySelector('dialog')).toBeNull();
    return server.asked.map(({ method, path, body }) => ({ method, path, body }));
  }

  it('a source reaches what reads one table of it where one is named, and everything where none is', async () => {
    const question = { method: 'POST', path: '/v1/invalidate' };
    expect(await asked('  app.sales ')).toEqual([
      { ...question, body: { source: 'erp', table: 'app.sales', mode: 'soft' } },
    ]);
    expect(await asked('   ')).toContainEqual({ ...question, body: { source: 'erp', mode: 'soft' } });
  });

  it('offers no table where there is none, and nothing at all to a key that may not', async () => {
    draw(h(InvalidateButton, { target: { dataset: 'a' }, what: 'dataset a' }));
    root.querySelector('button')?.click();
    const dialog = await soon(() => root.querySelector('dialog'));
    expect(dialog.querySelector('input[type=text]')).toBeNull();
    render(null, root);
    session.set({ key: 'k', wanted: 'none', identity: { ...PRINCIPAL, scopes: ['read', 'fill'] } });
    draw(h(InvalidateButton, { target: { dataset: 'a' }, what: 'dataset a' }));
    expect(root.querySelector('button')?.disabled).toBe(true);
  });

  it('that fails says why, and stays open', async () => {
    draw(h(InvalidateButton, { target: { dataset: 'a' }, what: 'dataset a' }));
    root.querySelector('button')?.click();
    const dialog = await soon(() => root.querySelector('dialog'));
    dialog.querySelector<HTMLButtonElement>('button[type=submit]')?.click();
    await expect.poll(() => dialog.querySelector('[role=alert]')?.textContent ?? '').toContain('PQ_NOT_FOUND');
    expect(dialog.querySelector<HTMLButtonElement>('button[type=submit]')?.disabled).toBe(false);
  });
});

describe('how much the cache answered', () => {
  const asked = { hit: 3, stale: 0, miss: 1, collapsed: 0, error: 1 };
  it.each([
    ['of the asks that were answered', asked, '75.0 %', '5 asks, 1 failed; of the others 75.0 % from the cache'],
    ['says that all failed', { ...asked, hit: 0, miss: 0, error: 4 }, 'all failed', '4 asks, all failed'],
    ['says that nobody asked', { ...asked, hit: 0, miss: 0, error: 0 }, '–', 'nobody asked'],
  ])('%s', (_claim, counts, text, title) => {
    draw(h(Ratio, { total: totalOf([counts]) }));
    expect([root.textContent, root.querySelector('.ratio')?.getAttribute('title')]).toEqual([text, title]);
  });
});

describe('rows', () => {
  it('show what is missing, empty, nested and long, numbers at the right', () => {
    const long = 'x'.repeat(100);
    draw(
      h(RowTable, {
        rows: [
          { id: '1', word: null, more: { a: [1] } },
          { id: '2', word: '', more: long },
        ],
        columns: [{ ...columnOf('id'), type: 'int64' }, columnOf('word'), columnOf('more')],
      }),
    );
    expect(texts('td')).toEqual(['1', 'null', '{"a":[1]}', '2', 'empty text', `${'x'.repeat(80)}…`]);
    expect(texts('th.number, td.number')).toEqual(['id', '1', '2']);
    expect(root.querySelector('td [title]')?.getAttribute('title')).toBe(long);
  });

  it('that there are none of are told, and so are entries that nobody knows while Redis is away', () => {
    expect(draw(h(RowTable, { rows: [], columns: null })).textContent).toBe('There are no rows.');
    expect(draw(h(EntryTable, { entries: null, of: null, empty: 'none' })).textContent).toContain('Redis is away');
    expect(draw(h(EntryTable, { entries: [], of: null, empty: 'none' })).textContent).toBe('none');
  });
});
