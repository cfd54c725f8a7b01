/** The file source: Parquet, CSV, NDJSON, JSON and Arrow files below one root folder. */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Source } from '../../ports/source.ts';
import type { DuckDbOptions } from './duckdb.ts';
import { currentVersion, fileQuestion, fileSnapshot, type FileSourceParts } from './snapshot.ts';
import { openJailed } from './jail.ts';
import { placeError } from './disk-error.ts';
import type { FileTime } from './stable.ts';

export type { DuckDbOptions } from './duckdb.ts';
export type { FileTime } from './stable.ts';

export interface FileSourceOptions {
  /** The folder whose files may be asked for; nothing outside it can be. */
  readonly root: string;
  /** Private directory for copies being parsed and for spilling; needs room for the largest CSV or JSON file. */
  readonly scratch: string;
  readonly duckdb: DuckDbOptions;
  /** Told of every full read of a source file. For tests and metrics. */
  readonly onHash?: (path: string) => void;
  readonly time?: FileTime;
  /** CSV and NDJSON files larger than this are guessed from so many bytes at their beginning, at most 1 MiB. For tests. */
  readonly guessFromBytes?: number;
}

export const DEFAULT_DUCKDB: DuckDbOptions = { memoryLimit: '384MB', threads: 2 };

export async function openFileSource(options: FileSourceOptions): Promise<Source> {
  try {
    await mkdir(options.scratch, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw placeError(error, 'scratch');
  }
  const parts: FileSourceParts = {
    root: options.root,
    scratch: options.scratch,
    duckdb: options.duckdb,
    guessFromBytes: options.guessFromBytes ?? GUESS_FROM_BYTES,
    time: options.time ?? HOST_TIME,
    onHash: options.onHash ?? (() => undefined),
  };
  return {
    async probe(request, context) {
      const version = await currentVersion(parts, fileQuestion(request).path, context);
      return { version, parts: {}, reads: {} };
    },
    async open(request, context) {
      // Asked for early, so that a missing or forbidden file is known before anything is made for it.
      return fileSnapshot(parts, request, context, await openJailed(parts.root, fileQuestion(request).path));
    },
    // Files are held only while a call runs, or by the snapshot of one.
    async [Symbol.asyncDispose]() {},
  };
}

/** Some thousand rows: fewer would have more guesses refuted, and looking at more takes time in every load. */
const GUESS_FROM_BYTES = 1024 * 1024;

const HOST_TIME: FileTime = {
  monotonicNs: () => process.hrtime.bigint(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
