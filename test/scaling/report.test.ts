import { expect, test } from 'vitest';
import { timelineOf } from './report.ts';

test('a timeline has a colour for each source, and everything it draws lies within it', () => {
  const keys = ['lake', 'depot', 'archive'].flatMap((source) => [1, 2, 3, 4].map((at) => `${source}_${at}-0f`));
  const spans = keys.map((key, at) => {
    const end = at === 0 ? 'handed-on' : 'committed';
    return { worker: 'worker 1', key, jobId: `${at}`, beganMs: at * 10, endedMs: at * 10 + 5, end } as const;
  });
  const worker = { name: 'worker 1', startedMs: 0, toldMs: 90, endedMs: 120, exit: 0, rssBytes: 0, steps: [] };
  const svg = timelineOf({ beganMs: 0, endedMs: 120, workers: [worker], spans, asks: [], changes: 12 });
  expect([...svg.matchAll(/<text [^>]*y="19">([^<]+)/g)].map(([, text]) => text)).toEqual([
    'archive',
    'depot',
    'lake',
    'handed on',
    'SIGTERM',
  ]);
  const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  const beyond = [...svg.matchAll(/ ([xy])="([\d.]+)"/g)].filter(
    ([, axis, at]) => Number(at) > Number(axis === 'x' ? width : height),
  );
  expect(beyond.map(([text]) => text)).toEqual([]);
});

test('two loads of one worker at a time are drawn above each other, however they follow upon one another', () => {
  const worker = { name: 'worker 1', startedMs: 0, toldMs: 90, endedMs: 100, exit: 0, rssBytes: 0, steps: [] };
  const times = [
    [0, 50],
    [10, 20],
    [30, 40],
    [50, 90],
    [60, 70],
  ] as const;
  const spans = times.map(([beganMs, endedMs], at) => {
    return { worker: 'worker 1', key: `lake_${at}-0f`, jobId: `${at}`, beganMs, endedMs, end: 'committed' } as const;
  });
  const svg = timelineOf({ beganMs: 0, endedMs: 100, workers: [worker], spans, asks: [], changes: 5 });
  const tops = [...svg.matchAll(/y="(\d+)"[^>]*><title>lake/g)].map(([, y]) => Number(y));
  const upper = Math.min(...tops);
  expect(tops.map((top) => (top === upper ? 'upper' : 'lower'))).toEqual(['upper', 'lower', 'lower', 'upper', 'lower']);
});
