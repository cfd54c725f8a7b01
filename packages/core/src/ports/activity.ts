/** What happens in the cache: jobs that move, and heads that do. For people who watch; it decides nothing. */
import type { EvictedHead } from './entries.ts';
import type { Head } from '../model/generation.ts';

/** Where a watcher is, in every stream it reads. Opaque. */
export interface ActivityPosition {
  readonly since: string;
  readonly read: Readonly<Record<string, string>>;
}

/** A key has another generation now. */
export interface HeadChange {
  /** Grows from change to change: `<milliseconds>-<number>`, by Redis's clock. */
  readonly id: string;
  readonly key: string;
  readonly head: Head;
}

/** A key has no generation any more: gc retired its head. */
export interface HeadGone {
  /** As of a change. */
  readonly id: string;
  readonly key: string;
  readonly head: null;
  readonly evicted: EvictedHead;
}

export interface Happened {
  readonly position: ActivityPosition;
  /** Something happened to these jobs, each told once. */
  readonly jobIds: readonly string[];
  /** Oldest first; of a key that changed several times only the last, as it is now. */
  readonly changes: readonly (HeadChange | HeadGone)[];
}

export interface Activity {
  /** From now on. */
  start(): Promise<ActivityPosition>;
  /** What happened since, as much as is told at once; the position tells what was. */
  since(position: ActivityPosition): Promise<Happened>;
  /** Changes of heads behind an id. Not `complete` where older ones or the id's own are forgotten by now, or more happened than is told at once: then the latest are. Who asks at the same time shares one look. */
  changesAfter(id: string): Promise<Pick<Happened, 'changes'> & { readonly complete: boolean }>;
}
