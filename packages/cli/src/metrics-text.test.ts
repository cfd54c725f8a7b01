import { expect, test } from 'vitest';
import { parseMetrics, sumOf } from './metrics-text.ts';

const text = [
  '# HELP parqueue_fills_total Loads by outcome',
  '# TYPE parqueue_fills_total counter',
  'parqueue_fills_total{source="lake",outcome="committed"} 3',
  'parqueue_fills_total{source="erp, \\"eu\\"",outcome="committed"} 4',
  'parqueue_fills_total{source="lake",outcome="failed"} 1',
  'parqueue_pins 2.5e1',
  '',
].join('\n');

test('counters are summed over the labels that are not asked for', () => {
  const samples = parseMetrics(text);
  expect(sumOf(samples, 'parqueue_fills_total', { outcome: 'committed' })).toBe(7);
  expect(sumOf(samples, 'parqueue_fills_total', { source: 'lake' })).toBe(4);
  expect(sumOf(samples, 'parqueue_pins')).toBe(25);
  expect(sumOf(samples, 'parqueue_other')).toBe(0);
});
