/** How a contract suite holds an implementation of the coordination ports. */
import type { Heads, Leases, Pins, Reconciler, Retirement, Ticks } from '../ports/coordination.ts';
import type { Cooling } from '../ports/cooling.ts';
import type { NotedReads } from '../ports/noted-reads.ts';
import type { Parts } from '../ports/parts.ts';
import type { Eviction, Usage } from '../ports/retention.ts';
import type { EpochRegister } from '../ports/epochs.ts';

export interface CoordinationPorts {
  readonly register: EpochRegister;
  readonly heads: Heads;
  readonly leases: Leases;
  readonly ticks: Ticks;
  readonly parts: Parts;
  readonly cooling: Cooling;
  readonly pins: Pins;
  readonly notedReads: NotedReads;
  readonly retirement: Retirement;
  readonly eviction: Eviction;
  readonly usage: Usage;
  readonly reconciler: Reconciler;
}

/** Every harness limits the pins of a key to so many, so that a story can reach the limit. */
export const PINS_PER_KEY_MAX_UNDER_TEST = 1;

/** Ages the data instead of waiting: each method writes the past into what is there. */
export interface CoordinationHarness {
  readonly ports: CoordinationPorts;
  readonly storeId: string;
  /** Another process over the same memory. */
  another(): Promise<CoordinationPorts>;
  ageLease(key: string): Promise<void>;
  agePin(key: string, pinId: string): Promise<void>;
  /** The announcement of a probe of this part is believed no longer. */
  ageRunning(asked: string, target: string): Promise<void>;
  /** The source's cool-down, or the time of its trial, is over. */
  ageCooling(source: string): Promise<void>;
  /** All reads noted under the name began, and were last used, so much earlier. */
  ageNoted(name: string, byMs: number): Promise<void>;
  /** What the fill reserved is believed no longer. */
  ageReservation(fillId: string): Promise<void>;
  /** The time is over for which it was to be remembered. */
  ageOutgrown(key: string): Promise<void>;
  ageRetired(key: string, fence: number, byMs: number): Promise<void>;
  /** All data are gone, the process stays: FLUSHALL. */
  forget(): Promise<void>;
  close(): Promise<void>;
}
