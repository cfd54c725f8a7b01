/**
 * Files that were forged, and not damaged by chance: each promises what no honest writer would. What is refused has a code
 * that blames the file; what nobody can see is loaded as another reader reads it.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Dictionary, Int32, Int8, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFooterOf } from '../../parquet/footer.ts';
import type { Extract } from '../../ports/source.ts';
import { CHECKSUMMED, CHECKSUMMED_ROWS } from '../../testing/checksummed-parquet.ts';
import { ENCRYPTED } from '../../testing/encrypted-parquet.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openFileSource } from './index.ts';

const COPIED: FileAsk = {};
const DECODED: FileAsk = { parquet: { compression: 'snappy', rowGroupRows: 1_000_000 } };

let base: string;
let part: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-forged-'));
  part = join(base, 'part.parquet');
  await mkdir(join(base, 'root'));
});

afterEach(async () => {
  expect(await readdir(join(base, 'scratch')).catch(() => [])).toEqual([]);
  await rm(base, { recursive: true });
});

async function extract(name: string, content: string | Uint8Array, options: FileAsk = DECODED): Promise<Extract> {
  await writeFile(join(base, 'root', name), content);
  const source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: { memoryLimit: '128MB', threads: 2 },
  });
  const snapshot = await source.open(fileRequest(name, options), sourceContext());
  return await snapshot.extract({ path: part });
}

async function rows(): Promise<readonly Record<string, unknown>[]> {
  return await parquetReadObjects({ file: await asyncBufferFromFile(part) });
}

async function duckdb(sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('encrypted Parquet', () => {
  it.each(Object.entries(ENCRYPTED))('of which the %s is, is refused, to be copied or decoded', async (_, file) => {
    for (const options of [COPIED, DECODED])
      await expect(extract('a.parquet', file, options)).rejects.toMatchObject({
        code: 'PQ_UNSUPPORTED_TYPE',
        message: expect.stringContaining('encrypted') as string,
      });
  });

  it('of which another column is wanted is refused alike', async () => {
    await expect(extract('a.parquet', ENCRYPTED.column, { columns: ['n'] })).rejects.toMatchObject({
      code: 'PQ_UNSUPPORTED_TYPE',
    });
  });
});

/** In the first page's header: its size without compression is 2 GiB less a byte; the room comes from its checksum. */
const HONEST = Buffer.from([0x15, 4, 0x15, 0x18, 0x15, 0x1c, 0x15, 0xb0, 0xf8, 0xff, 0x9b, 3, 0x3c]);
const BOMB = Buffer.from([0x15, 4, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 0x9c, 0x80, 0, 0x4c]);

describe('a Parquet page that says it has 2 GiB', () => {
  it('is refused, to be copied or decoded, before its memory is taken', async () => {
    expect(CHECKSUMMED.v1.subarray(4, 4 + HONEST.length)).toEqual(HONEST);
    const bomb = Buffer.from(CHECKSUMMED.v1);
    BOMB.copy(bomb, 4);
    for (const options of [COPIED, DECODED])
      await expect(extract('a.parquet', bomb, options)).rejects.toMatchObject({
        code: 'PQ_LIMIT_EXCEEDED',
        details: { limit: 'memory', column: 'n', rowGroup: 0, pageBytes: 2 ** 31 - 1 },
      });
  });
});

describe('row groups in other places', () => {
  it('of which the pages were exchanged, checksums and all, are read where they stand, as DuckDB reads them', async () => {
    await extract('a.parquet', CHECKSUMMED.v1, COPIED);
    const [first, second] = (await readFooterOf(part)).rowGroups;
    const [one, other] = [first?.chunks[0], second?.chunks[0]];
    if (one === undefined || other === undefined || one.bytes !== other.bytes) throw new Error('not made for this');
    const swapped = Buffer.from(CHECKSUMMED.v1);
    CHECKSUMMED.v1.copy(swapped, one.start, other.start, other.start + other.bytes);
    CHECKSUMMED.v1.copy(swapped, other.start, one.start, one.start + one.bytes);
    for (const options of [COPIED, DECODED]) {
      await extract('a.parquet', swapped, options);
      const numbers = (await rows()).map(({ n }) => n);
      expect(numbers).toEqual([4, 5, 6, 1, 2, 3]);
      const theirs = await duckdb(`SELECT n FROM read_parquet('${join(base, 'root', 'a.parquet')}')`);
      expect(theirs.flat()).toEqual(numbers);
      // The other column stayed where it was: nobody can tell.
      expect((await rows()).map(({ t }) => t)).toEqual(CHECKSUMMED_ROWS.map(({ t }) => t));
    }
  });
});

describe('Arrow', () => {
  const kinds = ['a', 'b', 'c'];
  const forged = (kind: 'file' | 'stream', index: number): Buffer => {
    const column = vectorFromArray(
      Array.from({ length: 64 }, (_, i) => kinds[i % 3]),
      new Dictionary(new Utf8(), new Int8()),
    );
    const whole = Buffer.from(tableToIPC(new Table({ kind: column }), kind));
    const indices = Buffer.from(Array.from({ length: 64 }, (_, i) => i % 3));
    const at = whole.indexOf(indices);
    if (at < 0) throw new Error('no indices');
    whole.writeInt8(index, at + 40);
    return whole;
  };

  it.each([
    ['file', 3],
    ['file', 127],
    ['file', -1],
    ['stream', 3],
    ['stream', 127],
    ['stream', -1],
  ] as const)('%s with the dictionary index %d of three values is refused', async (kind, index) => {
    await expect(extract('a.arrow', forged(kind, index))).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });

  it('with indices that all are there is loaded', async () => {
    await extract('a.arrow', forged('file', 2));
    expect((await rows())[40]).toEqual({ kind: 'c' });
  });

  it.each(['file', 'stream'] as const)('%s with a text that ends beyond all texts is refused', async (kind) => {
    const texts = vectorFromArray(['aa', 'bb', 'cc'], new Utf8());
    const whole = Buffer.from(tableToIPC(new Table({ text: texts, n: vectorFromArray([1, 2, 3], new Int32()) }), kind));
    const offsets = Buffer.from(Int32Array.of(0, 2, 4, 6).buffer);
    const at = whole.indexOf(offsets);
    expect(at).toBeGreaterThan(0);
    whole.writeInt32LE(1_000_000, at + 12);
    await expect(extract('a.arrow', whole)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });
});

/** Types are inferred for some columns at a time; what stands in the others makes no difference. */
describe('a CSV of many columns', () => {
  const ROWS = 10_020;
  const SQL_TYPES: Readonly<Record<string, string>> = {
    int64: 'BIGINT',
    float64: 'DOUBLE',
    bool: 'BOOLEAN',
    date32: 'DATE',
    utf8: 'VARCHAR',
  };
  const KINDS: readonly (readonly [type: string, value: (row: number) => string])[] = [
    ['int64', (row) => String(row * 7)],
    ['float64', (row) => `${row}.5`],
    ['bool', (row) => String(row % 2 === 0)],
    ['date32', (row) => `2024-01-${String((row % 28) + 1).padStart(2, '0')}`],
    ['utf8', (row) => `0${row % 10}`],
    // Beyond the first look: what was guessed is refuted, and what was nothing is something.
    ['utf8', (row) => (row < ROWS - 9 ? String(row) : 'x')],
    ['float64', (row) => (row < ROWS - 9 ? String(row) : '1.5')],
    ['int64', (row) => (row < ROWS - 9 ? '' : String(row))],
    ['utf8', () => ''],
  ];

  it('has the types and values of each column by itself, whichever slice it is in', async () => {
    const columns = Array.from({ length: 27 }, (_, i) => ({ name: `c${i}`, kind: KINDS[(i * 4) % KINDS.length] }));
    const lines = Array.from({ length: ROWS }, (_, row) => columns.map(({ kind }) => kind?.[1](row)).join(','));
    const result = await extract('a.csv', `${columns.map(({ name }) => name).join(',')}\n${lines.join('\n')}\n`);
    expect(result.rows).toBe(ROWS);
    expect(result.columns.map(({ type }) => type)).toEqual(columns.map(({ kind }) => kind?.[0]));
    const differences = columns.map(
      ({ name, kind }) =>
        `count(*) FILTER (part.${name} IS DISTINCT FROM CAST(nullif(csv.${name}, '') AS ${SQL_TYPES[kind?.[0] ?? '']}))`,
    );
    const file = join(base, 'root', 'a.csv');
    const [counted] = await duckdb(
      `SELECT ${differences.join(', ')} FROM read_parquet('${part}') part POSITIONAL JOIN read_csv('${file}', all_varchar = true, header = true) csv`,
    );
    expect(counted?.map(Number)).toEqual(columns.map(() => 0));
  });
});
