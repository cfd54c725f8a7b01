import { expect, test } from 'vitest';
import type { ResolvedRequest } from '../model/request.ts';
import { RememberedRequests } from './remembered-requests.ts';

interface Asked {
  readonly dataset: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[] | undefined;
}

const asked = (params: Asked['params'], more: Partial<Asked> = {}): Asked => ({
  dataset: 'prices',
  params,
  columns: undefined,
  ...more,
});

/** Makes requests that are told apart by identity, and counts them. */
function counting(max?: number) {
  const requests = new RememberedRequests(max);
  const counted = { made: 0 };
  const of = (question: Asked): ResolvedRequest =>
    requests.of(question, () => {
      counted.made += 1;
      return { key: String(counted.made) } as ResolvedRequest;
    });
  return { counted, of };
}

test('the same words are made into a request once', () => {
  const { counted, of } = counting();
  const first = of(asked({ market: 'de', year: 2026, open: true }));
  expect(of(asked({ market: 'de', year: 2026, open: true }))).toBe(first);
  expect(counted.made).toBe(1);
});

test('whatever may mean another thing is another question', () => {
  const { counted, of } = counting();
  const questions = [
    asked({}),
    asked({ a: '1' }),
    asked({ a: 1 }),
    asked({ a: true }),
    asked({ a: 'true' }),
    asked({ b: '1' }),
    asked({ a: '1', b: '1' }),
    asked({ a: '1' }, { dataset: 'other' }),
    asked({ a: '1' }, { columns: [] }),
    asked({ a: '1' }, { columns: ['x'] }),
    asked({ a: '1' }, { columns: ['x', 'y'] }),
    asked({ a: '1' }, { columns: ['y', 'x'] }),
    asked({ a: '1' }, { columns: ['x","y'] }),
    asked(JSON.parse('{"__proto__":"1"}') as Asked['params']),
  ];
  for (const question of questions) of(question);
  expect(counted.made).toBe(questions.length);
});

test.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, null, undefined, { a: 1 }, ['a']])(
  'a value that JSON does not tell apart, or that is nested, is made afresh: %s',
  (value) => {
    const { counted, of } = counting();
    of(asked({ a: value }));
    of(asked({ a: value }));
    expect(counted.made).toBe(2);
  },
);

test('a long question is not kept, and of short ones no more than so many', () => {
  const { counted, of } = counting(2);
  const long = asked({ a: 'x'.repeat(1_001) });
  of(long);
  of(long);
  expect(counted.made).toBe(2);
  of(asked({ a: '1' }));
  of(asked({ a: '2' }));
  of(asked({ a: '1' }));
  of(asked({ a: '3' }));
  expect(counted.made).toBe(5);
  of(asked({ a: '1' }));
  expect(counted.made).toBe(5);
  of(asked({ a: '2' }));
  expect(counted.made).toBe(6);
});

test('what fails fails again', () => {
  const requests = new RememberedRequests();
  const wrong = (): ResolvedRequest => {
    throw new Error('no such parameter');
  };
  for (let time = 0; time < 2; time += 1) expect(() => requests.of(asked({ a: '1' }), wrong)).toThrow(/no such/);
});
