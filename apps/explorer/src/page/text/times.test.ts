import { describe, expect, it } from 'vitest';
import { coarse, duration, relative, setting } from './times.ts';

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe('a duration', () => {
  it.each([
    [0, '0 s'],
    [0.2, '1 ms'],
    [450, '450 ms'],
    [3_000, '3 s'],
    [3_250, '3.3 s'],
    [59_999, '59 s'],
    [MIN, '1 min'],
    [MIN + 20 * S, '1 min 20 s'],
    [12 * MIN + 20 * S, '12 min'],
    [H + 5 * MIN, '1 h 5 min'],
    [D + 5 * MIN, '1 d'],
    [9 * D + H, '9 d'],
  ])('of %d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

it('an age is told in one unit, and in two where the first says little', () => {
  expect([900, 12_800, 3 * MIN + 59 * S, H + 20 * MIN, 5 * H + 20 * MIN, D + 6 * H, 30 * D].map(coarse)).toEqual([
    '0 s',
    '12 s',
    '3 min',
    '1 h 20 min',
    '5 h',
    '1 d 6 h',
    '30 d',
  ]);
});

it('what differs by less than clocks do is now', () => {
  expect([0, 1_500, -1_500].map((past) => relative(100_000 - past, 100_000))).toEqual([
    'just now',
    'just now',
    'just now',
  ]);
  expect([relative(0, 5 * MIN), relative(5 * MIN, 0)]).toEqual(['5 min ago', 'in 5 min']);
});

it('a setting is told as its author would write it', () => {
  expect([10, 60, 90, 600, 3_600, 86_400, 0].map(setting)).toEqual([
    '10 s',
    '1 min',
    '1 min 30 s',
    '10 min',
    '1 h',
    '1 d',
    '0 s',
  ]);
});
