/** From the path of an entry back to its parameters, whatever the template: found where there are any, and in time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';

const PARAMS = {
  a: '{ type: string }',
  b: '{ type: string, pattern: "[a-z-]+" }',
  c: '{ type: string }',
  d: '{ type: string }',
  e: '{ type: string }',
  day: '{ type: date }',
  n: '{ type: integer }',
  kind: '{ type: string, enum: [x, x-x, xx] }',
  own: '{ type: string, pattern: "(?<one>x|-)(\\\\k<one>)*" }',
} as const;

function catalogOf(path: string): Catalog {
  const params = Object.entries(PARAMS)
    .filter(([name]) => path.includes(`{${name}}`))
    .map(([name, param]) => `${name}: ${param}`);
  return new Catalog(
    loadConfig(
      `
store: { root: /store }
sources: { lake: { kind: file, root: /lake } }
datasets: { files: { source: lake, path: "${path}", params: { ${params.join(', ')} } } }
`,
      { path: '/etc/parqueue.yaml', env: {}, readFile: () => '' },
    ),
  );
}

function again(path: string, values: Readonly<Record<string, unknown>>): void {
  const catalog = catalogOf(path);
  const { request } = catalog.resolveDataset('files', values as Record<string, string>);
  expect(catalog.requestAgain(catalog.dataset('files'), structuredClone(request.canonical))).toEqual(request);
}

describe('a path', () => {
  it.each([
    ['{a}-{day}.csv', { a: 'eu-west-2024-01-01', day: '2024-02-01' }],
    ['{day}{n}.csv', { day: '2024-02-01', n: -7 }],
    ['{kind}{kind}-{b}.csv', { kind: 'x-x', b: 'x-' }],
    ['{a}/{b}-{a}.csv', { a: 'b', b: 'b-b' }],
    ['{own}{b}{own}', { own: 'xx', b: 'x-x' }],
    ['x.csv{a}.csv', { a: '.csv.csv' }],
  ])('of %s with %j is made again', (path, values) => {
    again(path.endsWith('.csv') ? path : `${path}.csv`, values);
  });

  it('of any template with any values is made again', () => {
    const values = fc.record({
      a: fc.stringMatching(/^[a-z-]{1,4}$/),
      b: fc.stringMatching(/^[a-z-]{1,4}$/),
      day: fc.constantFrom('2024-01-01', '1999-12-31'),
      n: fc.integer({ min: -99, max: 99 }),
      kind: fc.constantFrom('x', 'x-x', 'xx'),
      own: fc.constantFrom('x', '-', 'xx', '--'),
    });
    const names = ['a', 'b', 'day', 'n', 'kind', 'own'];
    const template = fc
      .array(fc.constantFrom(...names.map((name) => `{${name}}`), '-', 'x', '1', '/s/'), {
        minLength: 1,
        maxLength: 7,
      })
      .map((pieces) => `s${pieces.join('')}.csv`.replaceAll('/s/s/', '/s/').replaceAll('//', '/'));
    fc.assert(
      fc.property(template, values, (path, all) => {
        again(path, Object.fromEntries(Object.entries(all).filter(([name]) => path.includes(`{${name}}`))));
      }),
      { seed: 20261122, numRuns: 150 },
    );
  });

  it('that a template of five parameters cannot have made, of a name as long as there are, is told in time', () => {
    const catalog = catalogOf('{a}{b}{c}{d}{e}2.csv');
    const { canonical } = catalogOf('{a}.csv').resolveDataset('files', { a: `${'a'.repeat(200)}1` }).request;
    expect(catalog.requestAgain(catalog.dataset('files'), canonical)).toBeNull();
    const wide = catalogOf('{a}1{b}2{a}3{b}4.csv');
    const other = catalogOf('{a}.csv').resolveDataset('files', { a: `${'a1a2'.repeat(50)}4` }).request;
    expect(wide.requestAgain(wide.dataset('files'), other.canonical)).toBeNull();
  });
});
