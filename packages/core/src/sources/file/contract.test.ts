/** The file source under the contract of all sources, in every format, with writers that rename and writers that overwrite. */
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Table, tableToIPC } from 'apache-arrow';
import type { FileFormat } from '../../model/request.ts';
import { batchesOf, GENERATED_COLUMNS, generateFile, generateRows } from '../../parquet/index.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContract, type SourceFixture } from '../../testing/source-contract.ts';
import { openFileSource } from './index.ts';

const ROWS = 3000;

/** `rename`: complete files replace each other. `in place`: the file is cut and written anew, so it can be met half-written. */
type Style = 'rename' | 'in place';

async function fixtureFor(format: FileFormat, style: Style, more: FileAsk): Promise<SourceFixture> {
  const base = await mkdtemp(join(tmpdir(), 'pq-file-contract-'));
  await mkdir(join(base, 'root'));
  const scratch = join(base, 'scratch');
  const path = join(base, 'root', `data.${format}`);
  return {
    source: await openFileSource({ root: join(base, 'root'), scratch, duckdb: { memoryLimit: '384MB', threads: 2 } }),
    request: fileRequest(`data.${format}`, { ...more, format }),
    missing: { request: fileRequest(`missing.${format}`, { ...more, format }), code: 'PQ_NOT_FOUND' },
    rows: ROWS,
    versionsRecur: true,
    async write(revision) {
      const bytes = await contentOf(format, revision, base);
      if (style === 'in place') {
        await writeInTwoHalves(path, bytes);
      } else {
        await writeFile(`${path}.new`, bytes);
        await rename(`${path}.new`, path);
      }
    },
    leftovers: () => readdir(scratch),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true }),
  };
}

const made = new Map<string, Uint8Array>();

async function contentOf(format: FileFormat, revision: number, base: string): Promise<Uint8Array> {
  const name = `${format} ${revision}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const bytes = await makeContent(format, revision, base);
  made.set(name, bytes);
  return bytes;
}

async function makeContent(format: FileFormat, revision: number, base: string): Promise<Uint8Array> {
  const what = { rows: ROWS, seed: 5, revision };
  switch (format) {
    case 'csv':
    case 'parquet': {
      const path = join(base, `made.${format}`);
      await generateFile({ ...what, path, format });
      return readFile(path);
    }
    case 'json':
    case 'ndjson': {
      const names = GENERATED_COLUMNS.map((column) => column.name);
      const objects = [...generateRows(what)]
        .flat()
        .map((row) => JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]]))));
      return Buffer.from(format === 'json' ? `[${objects.join(',\n')}]` : `${objects.join('\n')}\n`);
    }
    case 'arrow': {
      const batches = [];
      for await (const batch of batchesOf(GENERATED_COLUMNS, generateRows(what))) batches.push(batch);
      return tableToIPC(new Table(batches), revision % 2 === 0 ? 'file' : 'stream');
    }
  }
}

async function writeInTwoHalves(path: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(path, 'w');
  const half = bytes.length >> 1;
  await handle.write(bytes, 0, half, 0);
  await handle.write(bytes, half, bytes.length - half, half);
}

for (const format of ['parquet', 'csv', 'ndjson', 'json', 'arrow'] as const) {
  sourceContract(`${format} files replaced by rename`, () => fixtureFor(format, 'rename', {}));
}
sourceContract('parquet files overwritten in place', () => fixtureFor('parquet', 'in place', {}));
sourceContract('arrow files, some columns with types', () =>
  fixtureFor('arrow', 'rename', { columns: ['revision', 'id'], columnTypes: { id: 'decimal(18,0)' } }),
);
