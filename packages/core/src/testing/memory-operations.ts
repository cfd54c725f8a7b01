/** What a store in memory does, by name: where a simulation schedules and a test lets it fail. */
export type MemoryOperation =
  | 'stage'
  | 'writePart'
  | 'seal'
  | 'describe'
  | 'publish'
  | 'discard'
  | 'inspect'
  | 'verify'
  | 'distrust'
  | 'list'
  | 'keys'
  | 'moveToTrash'
  | 'removeEmpty'
  | 'emptyTrash'
  | 'glance'
  | 'free'
  | 'stagedBytes'
  | 'generationBytes'
  | 'readHead'
  | 'writeHead'
  | 'clearHead'
  | 'readMark'
  | 'readMarks'
  | 'raiseMark'
  | 'latestEpoch'
  | 'claimEpoch'
  | 'scopeMarks';

/** Awaited at the start of every operation: the scheduling point. What it throws, the operation throws. */
export type BeforeOperation = (name: MemoryOperation, details: Readonly<Record<string, unknown>>) => Promise<void>;
