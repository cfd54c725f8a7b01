/** Whose an error is. */
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, isCallersOwn, ParqueueError, toFailure, type ErrorCode } from './errors.ts';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const ownOf = (dataset: string | null): readonly ErrorCode[] =>
  codes.filter((code) => isCallersOwn(toFailure(new ParqueueError(code, 'trouble')), dataset));

describe('only who asked can mend', () => {
  test('a wish that cannot be met', () => {
    expect(ownOf('sales')).toEqual(['PQ_FORBIDDEN', 'PQ_NOT_CACHED', 'PQ_RATE_LIMITED', 'PQ_CANCELLED']);
  });

  test('a question of their own, and nothing of the source, the store or the service', () => {
    const some = [...ownOf('sales'), 'PQ_INVALID_REQUEST', 'PQ_SOURCE_REJECTED', 'PQ_UNTRACKABLE'];
    expect(ownOf(null)).toEqual(expect.arrayContaining(some));
    const ofService = /^PQ_(STORE|WORKER|COORDINATION|INTERNAL|CONFIG|QUEUE|FILL)|_(UNAVAILABLE|UNSTABLE|PAUSED)$/;
    expect(ownOf(null).filter((code) => ofService.test(code))).toEqual([]);
  });

  test.each([
    ['that the database calls transient', { retryable: true }],
    ['of the password, which is that of the source', { details: { database: 'ORA-28001', reason: 'credentials' } }],
  ])('no rejection %s', (_what, options) => {
    const rejected = new ParqueueError('PQ_SOURCE_REJECTED', 'not like this', options);
    expect(isCallersOwn(toFailure(rejected), null)).toBe(false);
  });
});
