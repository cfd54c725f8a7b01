import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import type { ApiKey } from './config.ts';
import { loadConfig } from './load.ts';
import type { ConfigProblem } from './problems.ts';

const HASHES = ['aa', 'bb', 'cc'].map((pair) => pair.repeat(32));
const load = (text: string): readonly ApiKey[] =>
  loadConfig(text, { path: '/etc/parqueue.yaml', env: {}, readFile: () => '' }).auth.apiKeys;
const key = (at: number, more = ''): string => `{ name: k${at}, sha256: ${HASHES[at]}, scopes: [read]${more} }`;

function problems(text: string): readonly string[] {
  try {
    load(text);
    return [];
  } catch (error) {
    if (!isParqueueError(error)) throw error;
    return (error.details['problems'] as ConfigProblem[]).map(({ path, message }) => `${path} ${message}`);
  }
}

describe('an API key', () => {
  it('takes its limits from auth.limits where it has none of its own; a burst goes with the rate beside it', () => {
    const keys = load(`auth:
  limits: { requestsPerSecond: 10, burst: 5, concurrent: 7 }
  apiKeys: [ ${key(0)}, ${key(1, ', limits: { requestsPerSecond: 0.25 }')}, ${key(2, ', limits: { burst: 9, concurrent: 1 }')} ]`);
    expect(keys.map(({ limits }) => limits)).toEqual([
      { requestsPerSecond: 10, burst: 5, concurrent: 7 },
      { requestsPerSecond: 0.25, burst: 1, concurrent: 7 },
      { requestsPerSecond: 10, burst: 9, concurrent: 1 },
    ]);
  });

  it('expires at an instant, or where a day begins, in UTC', () => {
    const keys = load(
      `auth: { apiKeys: [ ${key(0, ', expires: 2027-01-31')}, ${key(1, ', expires: "2027-01-31T02:00:00+02:00"')}, ${key(2)} ] }`,
    );
    const day = Date.UTC(2027, 0, 31);
    expect(keys.map(({ expiresAtMs }) => expiresAtMs)).toEqual([day, day, null]);
  });

  it('is refused with what has to be written', () => {
    expect(
      problems(`auth:
  limits: { requestsPerSecond: 0, concurrent: none }
  apiKeys: [ ${key(0, ', expires: 2027-02-30, limits: { perSecond: 1 }')} ]`),
    ).toEqual([
      'auth.limits.requestsPerSecond must be a number above 0 such as 50 or 0.5',
      'auth.limits.concurrent must be a whole number such as 1000 or 2e9',
      'auth.apiKeys[0].expires must be a date or time such as 2027-01-31 or 2027-01-31T12:00:00Z (UTC)',
      'auth.apiKeys[0].limits.perSecond is not known here; known: requestsPerSecond, burst, concurrent',
    ]);
  });
});
