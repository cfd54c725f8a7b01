import { describe, expect, it } from 'vitest';
import { hrefOf, readRoute, type Route } from './route.ts';

const ROUTES: readonly Route[] = [
  { view: 'overview' },
  { view: 'dataset', name: 'sales' },
  { view: 'dataset', name: 'odd/näme ?#%' },
  { view: 'entries', dataset: '', prefix: '', after: '' },
  { view: 'entries', dataset: 'a&b', prefix: 'x y', after: 'k-1' },
  { view: 'entry', key: 'prices_xetra-77083b' },
  { view: 'fills', show: 'fills' },
  { view: 'fills', show: 'failed' },
  { view: 'fill', id: 'lake.fill.5f0c' },
  { view: 'sources' },
];

describe('an address', () => {
  it.each(ROUTES)('leads to the view that it was made for: $view', (route) => {
    expect(readRoute(hrefOf(route))).toEqual(route);
  });

  it('of nothing leads to the overview', () => {
    expect([readRoute(''), readRoute('#'), readRoute('#/')].map(({ view }) => view)).toEqual([
      'overview',
      'overview',
      'overview',
    ]);
  });

  it.each(['#/nowhere', '#/datasets', '#/datasets/a/b', '#/sources/x'])(
    'that nobody made is not taken for another: %s',
    (hash) => {
      expect(readRoute(hash).view).toBe('lost');
    },
  );

  it('with a broken escape is a name that nothing has', () => {
    expect(readRoute('#/datasets/%zz')).toEqual({ view: 'dataset', name: '%zz' });
  });

  it('asks for no filter that there is not', () => {
    expect(readRoute('#/fills?show=everything')).toEqual({ view: 'fills', show: 'fills' });
  });
});
