/**
 * Cache-Control of RFC 9111: what a request says becomes a wish that the catalog bounds by the dataset's policy; what
 * an answer says repeats the policy to caches on the way.
 */
import type { FreshnessPolicy } from '@parqueue/core';
import type { FreshnessWish } from '@parqueue/core/config';

export interface RequestDirectives {
  readonly wish: FreshnessWish;
  /** Answer from the cache or not at all. */
  readonly onlyIfCached: boolean;
}

const NO_DIRECTIVES: RequestDirectives = {
  wish: { noCache: undefined, maxAgeMs: undefined, maxStaleMs: undefined },
  onlyIfCached: false,
};

export function readCacheControl(header: string | undefined): RequestDirectives {
  if (header === undefined) return NO_DIRECTIVES;
  const directives = new Map<string, string>();
  for (const part of header.split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((side) => side.trim());
    if (name !== '') directives.set(name.toLowerCase(), value.replaceAll('"', ''));
  }
  return {
    wish: {
      noCache: directives.has('no-cache') || directives.has('no-store') ? true : undefined,
      maxAgeMs: millis(directives.get('max-age')),
      maxStaleMs: directives.get('max-stale') === '' ? Infinity : millis(directives.get('max-stale')),
    },
    onlyIfCached: directives.has('only-if-cached'),
  };
}

/** For a URL whose content moves. `audience`: answers given to a key's holder must not be shared by proxies. */
export function answerCacheControl(policy: FreshnessPolicy, audience: 'public' | 'private'): string {
  if (policy.maxAgeMs < 1000) return `${audience}, no-cache`;
  const windows = [
    `max-age=${seconds(policy.maxAgeMs)}`,
    ...(policy.staleWhileRevalidateMs >= 1000
      ? [`stale-while-revalidate=${seconds(policy.staleWhileRevalidateMs)}`]
      : []),
    ...(policy.staleIfErrorMs >= 1000 ? [`stale-if-error=${seconds(policy.staleIfErrorMs)}`] : []),
  ];
  return [audience, ...windows].join(', ');
}

/** A year is the customary "for ever" of caches. */
export function immutableCacheControl(audience: 'public' | 'private'): string {
  return `${audience}, max-age=31536000, immutable`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function millis(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) * 1000 : undefined;
}
