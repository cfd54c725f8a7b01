import { expect, test } from 'vitest';
import { readStatement } from './read-statement.ts';
import { tellObstacles } from './obstacles-told.ts';

test('the first ten obstacles are named and the others counted', () => {
  const calls = Array.from({ length: 2000 }, (_, i) => `f${i}(x)`);
  const { obstacles } = readStatement(`select ${calls.join(', ')} from t`, 'oracle');
  expect(obstacles).toHaveLength(2000);
  const told = tellObstacles(obstacles);
  expect(told).toContain('F9()');
  expect(told).not.toContain('F10()');
  expect(told).toMatch(/ and 1990 more$/);
  expect(tellObstacles(obstacles.slice(0, 1))).not.toContain('more');
});
