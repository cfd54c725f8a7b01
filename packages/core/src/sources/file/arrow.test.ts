/** Arrow files, whole and broken, and Parquet that only the second decoder reads. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dictionary, Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Extract, Source } from '../../ports/source.ts';
import { arrowSchema, batchesOf, type Column } from '../../parquet/index.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { writeParquetAgain } from './batches.ts';
import { openFileSource } from './index.ts';

let base: string;
let source: Source;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-arrow-'));
  await mkdir(join(base, 'root'));
  await mkdir(join(base, 'out'));
  source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: { memoryLimit: '384MB', threads: 1 },
  });
});

afterEach(() => rm(base, { recursive: true }));

const COLUMNS: readonly Column[] = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'text', type: { kind: 'utf8' }, nullable: true },
];

async function ipc(kind: 'file' | 'stream', rows = 100_000): Promise<Uint8Array> {
  const batches = [];
  const chunks = [Array.from({ length: rows }, (_, i) => [i, i % 5 === 0 ? null : `text ${i}`])];
  for await (const batch of batchesOf(COLUMNS, chunks)) batches.push(batch);
  return tableToIPC(batches.length === 0 ? new Table(arrowSchema(COLUMNS)) : new Table(batches), kind);
}

async function extract(bytes: Uint8Array, more: FileAsk = {}): Promise<Extract> {
  await writeFile(join(base, 'root', 'a.arrow'), bytes);
  await using snapshot = await source.open(fileRequest('a.arrow', more), sourceContext());
  return await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
}

describe('Arrow', () => {
  it.each(['file', 'stream'] as const)('reads a %s, all columns or some, with types or without', async (kind) => {
    const bytes = await ipc(kind);
    expect(await extract(bytes)).toMatchObject({
      rows: 100_000,
      columns: [
        { name: 'id', type: 'int64', sourceType: 'arrow:Int64', nullable: false },
        { name: 'text', type: 'utf8' },
      ],
    });
    expect((await extract(bytes, { columns: ['text'] })).columns.map(({ name }) => name)).toEqual(['text']);
    expect((await extract(bytes, { columnTypes: { id: 'int32' } })).columns[0]).toMatchObject({
      type: 'int32',
      sourceType: 'arrow:Int64',
    });
  });

  it.each(['file', 'stream'] as const)('writes an empty table of a %s without rows', async (kind) => {
    expect(await extract(await ipc(kind, 0))).toMatchObject({ rows: 0, columns: [{ name: 'id' }, { name: 'text' }] });
  });

  it('takes dictionaries', async () => {
    const column = vectorFromArray(['a', 'b', 'a', null], new Dictionary(new Utf8(), new Int32()));
    expect(await extract(tableToIPC(new Table({ column }), 'file'))).toMatchObject({
      rows: 4,
      columns: [{ name: 'column', type: 'utf8' }],
    });
  });

  it.each([
    ['file', 0.5],
    ['file', 0.98],
    ['stream', 0.5],
    ['stream', 0.02],
    ['stream', 0.0001],
  ] as const)('refuses a %s cut at %f of its length', async (kind, share) => {
    const bytes = await ipc(kind);
    await expect(extract(bytes.subarray(0, Math.floor(bytes.length * share)))).rejects.toMatchObject({
      code: 'PQ_MALFORMED_SOURCE',
    });
    expect([...(await readdir(join(base, 'out'))), ...(await readdir(join(base, 'scratch')))]).toEqual([]);
  });

  it('refuses what is no Arrow at all', async () => {
    await expect(extract(Buffer.from('hello, world, this is no Arrow file'))).rejects.toMatchObject({
      code: 'PQ_MALFORMED_SOURCE',
    });
    await expect(extract(Buffer.alloc(0))).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });

  it('names the columns there are', async () => {
    await expect(extract(await ipc('file', 1), { columns: ['nope'] })).rejects.toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      details: { available: ['id', 'text'] },
    });
  });
});

describe('the second decoder for Parquet', () => {
  it('delivers the same rows and columns', async () => {
    const first = await extract(await ipc('file'));
    const options = {
      parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
      signal: new AbortController().signal,
    } as const;
    const again = await writeParquetAgain(
      join(base, 'out', 'part.parquet'),
      join(base, 'out', 'again.parquet'),
      { columns: ['text', 'id'], typed: [] },
      options,
    );
    expect(again.written.rows).toBe(first.rows);
    expect(again.written.footer.columns.map(({ name, type }) => `${name} ${type}`)).toEqual(['text utf8', 'id int64']);
  });
});
