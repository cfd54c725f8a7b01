/**
 * What an invalidation concerns: entries that have a head, and fills under way. A fill has a lease before it has
 * anything else, so first fills of keys without a head are found by their leases.
 */
import { SHARDS } from './model/cache-key.ts';
import type { Scope } from './model/request.ts';
import type { Head } from './model/generation.ts';
import { epochOf, type Tick } from './model/ticks.ts';
import type { Heads, LeasedFill, Leases, MarkTarget, Retirement } from './ports/coordination.ts';
import type { Entries, EntryFilter, EntrySummary } from './ports/entries.ts';
import type { GenerationReader, KeyDirectories } from './ports/store.ts';

export interface ReachDeps {
  readonly heads: Pick<Heads, 'look'>;
  readonly leases: Pick<Leases, 'list'>;
  readonly entries: Pick<Entries, 'list'>;
  readonly retirement: Pick<Retirement, 'gate'>;
  readonly directories: Pick<KeyDirectories, 'keys' | 'list'>;
  readonly reader: Pick<GenerationReader, 'inspect'>;
  /** The scopes of the request that filled the generation. */
  readonly scopesOf: (of: {
    readonly key: string;
    readonly head: Pick<Head, 'fence' | 'source' | 'dataset'>;
  }) => Promise<readonly Scope[]>;
}

export interface Marked {
  readonly target: MarkTarget;
  readonly tick: Tick;
}

const PAGE_KEYS = 500;
/** Manifests read at a time. */
const SCOPES_AT_ONCE = 16;

/** An entry with the fence of its head. */
export interface ReachedEntry {
  readonly key: string;
  readonly fence: Tick;
}

/** Entries that the targets name, once each. */
export async function entriesUnder(targets: readonly MarkTarget[], deps: ReachDeps): Promise<readonly ReachedEntry[]> {
  const [first = ''] = targets;
  const key = /^key:(.+)$/.exec(first)?.[1];
  if (key !== undefined) {
    const { head } = await deps.heads.look({ key, scopes: [], probeTargets: [] }, null);
    return head === null ? [] : [{ key, fence: head.fence }];
  }
  const [dataset = null, ...alike] = targets.flatMap((target) => datasetOf(target) ?? []);
  const source = /^(?:source:(.+)|table:([^/]+)\/.+)$/.exec(first)?.slice(1).find(Boolean) ?? null;
  const found: ReachedEntry[] = [];
  for await (const page of pages({ prefix: '', dataset, alike }, deps)) {
    const own = source === null ? page : page.filter(({ head }) => head.source === source);
    const reached = first.startsWith('table:') ? await reading(own, targets, deps) : own;
    found.push(...reached.map(({ key: reachedKey, head }) => ({ key: reachedKey, fence: head.fence })));
  }
  return found;
}

/** null: the target is no dataset. */
export function datasetOf(target: MarkTarget): string | null {
  return /^dataset:(.+)$/.exec(target)?.[1] ?? null;
}

/** Of the entries, those whose request reads one of the tables; or all, where the whole source is a target. */
async function reading(
  entries: readonly EntrySummary[],
  targets: readonly MarkTarget[],
  { scopesOf }: ReachDeps,
): Promise<readonly EntrySummary[]> {
  const found: EntrySummary[] = [];
  for (let at = 0; at < entries.length; at += SCOPES_AT_ONCE) {
    const some = entries.slice(at, at + SCOPES_AT_ONCE);
    const scopes = await Promise.all(some.map(scopesOf));
    found.push(...some.filter((_, i) => scopes[i]?.some((scope) => targets.includes(scope))));
  }
  return found;
}

/**
 * Keys of the store that Redis was not compared with yet, where the newest whole generation is of one of the targets: they
 * become entries later, with no mark of their own. Asked after the targets were marked, before entries are listed; once
 * the comparison is complete there are none.
 */
export async function unknownUnder(targets: readonly MarkTarget[], deps: ReachDeps): Promise<readonly string[]> {
  const { retirement, directories } = deps;
  if ((await retirement.gate()).reconciledAtMs !== null) return [];
  const found: string[] = [];
  for (const shard of SHARDS) {
    const keys = await directories.keys(shard);
    for (let at = 0; at < keys.length; at += SCOPES_AT_ONCE) {
      const some = keys.slice(at, at + SCOPES_AT_ONCE);
      const scopes = await Promise.all(some.map((key) => scopesOnStore(key, deps)));
      found.push(...some.filter((_, i) => scopes[i]?.some((scope) => targets.includes(scope))));
    }
  }
  return found;
}

async function scopesOnStore(key: string, { directories, reader, scopesOf }: ReachDeps): Promise<readonly Scope[]> {
  const { generations } = await directories.list(key);
  for (const fence of generations.toSorted((a, b) => b - a)) {
    const inspection = await reader.inspect(key, fence);
    if (inspection.kind !== 'whole') continue;
    const { source, dataset } = inspection.manifest;
    return await scopesOf({ key, head: { fence, source, dataset } });
  }
  return [];
}

/** Fills that began before one of the marks that is about them, once each: nobody who comes after the mark is satisfied by them. */
export function fillsUnder(marks: readonly Marked[], fills: readonly LeasedFill[]): readonly LeasedFill[] {
  return [...new Map(fills.map((fill) => [fill.fence, fill])).values()].filter(({ key, fence, scopes }) =>
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
      if (key.startsWith(prefix) && !found.has(key))
        found.set(key, { key, dataset: undefined, entry: true, fill: false });
    }
  }
  return [...found.values()];
}

/** With those that are purged: a purge that broke off half-way is completed by the next one. */
async function* pages(
  { prefix, dataset, alike = [] }: Pick<EntryFilter, 'prefix' | 'dataset' | 'alike'>,
  { entries }: ReachDeps,
): AsyncGenerator<readonly EntrySummary[]> {
  let after: string | null = null;
  do {
    const page = await entries.list({ prefix, dataset, alike, limit: PAGE_KEYS, after, withPurged: true });
    yield page.entries;
    after = page.next;
  } while (after !== null);
}
