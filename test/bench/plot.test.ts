import { expect, test } from 'vitest';
import { svgOf } from './plot.ts';
import type { Plot } from './section.ts';
import { linearTicks, logTicks, short } from './ticks.ts';

const bars: Plot = {
  name: 'fills',
  title: 'Rows <of> "each" & all',
  kind: 'bars',
  xLabel: '',
  yLabel: 'rows/s',
  series: [
    {
      name: 'one stream',
      points: [
        { x: 'Parqueue', y: 1e6, min: 9e5, max: 1.2e6 },
        { x: 'driver', y: 1.4e6 },
      ],
    },
    {
      name: 'two streams',
      points: [
        { x: 'Parqueue', y: 1.9e6 },
        { x: 'driver', y: 0 },
      ],
    },
  ],
};
const lines: Plot = {
  name: 'entries',
  title: 'Resolve',
  kind: 'lines',
  xLabel: 'entries',
  yLabel: 'ms',
  xScale: 'log',
  series: [
    {
      name: 'p50',
      points: [
        { x: 1e6, y: 1.2 },
        { x: 10_000, y: 1 },
        { x: 100_000, y: 1.1, min: 1, max: 1.3 },
      ],
    },
  ],
};

test.each([bars, lines, { ...lines, xScale: 'linear' as const }])(
  'everything that plot $name draws lies within it',
  (plot) => {
    const svg = svgOf(plot);
    const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    const places = [...svg.matchAll(/ (?:c?([xy]))="(-?[\d.]+)"/g)];
    expect(places.length).toBeGreaterThan(10);
    const beyond = places.filter(
      ([, axis, at]) => Number(at) < 0 || Number(at) > Number(axis === 'x' ? width : height),
    );
    expect(beyond.map(([text]) => text)).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  },
);

test('text is text, and each point tells its value', () => {
  const svg = svgOf(bars);
  expect(svg).toContain('Rows &lt;of&gt; &quot;each&quot; &amp; all');
  expect([...svg.matchAll(/<title>([^<]*)/g)].map(([, told]) => told)).toEqual([
    'one stream: 1,000,000',
    'two streams: 1,900,000',
    'one stream: 1,400,000',
    'two streams: 0',
  ]);
});

test('a line goes from left to right, in whichever order its points were measured', () => {
  const [, path = ''] = /<path d="(M[^"]*)"/.exec(svgOf(lines)) ?? [];
  const xs = [...path.matchAll(/[ML]([\d.]+)/g)].map(([, x]) => Number(x));
  expect(xs).toEqual(xs.toSorted((a, b) => a - b));
});

test('names of series that are too long for one row stand in several', () => {
  const series = ['a', 'b', 'c'].map((name) => ({ name: name.repeat(60), points: [{ x: 1, y: 1 }] }));
  const svg = svgOf({ ...lines, series });
  const rows = [...svg.matchAll(/<text x="29" y="(\d+)">(.)/g)].map(([, y, name]) => [name, Number(y)]);
  expect(rows).toEqual([
    ['a', 41],
    ['b', 61],
    ['c', 81],
  ]);
});

test('one point is a plot', () => {
  const alone: Plot = { ...lines, series: [{ name: 'p50', points: [{ x: 1000, y: 0 }] }] };
  expect(svgOf(alone)).not.toContain('NaN');
});

test('a plot of nothing, of names on a line and of zero on a logarithmic axis is refused', () => {
  expect(() => svgOf({ ...lines, series: [] })).toThrow('no point');
  expect(() => svgOf({ ...bars, kind: 'lines' })).toThrow('need numbers');
  expect(() => svgOf({ ...lines, series: [{ name: '', points: [{ x: 0, y: 1 }] }] })).toThrow('logarithmic');
});

test.each([
  [0, [0, 1]],
  [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [9, [0, 2, 4, 6, 8, 10]],
  [0.0011, [0, 0.00025, 0.0005, 0.00075, 0.001, 0.00125]],
])('an axis up to %d has its marks at round places', (most, expected) => {
  expect(linearTicks(most)).toEqual(expected);
});

test('a logarithmic axis goes by powers of ten', () => {
  expect(logTicks(10_000, 1e6)).toEqual([1e4, 1e5, 1e6]);
  expect(logTicks(1000, 1000)).toEqual([1000, 10_000]);
  expect(logTicks(20, 30)).toEqual([10, 100]);
});

test.each([
  [1_500_000, '1.5M'],
  [2e9, '2G'],
  [1000, '1k'],
  [0.25, '0.25'],
  [0, '0'],
])('an axis says %d as %s', (value, expected) => {
  expect(short(value)).toBe(expected);
});
