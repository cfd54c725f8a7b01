/**
 * One look at one file: its version, and its rows as a Parquet file. The version is the hash of the very bytes the
 * rows were made from (I2): of the bytes copied, or of the private copy that was parsed.
 */
import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ParqueueError } from '../../model/errors.ts';
import { DEFAULT_PARQUET, type CanonicalRequest, type FileQuestion } from '../../model/request.ts';
import type { Extract, PartTarget, Snapshot, SourceContext } from '../../ports/source.ts';
import { bytesInMemory, readWhole, type FileBytes } from '../../parquet/file-bytes.ts';
import { readFooter, readFooterOf } from '../../parquet/footer.ts';
import { PageChecksums } from '../../parquet/page-checksums.ts';
import { recall, remember, versionOf, type Sighting } from './checksum.ts';
import { declaredTypes } from './decode.ts';
import { inPlace, throwIfAborted, type Place } from './disk-error.ts';
import type { DuckDbOptions } from './duckdb.ts';
import { Handed, openJailed, type JailedFile } from './jail.ts';
import { assertRows } from './load.ts';
import { CHUNK_BYTES, pump } from './pump.ts';
import { makeScratch } from './scratch.ts';
import { whileStable, type FileTime } from './stable.ts';
import { transcode } from './transcode.ts';

export interface FileSourceParts {
  readonly root: string;
  readonly scratch: string;
  readonly duckdb: DuckDbOptions;
  readonly guessFromBytes: number;
  readonly time: FileTime;
  /** Told of every full read of a source file for its hash or its bytes. */
  readonly onHash: (path: string) => void;
  /** Was opened for this load already. */
  readonly first?: Handed;
}

interface Opened {
  readonly file: JailedFile;
  /** CLOCK_MONOTONIC before any of its bytes was read, ns: what a hash of them is worth depends on it (checksum.ts). */
  readonly beganNs: bigint;
}

interface Hashed {
  readonly sha256: string;
  readonly bytes: number;
  /** What to remember of it once the file is known to have stood still; null where it came from memory. */
  readonly proof: { readonly sighting: Sighting; readonly beganNs: bigint } | null;
}

/** The version by a warm memo, or by reading the file. */
export async function currentVersion(parts: FileSourceParts, path: string, context: SourceContext): Promise<string> {
  throwIfAborted(context.signal);
  const remembered = await rememberedHash(parts, path, context);
  if (remembered !== null) return versionOf(remembered);
  const hashed = await hashStable(parts, path, context, (opened) =>
    readThrough(parts, path, context, { ...opened, bytes: opened.file.handle, copyTo: null, checksums: null }),
  );
  return versionOf(hashed.sha256);
}

/**
 * By one stat of the open file. No byte is read, so there is nothing that could have moved meanwhile: the file was in this
 * state at the moment of the stat, which is after the caller asked. Null where it has to be read, or cannot be: whoever reads it says why.
 */
async function rememberedHash(parts: FileSourceParts, path: string, context: SourceContext): Promise<string | null> {
  let file: JailedFile;
  try {
    file = await openJailed(parts.root, path);
  } catch {
    return null;
  }
  await using _open = file;
  return (await recall(context.memo, file, parts.time.monotonicNs())).sha256;
}

/** @param opened a moment ago, for the first try of the load; closed with the snapshot where none was made */
export function fileSnapshot(
  parts: FileSourceParts,
  request: CanonicalRequest,
  context: SourceContext,
  opened: JailedFile,
): Snapshot {
  const question = fileQuestion(request);
  const first = new Handed(opened);
  return {
    version: () => currentVersion(parts, question.path, context),
    extract: (target) =>
      withoutLeftovers(target, () =>
        isCopy(request, question)
          ? copyAsIs({ ...parts, first }, question, context, target)
          : decodeAndEncode({ ...parts, first }, request, context, target),
      ),
    [Symbol.asyncDispose]: () => first[Symbol.asyncDispose](),
  };
}

export function fileQuestion(request: CanonicalRequest): FileQuestion {
  if (request.question.kind !== 'file')
    throw new ParqueueError('PQ_INVALID_REQUEST', 'a file source answers questions for files only');
  return request.question;
}

/** A Parquet file that is already what was asked for: copying keeps every byte, and is ten times as fast. */
function isCopy(request: CanonicalRequest, question: FileQuestion): boolean {
  return (
    question.format === 'parquet'
    && request.columns === null
    && Object.keys(request.columnTypes).length === 0
    && request.parquet.compression === DEFAULT_PARQUET.compression
    && request.parquet.rowGroupRows === DEFAULT_PARQUET.rowGroupRows
  );
}

async function copyAsIs(
  parts: FileSourceParts,
  question: FileQuestion,
  context: SourceContext,
  target: PartTarget,
): Promise<Extract> {
  const hashed = await hashStable(parts, question.path, context, async ({ file, beganNs }) => {
    const small = await smallFile(file);
    const footer = await readFooter(small ?? file.handle);
    assertRows(footer.rows, context.limits.rowsMax);
    const copied = await readThrough(parts, question.path, context, {
      file,
      beganNs,
      bytes: small ?? file.handle,
      copyTo: { path: target.path, place: 'store' },
      checksums: new PageChecksums(footer),
    });
    return { ...copied, footer: small === null ? null : footer };
  });
  // Of a small file it is that of the very bytes that were written; a larger one was read a second time for them.
  const footer = hashed.footer ?? (await inPlace('store', () => readFooterOf(target.path)));
  return {
    version: versionOf(hashed.sha256),
    consistency: 'exact',
    rows: footer.rows,
    sha256: hashed.sha256,
    columns: footer.columns.map((column) => ({ ...column, sourceType: `parquet:${column.type}` })),
    details: { method: 'copy', sourceBytes: hashed.bytes, rowGroups: footer.rowGroups.length },
  };
}

/** Read once, for its footer and for its bytes; null for one that is larger than a piece of a copy, or has moved since its stat. */
async function smallFile({ handle, bytes: size }: JailedFile): Promise<FileBytes | null> {
  if (size > CHUNK_BYTES) return null;
  const bytes = await readWhole(handle, size);
  return bytes === null ? null : bytesInMemory(bytes);
}

async function decodeAndEncode(
  parts: FileSourceParts,
  request: CanonicalRequest,
  context: SourceContext,
  target: PartTarget,
): Promise<Extract> {
  const question = fileQuestion(request);
  declaredTypes(request);
  await using scratch = await makeScratch(parts.scratch);
  const copy = join(scratch.path, `source.${question.format}`);
  const hashed = await hashStable(parts, question.path, context, async ({ file, beganNs }) =>
    readThrough(parts, question.path, context, {
      file,
      beganNs,
      bytes: file.handle,
      copyTo: { path: copy, place: 'scratch' },
      checksums: question.format === 'parquet' ? new PageChecksums(await readFooter(file.handle)) : null,
    }),
  );
  const { footer, sources, sha256 } = await transcode({
    duckdb: parts.duckdb,
    request,
    question,
    context,
    path: copy,
    scratch: scratch.path,
    target: resolve(target.path),
    sourceBytes: hashed.bytes,
    guessFromBytes: parts.guessFromBytes,
  });
  return {
    version: versionOf(hashed.sha256),
    consistency: 'exact',
    rows: footer.rows,
    sha256: sha256 ?? (await inPlace('store', () => hashOf(target.path, context))),
    columns: footer.columns.map((column, i) => ({ ...column, sourceType: question.format, ...sources[i] })),
    details: { method: 'decode', sourceBytes: hashed.bytes, rowGroups: footer.rowGroups.length },
  };
}

/** A hash taken while nobody changed the file, remembered by the file's stat. */
async function hashStable<T extends Hashed>(
  parts: FileSourceParts,
  path: string,
  context: SourceContext,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  throwIfAborted(context.signal);
  const { root, time, first } = parts;
  const hashed = await whileStable(
    { root, path, time, signal: context.signal, ...(first === undefined ? {} : { first }) },
    (file) => work({ file, beganNs: time.monotonicNs() }),
  );
  if (hashed.proof !== null) await remember(context.memo, hashed.proof.sighting, hashed.sha256, hashed.proof.beganNs);
  return hashed;
}

/** Reads the whole open file once, hashing it, and copies it where asked. */
async function readThrough(
  parts: FileSourceParts,
  path: string,
  context: SourceContext,
  work: Opened & {
    /** Its bytes. */
    readonly bytes: FileBytes;
    readonly copyTo: { readonly path: string; readonly place: Place } | null;
    readonly checksums: PageChecksums | null;
  },
): Promise<Hashed> {
  const { file, beganNs, bytes: source, copyTo, checksums } = work;
  const sighting = await recall(context.memo, file, beganNs);
  parts.onHash(path);
  let announced = copyTo?.place !== 'store';
  const options = {
    bytesMax: context.limits.bytesMax,
    expectedBytes: file.bytes,
    signal: context.signal,
    inspect: (piece: Uint8Array): void => checksums?.take(piece),
    onBytes: async (bytes: number): Promise<void> => {
      context.onProgress({ phase: copyTo === null ? 'opening' : 'reading', rows: 0, bytes, bytesTotal: file.bytes });
      if (announced) return;
      announced = true;
      await context.onFirstBatch();
    },
  };
  const pumped =
    copyTo === null
      ? await pump(source, { ...options, target: null })
      : await pumpInto(copyTo, (handle) => pump(source, { ...options, target: { handle, place: copyTo.place } }));
  return { ...pumped, proof: { sighting, beganNs } };
}

async function pumpInto<T>(
  to: { readonly path: string; readonly place: Place },
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
  // A second try after the source moved begins with an empty file again.
  const handle = await inPlace(to.place, () => open(to.path, 'w'));
  try {
    return await work(handle);
  } finally {
    // NFS may tell only here that there was no room.
    await inPlace(to.place, () => handle.close());
  }
}

async function hashOf(path: string, context: SourceContext): Promise<string> {
  await using handle = await open(path, 'r');
  const { sha256 } = await pump(handle, {
    target: null,
    bytesMax: Number.MAX_SAFE_INTEGER,
    signal: context.signal,
    onBytes: () => undefined,
  });
  return sha256;
}

async function withoutLeftovers(target: PartTarget, work: () => Promise<Extract>): Promise<Extract> {
  try {
    return await work();
  } catch (error) {
    // What cannot be removed now goes with its staging folder.
    await rm(target.path, { force: true }).catch(() => undefined);
    throw error;
  }
}
