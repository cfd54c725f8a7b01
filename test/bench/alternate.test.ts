import { expect, test } from 'vitest';
import { alternate, median, quantile, spreadOf, type Contender } from './alternate.ts';
import { Bench } from './section.ts';

function benchOf(
  signal: AbortSignal = new AbortController().signal,
  progress: (text: string) => void = () => undefined,
): Bench {
  return new Bench({ scale: 'tiny', scratch: '', signal, progress });
}

/** Takes these seconds in its rounds, one after the other; the first is the warm-up's. */
function contender(name: string, role: Contender['role'], seconds: readonly number[], told: string[] = []): Contender {
  let round = 0;
  return {
    name,
    role,
    before: async () => void told.push(`before ${name}`),
    run: async () => {
      told.push(name);
      return { units: 10, seconds: seconds[round++] ?? 1, cpuSeconds: 2 };
    },
    after: async () => void told.push(`after ${name}`),
  };
}

test('contenders run in turns, each round of all of them, and the warm-up does not count', async () => {
  const told: string[] = [];
  const contenders = [contender('a', 'ours', [99, 1, 2], told), contender('b', 'floor', [99, 1, 1], told)];
  const raced = await alternate(benchOf(), { contenders, unit: 'row', rounds: 2 });
  const turn = ['before a', 'a', 'after a', 'before b', 'b', 'after b'];
  expect(told).toEqual([...turn, ...turn, ...turn]);
  expect(raced.samples('a').map(({ seconds }) => seconds)).toEqual([1, 2]);
});

test('a ratio is the median of the ratios of rounds, not the ratio of medians', async () => {
  // A machine that slows down: both are ten times slower in the last round.
  const ours = contender('ours', 'ours', [9, 1, 2, 10]);
  const floor = contender('floor', 'floor', [9, 1, 1, 20]);
  const raced = await alternate(benchOf(), { contenders: [ours, floor], unit: 'row', rounds: 3 });
  expect(raced.ratio('ours', 'floor')).toEqual({ ours: 'ours', over: 'floor', median: 1, min: 0.5, max: 2, rounds: 3 });
  expect(raced.cpuRatio('ours', 'floor').median).toBe(1);
  expect(raced.rate('ours')).toBe(5);
});

test('findings have a row for each contender and ratios of ours over each other', async () => {
  const contenders = [
    contender('ours', 'ours', []),
    contender('ours in two threads', 'ours', []),
    contender('floor', 'floor', []),
    contender('peer', 'peer', []),
  ];
  const { findings } = await alternate(benchOf(), { contenders, unit: 'row', rounds: 1 });
  const { measures, ratios = [] } = findings;
  const spread = { value: 10, min: 10, max: 10, rounds: 1, unit: 'rows/s', cpu: { value: 200_000, unit: 'µs/row' } };
  expect(measures).toEqual(contenders.map(({ name, role }) => ({ name, role, ...spread })));
  expect(ratios.map(({ ours, over }) => [ours, over])).toEqual([
    ['ours', 'floor'],
    ['ours', 'peer'],
    ['ours in two threads', 'floor'],
    ['ours in two threads', 'peer'],
  ]);
});

test.each([
  ['row', 'rows/s', undefined],
  ['MB', 'MB/s', undefined],
  ['query', 'queries/s', 'queries'],
])('many of %s are told as %s', async (unit, expected, units) => {
  const options = {
    contenders: [contender('a', 'ours', [])],
    unit,
    rounds: 1,
    ...(units === undefined ? {} : { units }),
  };
  const raced = await alternate(benchOf(), options);
  expect(raced.findings.measures[0]?.unit).toBe(expected);
});

test('what took no time of its own is measured by the clock and the processor', async () => {
  const run = async (): Promise<number> => 5;
  const raced = await alternate(benchOf(), {
    contenders: [{ name: 'a', role: 'ours', run }],
    unit: 'row',
    rounds: 1,
    warmups: 0,
  });
  const [sample] = raced.samples('a');
  expect(sample?.units).toBe(5);
  expect(sample?.seconds).toBeGreaterThan(0);
  expect(sample?.cpuSeconds).toBeGreaterThanOrEqual(0);
});

test('a contender that did nothing is an error and no infinite speed', async () => {
  const run = async (): Promise<number> => 0;
  const racing = alternate(benchOf(), { contenders: [{ name: 'lazy', role: 'ours', run }], unit: 'row', rounds: 1 });
  await expect(racing).rejects.toThrow('lazy did nothing');
});

test('what a contender throws ends the section', async () => {
  const run = async (): Promise<number> => {
    throw new Error('no server');
  };
  const racing = alternate(benchOf(), { contenders: [{ name: 'a', role: 'ours', run }], unit: 'row', rounds: 1 });
  await expect(racing).rejects.toThrow('no server');
});

test('names and rounds that say nothing are refused', async () => {
  const twins = [contender('a', 'ours', []), contender('a', 'floor', [])];
  await expect(alternate(benchOf(), { contenders: twins, unit: 'row', rounds: 1 })).rejects.toThrow('one name');
  const raced = await alternate(benchOf(), { contenders: [contender('a', 'ours', [])], unit: 'row', rounds: 1 });
  expect(() => raced.ratio('a', 'b')).toThrow('no contender is called b');
});

test('the signal ends it between two contenders', async () => {
  const ended = new AbortController();
  const told: string[] = [];
  const first = { ...contender('a', 'ours', [], told), after: async () => ended.abort(new Error('Ctrl-C')) };
  const racing = alternate(benchOf(ended.signal), {
    contenders: [first, contender('b', 'floor', [], told)],
    unit: 'row',
    rounds: 1,
  });
  await expect(racing).rejects.toThrow('Ctrl-C');
  expect(told).toEqual(['before a', 'a']);
});

test('progress tells which round of how many, and whose', async () => {
  const told: string[] = [];
  const bench = benchOf(undefined, (text) => told.push(text));
  await alternate(bench, { contenders: [contender('a', 'ours', [])], unit: 'row', rounds: 2 });
  expect(told).toEqual(['warming up: a', 'round 1 of 2: a', 'round 2 of 2: a']);
});

test.each([
  [[3], 3],
  [[3, 1], 2],
  [[9, 1, 5], 5],
  [[10, 9, 1, 2], 5.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test.each([
  [0, 1],
  [0.5, 2],
  [0.75, 3],
  [0.99, 4],
  [1, 4],
])('quantile %d of 4, 3, 2, 1 is %d', (share, expected) => {
  expect(quantile([4, 3, 2, 1], share)).toBe(expected);
});

test('of nothing there is neither median nor quantile', () => {
  expect(() => median([])).toThrow('no values');
  expect(() => quantile([], 0.5)).toThrow('no values');
  expect(spreadOf([2, 1, 4])).toEqual({ median: 2, min: 1, max: 4, rounds: 3 });
});
