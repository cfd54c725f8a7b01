/** What of `cached` is the client's surface. */
export { Cached, type CachedOptions } from './cached.ts';
export { currentLoad, type CurrentLoad } from './current-load.ts';
export type {
  Binds,
  BindsOf,
  BindType,
  BindTypes,
  CachedCall,
  CachedDataset,
  CachedQuery,
  Fetched,
  NoBinds,
  Params,
} from './query-types.ts';
export type {
  PinnedWrappedFile,
  RowOf,
  Rows,
  WrapCallOptions,
  WrapDecorator,
  WrapOptions,
  Wrapped,
  WrappedFile,
  WrappedInfo,
  Wrapping,
} from './wrap-types.ts';
