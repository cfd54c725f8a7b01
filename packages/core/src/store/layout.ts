/**
 * The names on disk, made and read in one place; docs/store-layout.md explains them. All paths are relative to the
 * store's root and '/' separated. Names from outside are checked here, so that no key can point out of the root.
 */
import { createHash } from 'node:crypto';
import { isCacheKey, shardOf } from '../model/cache-key.ts';
import { ParqueueError, assertInvariant } from '../model/errors.ts';
import { generationName } from '../model/generation.ts';
import { PART_NAME } from '../model/manifest.ts';
import { tickOfText, type Tick } from '../model/ticks.ts';
import type { StagingRef } from '../ports/store.ts';

export const IDENTITY_FILE = 'parqueue.json';
export const ENTRIES = 'entries';
export const EPOCHS = 'epochs';
export const TRASH = 'trash';
export const SCOPE_MARKS = 'not-before';
export const TOP_DIRECTORIES = [ENTRIES, EPOCHS, TRASH, SCOPE_MARKS] as const;

export const MANIFEST_NAME = 'manifest.json';
export const STAGING = 'staging';
/** Made and removed to change a directory before it is listed; never holds anything. */
export const TOUCH_NAME = '.touch';

/** Longest file name a scope may give, in bytes: 255 is the filesystems' limit, two ticks and the suffix need 42. */
const SCOPE_NAME_BYTES_MAX = 200;

export function shardDirectory(shard: string): string {
  assertInvariant(/^[0-9a-f]{2}$/.test(shard), 'a shard is two hex digits');
  return `${ENTRIES}/${shard}`;
}

/** @throws ParqueueError PQ_INVALID_REQUEST for what is not a cache key. */
export function keyDirectory(key: string): string {
  if (!isCacheKey(key)) {
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `${JSON.stringify(key.slice(0, 100))} is not a cache key: list the entries to find it`,
    );
  }
  return `${shardDirectory(shardOf(key))}/${key}`;
}

export function generationDirectory(key: string, fence: Tick): string {
  assertTick(fence);
  return `${keyDirectory(key)}/${generationName(fence)}`;
}

export function generationPart(key: string, fence: Tick): string {
  return `${keyDirectory(key)}/${partInKey(fence)}`;
}

/** The part's path below its key's directory, as head.json tells it. */
export function partInKey(fence: Tick): string {
  assertTick(fence);
  return `${generationName(fence)}/${PART_NAME}`;
}

export function stagingDirectory({ key, fence, fillId }: StagingRef): string {
  assertTick(fence);
  assertInvariant(/^[A-Za-z0-9_.-]{1,100}$/.test(fillId), 'a fillId is fit for a file name');
  return `${keyDirectory(key)}/${STAGING}/${fence}-${fillId}`;
}

/** What `stagingDirectory` named, or null where the name is of something else. */
export function stagingRefOf(key: string, name: string): StagingRef | null {
  const match = /^(0|[1-9][0-9]{0,15})-([A-Za-z0-9_.-]{1,100})$/.exec(name);
  const [, digits = '', fillId] = match ?? [];
  const fence = tickOfText(digits);
  return fence === null || fillId === undefined ? null : { key, fence, fillId };
}

export function headFile(key: string): string {
  return `${keyDirectory(key)}/head.json`;
}

export interface MarkTicks {
  readonly hard: Tick;
  readonly purge: Tick;
}

/** Where the marks of a target are, and how their names begin. A target is `key:KEY` or a scope. */
export function markPlace(target: string): { readonly directory: string; readonly prefix: string } {
  if (target.startsWith('key:')) return { directory: keyDirectory(target.slice('key:'.length)), prefix: 'not-before' };
  return { directory: SCOPE_MARKS, prefix: scopeName(target) };
}

export function markName(prefix: string, { hard, purge }: MarkTicks): string {
  assertTick(hard);
  assertTick(purge);
  return `${prefix}.${hard}-${purge}.json`;
}

export function markOfName(name: string): { readonly prefix: string; readonly ticks: MarkTicks } | null {
  const match = /^(.+)\.(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})\.json$/.exec(name);
  const [, prefix, hardDigits = '', purgeDigits = ''] = match ?? [];
  const [hard, purge] = [tickOfText(hardDigits), tickOfText(purgeDigits)];
  if (prefix === undefined || hard === null || purge === null) return null;
  return { prefix, ticks: { hard, purge } };
}

/**
 * A scope as a file name: readable where it fits, else its beginning and a hash. Two scopes never share a name: '~'
 * is escaped in the readable form. The scope itself is in the file.
 */
function scopeName(scope: string): string {
  assertInvariant(scope.isWellFormed() && scope.length > 0, 'a scope is text');
  const readable = encodeURIComponent(scope).replaceAll('~', '%7E');
  if (readable.length <= SCOPE_NAME_BYTES_MAX) return readable;
  const hash = createHash('sha256').update(scope).digest('hex').slice(0, 32);
  return `${readable.slice(0, SCOPE_NAME_BYTES_MAX - 33)}~${hash}`;
}

function assertTick(tick: Tick): void {
  assertInvariant(Number.isSafeInteger(tick) && tick >= 0, 'a tick is a whole number');
}
