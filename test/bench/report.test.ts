import { expect, test } from 'vitest';
import { shown, shownRange } from './numbers.ts';
import { faultsIn, judge, type Played } from './played.ts';
import { aligned, machinesOf, reportOf, sectionMarkdown, summaryMarkdown } from './report.ts';
import { atLeast, atMost, type Findings, type Section } from './section.ts';

const findings: Findings = {
  measures: [
    {
      name: 'Parqueue',
      role: 'ours',
      value: 1_234_567,
      unit: 'rows/s',
      min: 1_000_000,
      max: 1_300_000,
      rounds: 5,
      cpu: { value: 9.3456, unit: 'µs/row' },
    },
    { name: 'driver | drops', role: 'floor', value: 2_000_000, unit: 'rows/s' },
  ],
  ratios: [{ ours: 'Parqueue', over: 'driver | drops', median: 0.617, min: 0.5, max: 0.65, rounds: 5 }],
  figures: { overFloor: 0.617, growthMiB: 3 },
  notes: ['One million rows.'],
  plots: [{ name: 'x-rows', title: 'Rows', kind: 'bars', xLabel: '', yLabel: 'rows/s', series: [] }],
};

const section: Section = {
  name: 'x-fill',
  title: 'X cold fill',
  about: 'All of it.',
  goals: [
    atLeast('overFloor', 0.95, '≥ 0.95 of the driver'),
    atMost('growthMiB', 64, 'grows by ≤ 64 MiB'),
    atMost('p99Ms', 5, '≤ 5 ms'),
  ],
  run: async () => findings,
};

const machine = { hardware: 'Some, 2 cores', filesystem: 'ext4', node: '20.19.0', versions: { pg: '8.23.1' } };
const played: Played = {
  name: section.name,
  title: section.title,
  about: section.about,
  scale: 'short',
  beganAt: '2026-11-22T23:40:10.000Z',
  seconds: 12.4,
  busy: 0.034,
  machine,
  findings,
  goals: judge(section, findings),
};

test('a goal is reached, missed, or not measured where its figure is not there', () => {
  expect(played.goals.map(({ reached }) => reached)).toEqual([false, true, null]);
});

test.each([
  [0.95, true],
  [0.9499, false],
])('a limit is reached at the limit: %d', (value, expected) => {
  expect(atLeast('a', 0.95, '').reached({ a: value })).toBe(expected);
});

test('what is no number is a fault of its section, not a goal that was missed', () => {
  expect(faultsIn(findings)).toEqual([]);
  expect(faultsIn({ measures: [], figures: { a: Number.NaN }, notes: [] })).toEqual([
    'nothing was measured',
    'a is NaN',
  ]);
});

test('the report for a terminal', () => {
  expect(reportOf(played)).toBe(
    [
      'X cold fill (x-fill, short, 12 s)',
      '                  is                  median                  spread          CPU  rounds',
      '  Parqueue        Parqueue  1,230,000 rows/s  1,000,000 to 1,300,000  9.35 µs/row       5',
      '  driver | drops  floor     2,000,000 rows/s',
      '',
      '  of        to              median        spread  rounds',
      '  Parqueue  driver | drops    0.62  0.50 to 0.65       5',
      '',
      '  One million rows.',
      '',
      '  missed: ≥ 0.95 of the driver',
      '  reached: grows by ≤ 64 MiB',
      '  not measured: ≤ 5 ms',
    ].join('\n'),
  );
});

test('the part of a document', () => {
  const text = sectionMarkdown(played, machinesOf([played]));
  expect(text).toContain(
    'Measured 2026-11-22 23:40 UTC, short form. 3 % of the processors were busy with something else before it.',
  );
  expect(text).toContain('| driver \\| drops | floor | 2,000,000 rows/s |  |  |  |');
  expect(text).toContain('- missed: ≥ 0.95 of the driver');
  expect(text).toContain('![Rows](images/bench-x-rows.svg)');
});

test('sections of two machines say on which each was measured', () => {
  const other = { ...played, name: 'y', machine: { ...machine, hardware: 'Other, 64 cores' } };
  const machines = machinesOf([played, other, played]);
  expect(machines).toHaveLength(2);
  expect(sectionMarkdown(other, machines)).toContain('UTC, on B, short');
  const summary = summaryMarkdown([played, other], machines);
  expect(summary).toContain('Machines: A: Some, 2 cores, scratch on ext4, Node 20.19.0; B: Other, 64 cores');
  expect(summary).toContain('| [X cold fill](#x-fill) | ≥ 0.95 of the driver | missed |');
  expect(summary).toContain('With pg 8.23.1.');
});

test('a column without anything is left out', () => {
  expect(aligned(['', 'a', 'b'], [['x', '', '1']])).toEqual(['     b', '  x  1']);
});

test.each([
  [0, '0'],
  [1_234_567, '1,230,000'],
  [999.6, '1,000'],
  [99.96, '100'],
  [12.345, '12.3'],
  [1, '1.00'],
  [0.012_345, '0.0123'],
  [-3.14159, '-3.14'],
])('%d is shown as %s', (value, expected) => {
  expect(shown(value)).toBe(expected);
});

test('of one round there is no spread', () => {
  expect([shownRange(undefined, undefined), shownRange(2, 2), shownRange(1, 2)]).toEqual(['', '', '1.00 to 2.00']);
});
