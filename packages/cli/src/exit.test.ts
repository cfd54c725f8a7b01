import { ParqueueHttpError } from '@parqueue/client';
import { expect, test } from 'vitest';
import { EXIT, explainError, UsageError } from './exit.ts';

const refused = (code: string, status: number, message = 'no') =>
  new ParqueueHttpError(message, { code, status, retryable: false, retryAfterMs: null, details: {} });

test('what a server refused has the exit of its code, and of its status where the code is not known here', () => {
  for (const [code, status, exit] of [
    ['PQ_UNKNOWN_DATASET', 404, EXIT.notFound],
    ['PQ_FORBIDDEN', 403, EXIT.failed],
    ['PQ_RATE_LIMITED', 429, EXIT.unavailable],
    ['PQ_OF_A_LATER_RELEASE', 410, EXIT.notFound],
    ['PQ_OF_A_LATER_RELEASE', 503, EXIT.unavailable],
    ['PQ_OF_A_LATER_RELEASE', 500, EXIT.failed],
  ] as const)
    expect([code, status, explainError(refused(code, status))]).toEqual([code, status, { exit, code, message: 'no' }]);
});

test('who sent no key, or a wrong one, hears how one is given to this command', () => {
  const { exit, message } = explainError(refused('PQ_UNAUTHENTICATED', 401, 'send an API key'));
  expect([exit, message]).toEqual([EXIT.failed, 'send an API key (--key or PARQUEUE_API_KEY gives it here)']);
});

test('a message of several lines is one line, and a mistake in the call is told as such', () => {
  expect(explainError(refused('PQ_SOURCE_REJECTED', 502, 'ORA-00942\n  at line 1')).message).toBe(
    'ORA-00942 · at line 1',
  );
  expect(explainError(new UsageError('name one thing'))).toEqual({
    exit: EXIT.usage,
    code: 'USAGE',
    message: 'name one thing',
  });
});
