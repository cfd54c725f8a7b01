/**
 * What an invalidation concerns: entries that have a head, and fills under way. A fill has a lease before it has
 * anything else, so first fills of keys without a head are found by their leases.
 */
import { SHARDS } from './model/cache-key.ts';
import type { Scope } from './model/request.ts';
import { epochOf, type Tick } from './model/ticks.ts';
import type { Heads, LeasedFill, Leases, MarkTarget, Retirement } from './ports/coordination.ts';
import type { Entries, EntrySummary } from './ports/entries.ts';
import type { KeyDirectories } from './ports/store.ts';

export interface ReachDeps {
  readonly heads: Pick<Heads, 'look'>;
  readonly leases: Pick<Leases, 'list'>;
  readonly entries: Pick<Entries, 'list'>;
  readonly retirement: Pick<Retirement, 'gate'>;
  readonly directories: Pick<KeyDirectories, 'keys'>;
  /** The scopes of the request that filled the entry. */
  readonly scopesOf: (entry: Pick<EntrySummary, 'key' | 'head'>) => Promise<readonly Scope[]>;
}

export interface Marked {
  readonly target: MarkTarget;
  readonly tick: Tick;
}

const PAGE_KEYS = 500;
/** Manifests read at a time. */
const SCOPES_AT_ONCE = 16;

/** Keys of entries that the targets name, once each. */
export async function entriesUnder(targets: readonly MarkTarget[], deps: ReachDeps): Promise<readonly string[]> {
  const [first = ''] = targets;
  const key = /^key:(.+)$/.exec(first)?.[1];
  if (key !== undefined) {
    const { head } = await deps.heads.look({ key, scopes: [], probeTargets: [] }, null);
    return head === null ? [] : [key];
  }
  const dataset = /^dataset:(.+)$/.exec(first)?.[1] ?? null;
  const source = /^(?:source:(.+)|table:([^/]+)\/.+)$/.exec(first)?.slice(1).find(Boolean) ?? null;
  const found: string[] = [];
  for await (const page of pages({ prefix: '', dataset }, deps)) {
    const own = source === null ? page : page.filter(({ head }) => head.source === source);
    found.push(...(first.startsWith('table:') ? await reading(own, targets, deps) : own.map((entry) => entry.key)));
  }
  return found;
}

/** Of the entries, those whose request reads one of the tables; or all, where the whole source is a target. */
async function reading(
  entries: readonly EntrySummary[],
  targets: readonly MarkTarget[],
  { scopesOf }: ReachDeps,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = 0; at < entries.length; at += SCOPES_AT_ONCE) {
    const some = entries.slice(at, at + SCOPES_AT_ONCE);
    const scopes = await Promise.all(some.map(scopesOf));
    found.push(...some.flatMap(({ key }, i) => (scopes[i]?.some((scope) => targets.includes(scope)) ? [key] : [])));
  }
  return found;
}

/** Fills that began before one of the marks that is about them: nobody who comes after the mark is satisfied by them. */
export function fillsUnder(marks: readonly Marked[], fills: readonly LeasedFill[]): readonly LeasedFill[] {
  return fills.filter(({ key, fence, scopes }) =>
    marks.some(
      ({ target, tick }) =>
        fence <= tick && epochOf(fence) === epochOf(tick) && (target === `key:${key}` || scopes.includes(target)),
    ),
  );
}

/** What of an entry tells whether its invalidation is wanted. */
export interface PrefixedKey {
  readonly key: string;
  /** null: it has none. Undefined: Redis does not know the key yet. */
  readonly dataset: string | null | undefined;
  readonly entry: boolean;
  readonly fill: boolean;
}

/**
 * Keys that begin with the prefix and have a head or a fill under way. Leases are read first: a fill that has its first
 * commit in between is found as an entry. While Redis was not compared with the store, keys of the store count as entries.
 */
export async function keysWith(prefix: string, deps: ReachDeps): Promise<readonly PrefixedKey[]> {
  const { leases, retirement, directories } = deps;
  const found = new Map<string, PrefixedKey>();
  for (const { key, scopes } of await leases.list()) {
    if (!key.startsWith(prefix)) continue;
    const dataset = scopes.find((scope) => scope.startsWith('dataset:'))?.slice('dataset:'.length) ?? null;
    found.set(key, { key, dataset, entry: false, fill: true });
  }
  const { reconciledAtMs } = await retirement.gate();
  for await (const page of pages({ prefix, dataset: null }, deps)) {
    for (const { key, head } of page)
      found.set(key, { key, dataset: head.dataset, entry: true, fill: found.get(key)?.fill ?? false });
  }
  if (reconciledAtMs !== null) return [...found.values()];
  for (const shard of SHARDS) {
    for (const key of await directories.keys(shard)) {
      if (key.startsWith(prefix) && !found.has(key)) found.set(key, { key, dataset: undefined, entry: true, fill: false });
    }
  }
  return [...found.values()];
}

async function* pages(
  { prefix, dataset }: { readonly prefix: string; readonly dataset: string | null },
  { entries }: ReachDeps,
): AsyncGenerator<readonly EntrySummary[]> {
  let after: string | null = null;
  do {
    const page = await entries.list({ prefix, dataset, limit: PAGE_KEYS, after });
    yield page.entries;
    after = page.next;
  } while (after !== null);
}
