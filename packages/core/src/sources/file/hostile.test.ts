/** Files made to hurt: each of these ended a process, kept a thread for minutes, or changed a value in silence. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Extract, Source } from '../../ports/source.ts';
import { CHECKSUMMED, CHECKSUMMED_ROWS } from '../../testing/checksummed-parquet.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { dialectOf } from './csv-dialect.ts';
import { openFileSource } from './index.ts';
import { DEPTH_MAX } from './table.ts';

let base: string;
let source: Source;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-hostile-'));
  await mkdir(join(base, 'root'));
  await mkdir(join(base, 'out'));
  source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: { memoryLimit: '128MB', threads: 2 },
  });
});

afterEach(async () => {
  expect(await readdir(join(base, 'scratch'))).toEqual([]);
  await rm(base, { recursive: true });
});

/** Parquet that is wanted like this is not copied, and what reads it here knows no other compression. */
const SNAPPY: FileAsk = { parquet: { compression: 'snappy', rowGroupRows: 1_000_000 } };

async function extract(name: string, content: string | Uint8Array, options: FileAsk = SNAPPY): Promise<Extract> {
  await writeFile(join(base, 'root', name), content);
  const snapshot = await source.open(fileRequest(name, options), sourceContext());
  return await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
}

async function rows(): Promise<readonly Record<string, unknown>[]> {
  return await parquetReadObjects({ file: await asyncBufferFromFile(join(base, 'out', 'part.parquet')) });
}

const nested = (opening: string, closing: string, depth: number): string =>
  `[{"a":${opening.repeat(depth)}1${closing.repeat(depth)}}]`;

describe('JSON', () => {
  it.each([
    ['lists', nested('[', ']', 100_000)],
    ['objects', nested('{"b":', '}', 100_000)],
    ['lists that nothing closes', `{"a":${'['.repeat(100_000)}`],
    ['brackets after a text that a line break ended', `{"a":"x\n{"b":${'['.repeat(100_000)}`],
    ['brackets after more closing ones', `${']'.repeat(1000)}\n{"b":${'['.repeat(100_000)}`],
    ['brackets beyond a quote that was escaped', `{"a":"\\\\","b":${'['.repeat(100_000)}`],
  ])('nested 100,000 deep in %s is refused, and ends no process', async (_, text) => {
    for (const name of ['a.json', 'a.ndjson'])
      await expect(extract(name, text)).rejects.toMatchObject({
        code: 'PQ_UNSUPPORTED_TYPE',
        details: { depthMax: DEPTH_MAX },
      });
  });

  it('brackets within texts are no nesting', async () => {
    const text = '["'.repeat(1000);
    await extract('a.ndjson', `${JSON.stringify({ a: text })}\n`);
    expect(await rows()).toEqual([{ a: text }]);
  });

  it.each(['1e999', '-1E+999', '9'.repeat(400)])(
    'the number %s is refused: a double would make infinity of it',
    async (number) => {
      await expect(extract('a.ndjson', `{"a":1.5}\n{"a":${number}}\n`)).rejects.toMatchObject({
        code: 'PQ_VALUE_OUT_OF_RANGE',
        details: { line: 2 },
      });
    },
  );

  it('objects of 300 keys are rows, and structs within rows', async () => {
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]));
    expect(await extract('a.ndjson', `${JSON.stringify({ ...wide, nested: wide })}\n`)).toMatchObject({ rows: 1 });
    const [row] = await rows();
    expect(row).toMatchObject({ k299: 299n, nested: { k0: 0n, k299: 299n } });
  });

  it('keys that one row in fifty has are columns', async () => {
    const events = Array.from({ length: 200 }, (_, i) => JSON.stringify({ id: i, [`of${i % 50}`]: 'x' }));
    const { columns } = await extract('a.ndjson', events.join('\n'));
    expect(columns.map(({ name }) => name)).toEqual(['id', ...Array.from({ length: 50 }, (_, i) => `of${i}`)]);
    expect((await rows())[51]).toMatchObject({ id: 51n, of0: null, of1: 'x' });
  });

  it('objects within rows of which each has keys of its own are maps', async () => {
    const counts = Array.from({ length: 20 }, (_, i) =>
      Object.fromEntries(Array.from({ length: 500 }, (_, k) => [`user${i * 250 + k}`, k])),
    );
    const text = counts.map((by, id) => JSON.stringify({ id, by })).join('\n');
    const { columns } = await extract('a.ndjson', text);
    expect(columns[1]?.type).toMatch(/^map<.*utf8.*int64/);
  });

  it.each([
    ['behind a comma', '[{"a":1},\n{"a":2},\n'],
    ['after the first of its objects', '[{"a":1},'],
  ])('a list that was cut off %s is refused; its rows were once taken for all', async (_, text) => {
    await expect(extract('a.json', text)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });

  it.each([
    ['differ in case only', '{"a":1,"A":2}'],
    ['differ in case only, one row from the next', '{"a":1}\n{"A":2}'],
    ['differ in case only, beside one that is called as the second would be', '{"a":1,"A":2,"A_1":3}'],
    ['are empty', '{"b":1,"":2}'],
    ['differ in case only within an object', '{"x":{"a":1,"A":2}}'],
    ['are empty within an object', '{"x":{"":1,"b":2}}'],
    ['differ in case only, the first of them within a list', '{"x":[{"a":1}]}\n{"x":[{"A":2}]}'],
    ['have a NUL within an object', '{"x":{"a\\u0000b":1}}'],
    ['are what a name would be that is made up', '{"b":2,"":1,"B":1,"c1":3}'],
  ])('keys that %s are refused; their values were once NULL', async (_, text) => {
    await expect(extract('a.ndjson', `${text}\n`)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });

  it('keys that only look as if their names were made up are columns', async () => {
    await extract('a.ndjson', '{"C0":1,"a":2,"a_1":3}\n{"A_1":null}\n', { ...SNAPPY, columns: ['C0', 'a', 'a_1'] });
    expect((await rows())[0]).toEqual({ C0: 1n, a: 2n, a_1: 3n });
  });

  it('texts that look like a time or a UUID stay as they are written, in lists and objects too', async () => {
    const row = {
      t: '1:02:03.1234567',
      u: '550E8400-E29B-41D4-A716-446655440000',
      l: ['12:00'],
      s: { TIME: '1:2:3', 'x, TIME': 'B9C2C0F6-0000-4000-8000-000000000000', UUID: 1 },
    };
    await extract('a.ndjson', `${JSON.stringify(row)}\n`);
    expect(await rows()).toEqual([{ ...row, s: { ...row.s, UUID: 1n } }]);
  });

  it('integers of 64 bits with and without a sign keep all digits, in lists too', async () => {
    const { columns } = await extract(
      'a.ndjson',
      '{"a":18446744073709551615,"l":[18446744073709551615,-1]}\n{"a":-1}\n',
    );
    expect(columns.map(({ type }) => type)).toEqual(['decimal128(38, 0)', 'list<decimal128(38, 0)>']);
  });

  it('more different keys than a file may have columns are refused', async () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`);
    await expect(extract('a.ndjson', `{${keys.join(',')}}\n`)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE' });
  });
});

describe('CSV', () => {
  it('250 columns are typed within the memory that a thread has', async () => {
    const names = Array.from({ length: 250 }, (_, i) => `c${i}`);
    const result = await extract('a.csv', `${names.join(',')}\n${names.map((_, i) => (i % 2 ? i : 'x')).join(',')}\n`);
    expect(result.columns.map(({ type }) => type)).toEqual(names.map((_, i) => (i % 2 ? 'int64' : 'utf8')));
    expect(await rows()).toHaveLength(1);
  });

  it('more columns than the limit are refused before anything is parsed', async () => {
    await expect(extract('a.csv', `${'a,'.repeat(100_000)}a\n`)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit: 'columns' },
    });
  });

  it('10,000 columns of one name are numbered, each in a few steps', () => {
    const { names } = dialectOf(`${'a,'.repeat(9_999)}a\n`, true, null);
    expect(new Set(names).size).toBe(10_000);
    expect(names.at(-1)).toBe('a_10000');
  });
});

describe('Parquet', () => {
  it.each(Object.entries(CHECKSUMMED))(
    'pages of version %s that do not have their checksum are refused, copied or decoded',
    async (_, file) => {
      for (const options of [{}, SNAPPY]) {
        await extract('a.parquet', file, options);
        expect(await rows()).toEqual(CHECKSUMMED_ROWS);
        const turned = Uint8Array.from(file);
        // The last value of the first dictionary, 3.
        expect(turned[34]).toBe(3);
        turned[34] = 4;
        await expect(extract('a.parquet', turned, options)).rejects.toMatchObject({
          code: 'PQ_MALFORMED_SOURCE',
          details: { column: 'n', rowGroup: 0 },
        });
      }
    },
  );

  it('a footer of zeros, each a struct to whoever decodes it, is refused before it fills the heap', async () => {
    const structs = 60_000_000;
    // FileMetaData: version, schema of one element without children, num_rows, row_groups (thrift-compact-protocol.md)
    const begin = [0x15, 2, 0x19, 0x1c, 0x48, 1, 0x72, 0, 0x16, 0, 0x19, 0xfc];
    const count = [0, 7, 14, 21].map((bits, i) => ((structs >> bits) & 0x7f) | (i < 3 ? 0x80 : 0));
    const footer = Buffer.concat([Buffer.from([...begin, ...count]), Buffer.alloc(structs + 1)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    const file = Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]);
    await expect(extract('a.parquet', file)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit: 'memory' },
    });
  });
});

describe('the first line of a CSV', () => {
  it.each([
    ['blanks and quotes', `${' '.repeat(500_000)}x${'"'.repeat(500_000)}\n1\n`],
    ['a date, blanks and what is none', `"2026-11-22${' '.repeat(500_000)}\nx"\n1\n`],
  ])('of half a million %s is read in linear time', (_, text) => {
    expect(dialectOf(text, true, null).names).toHaveLength(1);
  });

  it('in bytes that are no UTF-8 is refused, as rows are', async () => {
    const text = Buffer.from('café,b\n1,2\n', 'latin1');
    await expect(extract('a.csv', text)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE', details: { line: 1 } });
    await extract('b.csv', 'a \ufffd,b\n1,2\n');
    expect(await rows()).toEqual([{ 'a \ufffd': 1n, b: 2n }]);
  });

  it.each([
    ['a quote that is closed nowhere', 'a, "b\n1,x\n2,y\n'],
    ['quotes within a text', 'näme, ""0""",0\n1,2,3\n4,5,6\n'],
    ['text after a closing quote', '"a"b,c\n1,2\n'],
  ])('with %s is refused; it once took all rows for a part of it', async (_, text) => {
    await expect(extract('a.csv', text)).rejects.toMatchObject({ code: 'PQ_MALFORMED_SOURCE', details: { line: 1 } });
  });

  it('may have blank lines before it, which are no rows; it was once taken for one itself', async () => {
    for (const text of ['\n\na,b\n1,2\n', '\ufeff\r\na,b\r\n1,2\r\n', '\r\ra,b\r1,2']) {
      await extract('a.csv', text);
      expect(await rows()).toEqual([{ a: 1n, b: 2n }]);
    }
    await extract('a.csv', '\n\n1\n2\n');
    expect(await rows()).toEqual([{ column1: 1n }, { column1: 2n }]);
    const declared = { ...SNAPPY, columnTypes: { a: 'bigint' } };
    await expect(extract('a.csv', '\n\na,b\n1,2\nx,3\n', declared)).rejects.toMatchObject({ details: { line: 5 } });
  });

  it.each([
    ['before it', '\r\n\na,b\r\n1,2\r\n3,4\r\n'],
    ['in quotes', '"a\nb",c\r\n1,2\r\n3,4\r\n'],
  ])(
    'with line breaks of another kind %s is refused, whoever declares the types; rows were once lost',
    async (_, text) => {
      for (const columnTypes of [
        {},
        text.startsWith('"') ? { 'a\nb': 'bigint', c: 'bigint' } : { a: 'bigint', b: 'bigint' },
      ])
        await expect(extract('a.csv', text, { ...SNAPPY, columnTypes })).rejects.toMatchObject({
          details: { line: 1 },
        });
    },
  );

  it('and the rows lose the blanks around quotes alike', async () => {
    await extract('a.csv', 'a, "b, c" ,d\n1, "x, y" ,z\n');
    expect(await rows()).toEqual([{ a: 1n, 'b, c': 'x, y', d: 'z' }]);
  });
});
