/** A weather to sail in: who takes part, what goes wrong, and how often. */
import type { Faults } from './world.ts';

export interface Profile {
  readonly name: string;
  /** No faults: then nobody is refused, and each state of a source is loaded once. */
  readonly calm: boolean;
  /** Sources, Redis and its replies never fail, whatever else does: then nobody is refused either. */
  readonly sound?: true;
  /** Entries: files, and statements by the tables and views they name. */
  readonly keys: number;
  readonly statements?: readonly string[];
  readonly asks: number;
  /** Chance per step that somebody asks, where it is to be less than usual: heads that are always pinned never go. */
  readonly askChance?: number;
  /** Age that one in four callers allows; little, if it is not told: where many take turns, hardly anything is so young. */
  readonly maxAgeMs?: number;
  readonly workers: number;
  readonly leaseTtlMs: number;
  /** How long what is no longer the head stays, and how long pins last: far less than a run, if it is not told. */
  readonly graceMs?: number;
  readonly pinTtlMs?: number;
  /** Bytes of the store. A part takes some seventy. */
  readonly quotaBytes?: number;
  /** No load is lost after it was published: then what is there never passes the quota. */
  readonly keepsQuota?: true;
  /** One entry more, whose result takes so much: none that the store could hold. */
  readonly greedyBytes?: number;
  /** Beside every ask its API process reads as one that is cut off from Redis would. */
  readonly cutOff?: true;
  /** Callers of one API process share looks as in the program; most of them take no pin, and replies are on their way for a while. */
  readonly sharedLooks?: true;
  readonly faults: Faults;
  /** Chance per step that the nemesis acts, and what it may do. */
  readonly nemesis: number;
  readonly deeds: readonly Deed[];
}

export type Deed =
  | 'change'
  | 'revert'
  | 'crash'
  | 'stall'
  | 'restart-redis'
  | 'rollback-redis'
  | 'flush-redis'
  | 'source-down'
  | 'source-up'
  | 'soft'
  /** Of a table: it reaches the views that read it. */
  | 'mark-table'
  /** A refresh of all entries is due at a worker. */
  | 'refresh'
  /** By the beginning of their keys: entries, and first loads under way. */
  | 'mark-prefix'
  | 'hard'
  | 'purge'
  | 'gc'
  /** A collection under a quota that leaves room for one head, or for none. */
  | 'make-room'
  /** Nobody does anything until the pins of all readers have ended; then such a collection. */
  | 'lull'
  /** The next collector dies after it was given leave to remove, or after a head was retired. */
  | 'gc-dies'
  /** The next collector stalls before it retires a head that it has looked at, or before it renames what it may remove. */
  | 'late-eviction'
  | 'late-removal'
  /** Redis forgets while the next collector stalls before its rename. */
  | 'forget-under-removal'
  | 'damage'
  | 'lose-jobs'
  /** FLUSHALL: the process stays, and with it its run_id. */
  | 'clear-redis'
  /** The next holder stalls before it stages and opens its snapshot, or before its last rows. */
  | 'late-snapshot'
  | 'slow-rows'
  /** The next probe stalls before or after it takes its tick, or after it asked the source. */
  | 'late-probe'
  /** The next probe stalls before it reads what others found. */
  | 'late-reading'
  /** The next commit stalls after its generation was published. */
  | 'late-commit'
  /** Redis forgets while the next durable mark is on its way to the store. */
  | 'forget-under-mark'
  /** Somebody stalls between claiming an epoch and opening it, and Redis is cleared meanwhile. */
  | 'late-opening';
