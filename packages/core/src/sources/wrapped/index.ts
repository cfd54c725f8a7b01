/** Wrapped functions: functions of an application's own as sources, in the application's process. */
export { Calls, type LoadContext, type WrappedCall } from './calls.ts';
export { canonicalArguments, canonicalValue } from './canonical.ts';
export { FileThread } from '../../parquet/thread/file-thread.ts';
export { Frames } from './frames.ts';
export { stopped, untilAborted } from './interruptible.ts';
export { declaredColumns } from './row-columns.ts';
export { WrappedSource, type WrappedSourceOptions } from './wrapped-source.ts';
