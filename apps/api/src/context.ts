/** What the routes work with, put together once by server.ts. */
import type { Clock, RandomId, Tracer } from '@parqueue/core';
import type { Catalog, Config } from '@parqueue/core/config';
import type { FileStore, StoreReach } from '@parqueue/core/store';
import type { Logger } from 'pino';
import type { AskTally } from './ask-tally.ts';
import type { Gatekeeper } from './auth.ts';
import type { ConversionPool } from './conversions/conversion-pool.ts';
import type { CoordinationLink } from './coordination-link.ts';
import type { DatasetFacts } from './dataset-facts.ts';
import type { DegradedMode } from './degraded.ts';
import type { SendMemory } from './http/send-memory.ts';
import type { ApiMetrics } from './metrics.ts';
import type { PartLayouts } from './part-layouts.ts';

export interface ApiContext {
  readonly config: Config;
  readonly version: string;
  readonly catalog: Catalog;
  readonly store: FileStore;
  readonly storeReach: StoreReach;
  readonly layouts: PartLayouts;
  readonly sendMemory: SendMemory;
  readonly link: CoordinationLink;
  readonly degraded: DegradedMode;
  readonly conversions: ConversionPool;
  readonly asks: AskTally;
  readonly datasetFacts: DatasetFacts;
  readonly gatekeeper: Gatekeeper;
  readonly metrics: ApiMetrics;
  /** null: traces are off. */
  readonly tracer: Tracer | null;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly log: Logger;
  /** Aborts when the process gave up waiting for its callers to finish. */
  readonly stopping: AbortSignal;
}
