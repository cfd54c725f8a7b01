/** The TypeScript client of Parqueue. Loads nothing but itself: Arrow and the file system come when they are needed. */
export { Answer } from './answer.ts';
export type { Sleep } from './ambient.ts';
export type { CacheStats } from './cache/client-cache.ts';
export { Parqueue, type GetOptions } from './client.ts';
export * from './cached/index.ts';
export type * from './client-options.ts';
export type {
  AnswerInfo,
  As,
  BatchesOptions,
  BytesOptions,
  CacheMode,
  Fetch,
  FetchBase,
  FetchBatches,
  FetchedFile,
  FetchOptions,
  FileOptions,
  FormOptions,
  PathOptions,
  PinnedFile,
  Progress,
  QuestionLike,
  Row,
  RowsOptions,
  RowValue,
  TableOptions,
  WindowOptions,
} from './fetch/options.ts';
export type { SignalOption } from './management.ts';
export { isParqueueHttpError, ParqueueHttpError, type ClientErrorCode, type ParqueueHttpErrorInit } from './problem.ts';
export type { TransportOptions } from './transport.ts';
export type * from './types.ts';
