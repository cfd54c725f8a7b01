import { expect, test } from 'vitest';
import { bind } from './arguments.ts';

test('a bind is a text, or has a type before its value', () => {
  expect(bind('note=a:b=c', bind('since:date=2026-01-31', {}))).toEqual({
    since: { type: 'date', value: '2026-01-31' },
    note: 'a:b=c',
  });
});

test('a bind without a name, or given twice, is a mistake', () => {
  expect(() => bind('=1', {})).toThrow('name=value');
  expect(() => bind('x', {})).toThrow('name=value');
  expect(() => bind('x=2', { x: '1' })).toThrow('given twice');
});
