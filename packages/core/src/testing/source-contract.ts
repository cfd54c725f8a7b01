/**
 * What every Source must keep to, whatever it reads. A fixture puts the source into known states; the suite looks at
 * what probe and extract make of them, also while a writer keeps changing the source (I2).
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isParqueueError, type ErrorCode } from '../model/errors.ts';
import type { CanonicalRequest } from '../model/request.ts';
import type { Extract, Source, SourceContext } from '../ports/source.ts';
import { readFooterOf } from '../parquet/footer.ts';

export interface SourceFixture extends AsyncDisposable {
  readonly source: Source;
  /** Asks for all rows of one thing; one of its columns is `revision`, an integer. */
  readonly request: CanonicalRequest;
  /** Asks for something that is not there. */
  readonly missing: { readonly request: CanonicalRequest; readonly code: ErrorCode };
  /** Puts the source into state `revision`: every row says so in its column `revision`. Several thousand rows at least. */
  write(revision: number): Promise<void>;
  readonly rows: number;
  /** A state that comes back has its old version again (a checksum does, a counter does not). */
  readonly versionsRecur: boolean;
  /** Names of whatever the source keeps for work under way: files in scratch, open cursors. A server lets go of them a moment later. */
  leftovers(): Promise<readonly string[]>;
}

export function sourceContract(name: string, make: () => Promise<SourceFixture>): void {
  describe(`the source contract: ${name}`, () => {
    let fixture: SourceFixture;
    let out: string;
    let parts = 0;

    beforeEach(async () => {
      out = await mkdtemp(join(tmpdir(), 'pq-source-contract-'));
      fixture = await make();
      await fixture.write(1);
    });

    afterEach(async () => {
      await fixture[Symbol.asyncDispose]();
      await rm(out, { recursive: true });
    });

    const extract = async (context = sourceContext()): Promise<{ extract: Extract; path: string }> => {
      parts += 1;
      const path = join(out, `${parts}.parquet`);
      await using snapshot = await fixture.source.open(fixture.request, context);
      return { extract: await snapshot.extract({ path }), path };
    };

    const probe = async (context = sourceContext()): Promise<string> =>
      (await fixture.source.probe(fixture.request, context)).version;

    it('writes one Parquet file that has exactly the rows, columns and bytes it reports', async () => {
      const { extract: result, path } = await extract();
      const footer = await readFooterOf(path);
      expect(result.rows).toBe(fixture.rows);
      expect(footer.rows).toBe(fixture.rows);
      expect(result.columns.map((column) => column.name)).toEqual(footer.columns.map((column) => column.name));
      expect(result.sha256).toBe(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
      expect(await revisionsIn(path)).toEqual([1]);
      expect(JSON.parse(JSON.stringify(result.details))).toEqual(result.details);
      await expect.poll(() => fixture.leftovers()).toEqual([]);
    });

    it('gives an unchanged source one version, by probe, snapshot and extract alike', async () => {
      await using snapshot = await fixture.source.open(fixture.request, sourceContext());
      const versions = [
        await probe(),
        await probe(),
        await snapshot.version(),
        (await extract()).extract.version,
        (await extract()).extract.version,
      ];
      expect(new Set(versions).size).toBe(1);
    });

    it('gives equal loads equal bytes', async () => {
      expect((await extract()).extract.sha256).toBe((await extract()).extract.sha256);
    });

    it('gives a changed source another version', async () => {
      const before = await probe();
      await fixture.write(2);
      expect(await probe()).not.toBe(before);
      const { extract: result, path } = await extract();
      expect(result.version).toBe(await probe());
      expect(await revisionsIn(path)).toEqual([2]);
    });

    it('delivers the rows of one state under the version of that state while a writer keeps changing it', async () => {
      const writing = new AbortController();
      const writer = keepWriting(fixture, writing.signal);
      const seen = new Map<string, number>();
      try {
        for (let load = 0; load < 5; load += 1) {
          const outcome = await orUnstable(extract());
          if (outcome === null) continue;
          const revisions = await revisionsIn(outcome.path);
          expect(revisions).toHaveLength(1);
          const revision = revisions[0] ?? -1;
          // One version never stands for two states.
          expect(seen.get(outcome.extract.version) ?? revision).toBe(revision);
          seen.set(outcome.extract.version, revision);
        }
      } finally {
        writing.abort();
        await writer;
      }
      await fixture.write(99);
      const last = await extract();
      expect(await revisionsIn(last.path)).toEqual([99]);
      expect(last.extract.version).toBe(await probe());
      expect(seen.has(last.extract.version)).toBe(false);
      if (!fixture.versionsRecur) return;
      for (const [version, revision] of [...seen].slice(0, 3)) {
        await fixture.write(revision);
        expect(await probe()).toBe(version);
      }
    });

    it('announces the first rows once', async () => {
      let announced = 0;
      await extract(sourceContext({ onFirstBatch: () => void (announced += 1) }));
      expect(announced).toBe(1);
    });

    it('blames nobody else for what its caller throws at the first rows', async () => {
      const error = new Error('the step of the caller failed');
      const context = sourceContext({ onFirstBatch: () => Promise.reject(error) });
      await expect(extract(context)).rejects.toBe(error);
      expect(await readdir(out)).toEqual([]);
    });

    it('ends with PQ_CANCELLED when aborted before or after the first rows, and leaves nothing', async () => {
      const early = AbortSignal.abort();
      await expect(extract(sourceContext({ signal: early }))).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
      await expect(probe(sourceContext({ signal: early }))).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
      const controller = new AbortController();
      await expect(
        extract(sourceContext({ signal: controller.signal, onFirstBatch: () => controller.abort() })),
      ).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
      expect(await readdir(out)).toEqual([]);
      await expect.poll(() => fixture.leftovers()).toEqual([]);
      expect((await extract()).extract.rows).toBe(fixture.rows);
    });

    it.each([
      ['rows', { rowsMax: 1, bytesMax: 1e12, timeoutMs: 60_000 }],
      ['bytes', { rowsMax: 1e9, bytesMax: 100, timeoutMs: 60_000 }],
    ] as const)('ends with PQ_LIMIT_EXCEEDED beyond the limit of %s, and leaves nothing', async (limit, limits) => {
      await expect(extract(sourceContext({ limits }))).rejects.toMatchObject({
        code: 'PQ_LIMIT_EXCEEDED',
        details: { limit },
      });
      expect(await readdir(out)).toEqual([]);
      await expect.poll(() => fixture.leftovers()).toEqual([]);
    });

    it('says by its code what is not there', async () => {
      const { request, code } = fixture.missing;
      await expect(fixture.source.probe(request, sourceContext())).rejects.toMatchObject({ code });
      await expect(
        (async () => {
          await using snapshot = await fixture.source.open(request, sourceContext());
          await snapshot.extract({ path: join(out, 'missing.parquet') });
        })(),
      ).rejects.toMatchObject({ code });
      expect(await readdir(out)).toEqual([]);
    });

    it("says that the store's filesystem refuses a target, and keeps its own state clean", async () => {
      await using snapshot = await fixture.source.open(fixture.request, sourceContext());
      await expect(snapshot.extract({ path: join(out, 'no-such-folder', 'part.parquet') })).rejects.toMatchObject({
        code: 'PQ_STORE_IO',
      });
      await expect.poll(() => fixture.leftovers()).toEqual([]);
      await expect(stat(join(out, 'no-such-folder'))).rejects.toThrow();
    });
  });
}

/** A context with its own memory and no limits worth the name. */
export function sourceContext(more: Partial<SourceContext> = {}): SourceContext {
  const memory = new Map<string, string>();
  return {
    signal: new AbortController().signal,
    memo: {
      get: (key) => Promise.resolve(memory.get(key) ?? null),
      put: (key, value) => Promise.resolve(void memory.set(key, value)),
    },
    limits: { rowsMax: 1e9, bytesMax: 1e12, timeoutMs: 60_000 },
    onProgress: () => undefined,
    known: {},
    onFirstBatch: () => undefined,
    ...more,
  };
}

async function keepWriting(fixture: SourceFixture, signal: AbortSignal): Promise<void> {
  for (let revision = 2; !signal.aborted; revision = revision === 40 ? 2 : revision + 1) {
    await fixture.write(revision);
    await setImmediate();
  }
}

/** The distinct values of the column `revision`. */
async function revisionsIn(path: string): Promise<readonly number[]> {
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  const column = table.getChild('revision');
  const found = new Set<number>();
  for (let row = 0; row < table.numRows; row += 1) found.add(Number(column?.get(row)));
  return [...found];
}

/** A source that cannot be caught standing still may say so; anything else is an error. */
async function orUnstable<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_SOURCE_UNSTABLE') return null;
    throw error;
  }
}
