import { ERROR_CODES, ParqueueError, type ErrorCode } from '@parqueue/core';
import { expect, test } from 'vitest';
import { HttpRefusal, problemOf } from './problem.ts';

test.each(Object.keys(ERROR_CODES) as ErrorCode[])(
  '%s has a status, and says when to come back if that helps',
  (code) => {
    const { status, headers, body } = problemOf(new ParqueueError(code, 'what happened'), '/v1/x', 'r1');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).toMatchObject({
      status,
      code,
      instance: '/v1/x',
      requestId: 'r1',
      type: `urn:parqueue:error:${code}`,
    });
    expect(headers['retry-after'] !== undefined).toBe(ERROR_CODES[code].retryable);
  },
);

test('what is not ours is told without its words', () => {
  const { status, body } = problemOf(new Error('password=hunter2'), '/', 'r2');
  expect(status).toBe(500);
  expect(JSON.stringify(body)).not.toContain('hunter2');
  expect(body.detail).toContain('r2');
});

test('details are members of the problem and cannot change its own', () => {
  const { body } = problemOf(new ParqueueError('PQ_GONE', 'gone', { details: { status: 200, extra: 1 } }), '/', 'r');
  expect(body).toMatchObject({ status: 410, extra: 1 });
});

test('a known pause is rounded up to whole seconds', () => {
  const error = new ParqueueError('PQ_QUEUE_FULL', 'full', { details: { retryAfterMs: 1_200 } });
  expect(problemOf(error, '/', 'r').headers).toEqual({ 'retry-after': '2' });
});

test('refusals of the framework keep their status; 5xx of it do not tell their words', () => {
  const framework = (statusCode: number) => Object.assign(new Error('Unsupported Media Type'), { statusCode });
  expect(problemOf(framework(415), '/', 'r')).toMatchObject({ status: 415, body: { code: 'PQ_INVALID_REQUEST' } });
  expect(problemOf(framework(415), '/', 'r').body.detail).toContain('Content-Type: application/json');
  expect(problemOf(framework(413), '/', 'r')).toMatchObject({ status: 413, body: { code: 'PQ_LIMIT_EXCEEDED' } });
  expect(problemOf(framework(503), '/', 'r').status).toBe(500);
  expect(
    problemOf(new HttpRefusal(405, 'PQ_INVALID_REQUEST', 'no', { headers: { allow: 'GET' } }), '/', 'r'),
  ).toMatchObject({ status: 405, headers: { allow: 'GET' } });
});

test('every 401 carries a challenge', () => {
  expect(problemOf(new ParqueueError('PQ_UNAUTHENTICATED', 'who?'), '/', 'r').headers['www-authenticate']).toMatch(
    /^Bearer/,
  );
});

test('a name in the URL that is too long is beyond a limit, as a body is', () => {
  const tooLong = Object.assign(new URIError('exceeding the max param length'), { statusCode: 414 });
  expect(problemOf(tooLong, '/v1/entries', 'r4').body).toMatchObject({ status: 414, code: 'PQ_LIMIT_EXCEEDED' });
});
