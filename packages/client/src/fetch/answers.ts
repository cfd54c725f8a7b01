/** What a caller says about age, and what it is told about an answer. */
import { ageSeconds, type Facts } from '../cache/kept.ts';
import type { Freshness } from '../types.ts';
import type { AnswerInfo, FetchBase } from './options.ts';

/** Of the options of `fetch`, what decides about bytes. */
export type ByteOptions = {
  readonly [Name in 'freshness' | 'signal' | 'onWait' | 'maxAge' | 'cache' | 'onProgress' | 'onAnswer']?:
    | FetchBase[Name]
    | undefined;
};

/**
 * The server is asked for no older rows than this client would take from itself; a reload proves them now.
 * @throws TypeError where `maxAge` is no number of seconds
 */
export function freshnessOf({
  freshness = {},
  maxAge,
  cache,
}: Pick<ByteOptions, 'freshness' | 'maxAge' | 'cache'>): Freshness {
  if (cache === 'reload') return { ...freshness, noCache: true };
  if (maxAge !== undefined && !(maxAge >= 0)) throw new TypeError('maxAge must be a number of seconds, 0 or more');
  if (maxAge === undefined || freshness.maxAge !== undefined || !Number.isFinite(maxAge)) return freshness;
  return { ...freshness, maxAge: Math.floor(maxAge) };
}

export function infoOf(facts: Facts, nowMs: number, origin: Pick<AnswerInfo, 'from' | 'verified'>): AnswerInfo {
  const { key, generation, version, etag, cacheStatus } = facts;
  const age = Math.max(0, ageSeconds(facts, nowMs) ?? 0);
  return { key, generation, version, etag, cacheStatus, ageSeconds: age, ...origin };
}
