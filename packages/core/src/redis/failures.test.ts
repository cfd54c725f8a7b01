/** Which replies of Redis mean that it does not serve, in the words of its versions. */
import { describe, expect, test } from 'vitest';
import { coordinationFailure, replyBehind } from './failures.ts';

function replied(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return error;
}

describe('a command that Redis refuses within a script', () => {
  const told = "OOM command not allowed when used memory > 'maxmemory'.";

  test.each([
    ['7', `${told} script: 7d1fd7bd1a6d1d4e1a6e4d2e0a0b0c0d0e0f0a0b, on @user_script:12.`],
    ['6.2', `ERR Error running script (call to f_7d1f): @user_script:12: @user_script: 12: -${told}`],
    ['6.2, of a replica', "ERR Error running script (call to f_7d1f): @user_script:3: -READONLY You can't write"],
  ])('is one that does not serve now (Redis %s)', (_version, message) => {
    const failure = coordinationFailure(replied(message), 'redis://host');
    expect(failure).toMatchObject({ code: 'PQ_COORDINATION_DOWN', retryable: true });
    expect(replyBehind(failure)).toMatch(/^(OOM|READONLY) /);
  });

  test('a defect of a script is none of that', () => {
    const defect = replied('ERR Error running script (call to f_7d1f): @user_script:12: attempt to index nil');
    expect(coordinationFailure(defect, 'redis://host')).toBe(defect);
    expect(replyBehind(defect)).toBeNull();
  });
});
