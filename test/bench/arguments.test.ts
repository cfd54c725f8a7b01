import { expect, test } from 'vitest';
import { wantedOf } from './arguments.ts';

const known = ['oracle-fill', 'warm-read', 'memory'];
const plain = { sections: known, scale: 'short', write: false, profile: false, list: false };

test.each([
  [[], plain],
  [['memory', 'warm-read'], { ...plain, sections: ['warm-read', 'memory'] }],
  [['memory', 'memory', '--long'], { ...plain, sections: ['memory'], scale: 'long' }],
  [['--write'], { ...plain, write: true }],
  [['--profile'], { ...plain, profile: true }],
  [['--tiny', '--list'], { ...plain, scale: 'tiny', list: true }],
])('%j asks for that', (args, expected) => {
  expect(wantedOf(args, known)).toEqual(expected);
});

test.each([
  [['warm-red'], 'no section is called warm-red (did you mean "warm-read"?)'],
  [['xyz', 'memori'], 'no section is called xyz\nno section is called memori (did you mean "memory"?)'],
  [['--long', '--tiny'], '--long and --tiny exclude each other'],
  [['--profile', '--write'], 'what is measured beside a profiler is not worth writing down'],
  [['--tiny', '--write'], '--tiny measures nothing that is worth writing down'],
])('%j is refused', (args, expected) => {
  expect(wantedOf(args, known)).toBe(expected);
});

test.each([[['--lnog']], [['--long=yes']]])('%j is refused by name', (args) => {
  expect(wantedOf(args, known)).toContain(args[0]?.split('=')[0]);
});
