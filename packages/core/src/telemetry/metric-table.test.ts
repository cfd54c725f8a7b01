import { expect, test } from 'vitest';
import { MetricTable, startAtZero } from './metric-table.ts';

const linesOf = async (table: MetricTable, name: string): Promise<readonly string[]> =>
  (await table.registry.metrics()).split('\n').filter((line) => line.startsWith(`parqueue_${name}`));

test('what cannot be told now is not told as 0', async () => {
  const table = new MetricTable({ version: '1', component: 'api' });
  const state: { value: number | null } = { value: null };
  table.sampled('epoch', 'The epoch.', () => state.value);
  expect(await linesOf(table, 'epoch')).toEqual([]);
  state.value = 3;
  expect(await linesOf(table, 'epoch')).toEqual(['parqueue_epoch 3']);
  state.value = null;
  expect(await linesOf(table, 'epoch')).toEqual([]);
});

test('what a scrape does not find any more is not shown any more', async () => {
  const table = new MetricTable({ version: '1', component: 'api' });
  let queues = ['a', 'b'];
  table.sampledBy('jobs', 'Jobs.', ['queue'], async () => queues.map((queue) => ({ labels: { queue }, value: 1 })));
  expect(await linesOf(table, 'jobs')).toHaveLength(2);
  queues = ['b'];
  expect(await linesOf(table, 'jobs')).toEqual(['parqueue_jobs{queue="b"} 1']);
});

test('counters and histograms are there from the beginning, in all combinations', async () => {
  const table = new MetricTable({ version: '1', component: 'worker' });
  const fills = table.counter('fills_total', 'Fills.', 'source', 'outcome');
  const seconds = table.histogram('fill_seconds', 'Seconds.', { buckets: [1], labelNames: ['phase'] });
  startAtZero(fills, { source: ['erp', 'lake'], outcome: ['committed', 'failed'] });
  startAtZero(seconds, { phase: ['open', 'read'] });
  fills.inc({ source: 'erp', outcome: 'failed' });
  expect(await linesOf(table, 'fills_total')).toEqual([
    'parqueue_fills_total{source="erp",outcome="committed"} 0',
    'parqueue_fills_total{source="erp",outcome="failed"} 1',
    'parqueue_fills_total{source="lake",outcome="committed"} 0',
    'parqueue_fills_total{source="lake",outcome="failed"} 0',
  ]);
  expect(await linesOf(table, 'fill_seconds_count')).toEqual([
    'parqueue_fill_seconds_count{phase="open"} 0',
    'parqueue_fill_seconds_count{phase="read"} 0',
  ]);
});
