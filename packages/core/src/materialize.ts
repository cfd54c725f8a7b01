/**
 * What a worker thread does for one fill: from an open snapshot of the source to a published generation (I2, I4, I5).
 * It holds no authority (I10): what it publishes is garbage until the main thread commits it.
 */
import { isParqueueError, toFailure, ParqueueError } from './model/errors.ts';
import { MANIFEST_FORMAT, PART_NAME, type Manifest } from './model/manifest.ts';
import type { Clock } from './ports/clock.ts';
import type { Extract, Memo, Snapshot, Source } from './ports/source.ts';
import type { GenerationReader, GenerationWriter, SealedPart, Staging } from './ports/store.ts';
import type { FillReport, FillTask, WorkContext } from './ports/work.ts';

export interface MaterializeDeps {
  readonly source: Source;
  readonly memo: Memo;
  readonly writer: GenerationWriter;
  readonly reader: GenerationReader;
  readonly clock: Clock;
  readonly host: string;
  /** Name and release of the program, for the manifest. */
  readonly program: string;
  readonly context: WorkContext;
}

/** Never rejects for what the source or the store refuse: that is a report of kind `failed`. */
export async function materialize(task: FillTask, deps: MaterializeDeps): Promise<FillReport> {
  try {
    return await fillOrUnchanged(task, deps);
  } catch (error) {
    if (deps.context.signal.aborted && !isParqueueError(error)) {
      return {
        kind: 'failed',
        failure: toFailure(new ParqueueError('PQ_CANCELLED', 'the fill was stopped', { cause: error })),
      };
    }
    return { kind: 'failed', failure: toFailure(error) };
  }
}

async function fillOrUnchanged(task: FillTask, deps: MaterializeDeps): Promise<FillReport> {
  const { source, memo, context } = deps;
  const { signal, onProgress, onStep, onStatement } = context;
  signal.throwIfAborted();
  // Before the snapshot: what nothing is staged for has no rows of before, so that marks may go with an empty directory.
  const staging = await deps.writer.stage(task.request.key, task.fence, task.fillId);
  let isPublished = false;
  try {
    await using snapshot = await source.open(task.request.canonical, {
      signal,
      memo,
      limits: task.request.limits,
      onProgress,
      // The version of a fill is that of its own snapshot.
      known: {},
      onFirstBatch: () => onStep('first-batch'),
      ...(onStatement === undefined ? {} : { onStatement }),
    });
    await onStep('snapshot-opened');
    if (await isUnchanged(task, snapshot, deps)) return { kind: 'unchanged', version: await snapshot.version() };
    const manifest = await stageAndPublish(task, { snapshot, staging, deps });
    isPublished = true;
    return { kind: 'published', manifest };
  } finally {
    // The staging directory is ours alone; a failure to remove it is left to the sweep.
    if (!isPublished) await deps.writer.discard(staging).catch(() => undefined);
  }
}

/** The head may be kept only if it shows this version and its files are still what was committed. */
async function isUnchanged(
  { current, request }: FillTask,
  snapshot: Snapshot,
  { reader }: MaterializeDeps,
): Promise<boolean> {
  if (current === null || (await snapshot.version()) !== current.version) return false;
  return (await reader.inspect(request.key, current.fence)).kind === 'whole';
}

interface StagedWork {
  readonly snapshot: Snapshot;
  readonly staging: Staging;
  readonly deps: MaterializeDeps;
}

async function stageAndPublish(task: FillTask, { snapshot, staging, deps }: StagedWork): Promise<Manifest> {
  const { writer, context } = deps;
  const extract = await snapshot.extract({ path: staging.partPath });
  context.onProgress({ phase: 'syncing', rows: extract.rows, bytes: 0, bytesTotal: null });
  const sealed = await writer.seal(staging);
  await context.onStep('part-synced');
  const manifest = manifestOf(task, { extract, sealed, deps });
  await writer.describe(staging, manifest);
  await context.onStep('staged');
  context.signal.throwIfAborted();
  await writer.publish(staging);
  await context.onStep('published');
  return manifest;
}

function manifestOf(
  task: FillTask,
  { extract, sealed, deps }: { readonly extract: Extract; readonly sealed: SealedPart; readonly deps: MaterializeDeps },
): Manifest {
  const { request, fence, fillId, startedAtMs } = task;
  return {
    manifestFormat: MANIFEST_FORMAT,
    storeId: deps.writer.storeId,
    key: request.key,
    fence,
    fillId,
    version: extract.version,
    consistency: extract.consistency,
    dataset: request.dataset,
    source: request.source,
    request: request.canonical,
    part: { name: PART_NAME, bytes: sealed.bytes, rows: extract.rows, sha256: extract.sha256, mtimeNs: sealed.mtimeNs },
    columns: [...extract.columns],
    sourceDetails: { ...extract.details },
    startedAtMs,
    sealedAtMs: deps.clock.now(),
    host: deps.host,
    writer: deps.program,
  };
}
