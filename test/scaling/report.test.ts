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
