/** The codes that kinds of routes can answer with. What is not promised here is a defect, and a test says so. */
import type { ErrorCode } from '@parqueue/core';

/** Of a question: refused by the catalog, by the source, by the load, or by what a load needs. */
export const ASK_ERRORS = [
  'PQ_INVALID_REQUEST',
  'PQ_UNKNOWN_DATASET',
  'PQ_UNKNOWN_SOURCE',
  'PQ_NOT_FOUND',
  'PQ_SOURCE_UNSTABLE',
  'PQ_CANCELLED',
  'PQ_LIMIT_EXCEEDED',
  'PQ_UNTRACKABLE',
  'PQ_UNSUPPORTED_TYPE',
  'PQ_VALUE_OUT_OF_RANGE',
  'PQ_MALFORMED_SOURCE',
  'PQ_QUEUE_FULL',
  'PQ_RATE_LIMITED',
  'PQ_SOURCE_REJECTED',
  'PQ_SOURCE_UNAVAILABLE',
  'PQ_SOURCE_PAUSED',
  'PQ_STORE_IO',
  'PQ_STORE_FULL',
  'PQ_COORDINATION_DOWN',
  'PQ_WORKER_CRASHED',
  'PQ_FILL_TIMEOUT',
  'PQ_NOT_CACHED',
] as const satisfies readonly ErrorCode[];

/** Of a question whose Parquet is read in ranges. */
export const READ_ERRORS = [...ASK_ERRORS, 'PQ_GENERATION_CHANGED'] as const satisfies readonly ErrorCode[];

/** Of an entry by its key. */
export const ENTRY_ERRORS = ['PQ_NOT_FOUND', 'PQ_COORDINATION_DOWN'] as const satisfies readonly ErrorCode[];

/** Of stored rows by key: nothing is loaded for them. */
export const STORED_ERRORS = [...ENTRY_ERRORS, 'PQ_INVALID_REQUEST', 'PQ_GONE'] as const satisfies readonly ErrorCode[];

/** Of rows that are converted while they are sent, or held by a pin meanwhile. */
export const SENDING_ERRORS = [
  'PQ_LIMIT_EXCEEDED',
  'PQ_UNSUPPORTED_TYPE',
  'PQ_RATE_LIMITED',
  'PQ_STORE_IO',
] as const satisfies readonly ErrorCode[];
