/** Windows, projections, chunks, damage, and what is freed of a conversion that is left. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { convert, convertToText, writeTable } from '../testing/converted.ts';
import { openConversion, type ConversionWish } from './conversion.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-conversion-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
const nextPath = (): string => join(dir, `${(files += 1)}.parquet`);
const write = (columns: Record<string, arrow.Vector>, rowGroupRows?: number): ConversionWish =>
  writeTable(nextPath(), new arrow.Table(columns), rowGroupRows);

const numbersTo = (count: number): arrow.Vector =>
  arrow.vectorFromArray(
    Array.from({ length: count }, (_, at) => at),
    new arrow.Int32(),
  );

const counting = write({ n: numbersTo(2500) });
const grouped = write({ n: numbersTo(2500) }, 111);
const named = write({
  a: numbersTo(3),
  'b.c': arrow.vectorFromArray(['x', 'y', 'z'], new arrow.Utf8()),
  b: arrow.vectorFromArray(
    [{ c: 1 }, { c: 2 }, null],
    new arrow.Struct([new arrow.Field('c', new arrow.Int32(), true)]),
  ),
  é: numbersTo(3),
  éa: arrow.vectorFromArray([true, false, true], new arrow.Bool()),
  ö: arrow.vectorFromArray(
    [{ d: 4 }, null, { d: 5 }],
    new arrow.Struct([new arrow.Field('d', new arrow.Int32(), true)]),
  ),
});

async function rowsOf(wish: ConversionWish): Promise<readonly Record<string, unknown>[]> {
  const { bytes } = await convert({ ...wish, format: 'json' });
  return JSON.parse(bytes.toString()) as Record<string, unknown>[];
}

describe('a window', () => {
  test.each([
    { offset: 0, limit: 3, first: 0, count: 3 },
    { offset: 998, limit: 4, first: 998, count: 4 },
    { offset: 999, limit: 1, first: 999, count: 1 },
    { offset: 1000, limit: 1000, first: 1000, count: 1000 },
    { offset: 2498, limit: 10, first: 2498, count: 2 },
    { offset: 2499, limit: null, first: 2499, count: 1 },
    { offset: 0, limit: null, first: 0, count: 2500 },
    { offset: 2500, limit: 10, first: 0, count: 0 },
    { offset: 999_999, limit: null, first: 0, count: 0 },
    { offset: 3, limit: 0, first: 0, count: 0 },
  ])(
    'of $limit rows after $offset has each of them once, across row groups',
    async ({ offset, limit, first, count }) => {
      const expected = Array.from({ length: count }, (_, at) => first + at);
      for (const wish of [counting, grouped]) {
        const { bytes, rows, rowsTotal } = await convert({ ...wish, offset, limit });
        expect((JSON.parse(bytes.toString()) as { n: number }[]).map(({ n }) => n)).toEqual(expected);
        expect({ rows, rowsTotal }).toEqual({ rows: count, rowsTotal: 2500 });
        const table = arrow.tableFromIPC((await convert({ ...wish, offset, limit, format: 'arrow' })).bytes);
        expect([...(table.getChild('n') ?? [])]).toEqual(expected);
      }
    },
  );
});

describe('columns', () => {
  test('come in the order they were named', async () => {
    expect(await convertToText({ ...named, columns: ['b', 'a'], format: 'csv' })).toBe(
      'b,a\r\n"{""c"":1}",0\r\n"{""c"":2}",1\r\n,2\r\n',
    );
  });

  test.each([
    ['a'],
    ['b.c'],
    ['b'],
    ['é'],
    ['éa'],
    ['ö'],
    ['ö', 'éa', 'é'],
    ['b', 'b.c'],
    ['éa', 'b.c', 'ö', 'a', 'b', 'é'],
  ])(
    'named %s have the values they have among all, whatever letters and dots are in their names',
    async (...columns) => {
      const all = await rowsOf(named);
      expect(all).toHaveLength(3);
      const chosen = all.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])));
      expect(await rowsOf({ ...named, columns })).toEqual(chosen);
      const table = arrow.tableFromIPC((await convert({ ...named, columns, format: 'arrow' })).bytes);
      expect(table.schema.fields.map(({ name }) => name)).toEqual(columns);
      expect(JSON.parse(JSON.stringify(table.toArray()))).toEqual(chosen);
    },
  );

  test('that are not there, named twice or none at all are refused with what there is', async () => {
    const refusal = (columns: readonly string[]) => openConversion({ ...named, columns });
    await expect(refusal(['nope'])).rejects.toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      message: expect.stringContaining('"nope"; there are "a", "b.c", "b"') as string,
    });
    await expect(refusal(['a', 'b', 'a'])).rejects.toMatchObject({ code: 'PQ_INVALID_REQUEST' });
    await expect(refusal([])).rejects.toMatchObject({ code: 'PQ_INVALID_REQUEST' });
  });
});

describe('chunks', () => {
  const noisy = write(
    {
      t: arrow.vectorFromArray(
        Array.from({ length: 60_000 }, (_, at) => `row ${at} `.repeat(3)),
        new arrow.Utf8(),
      ),
    },
    20_000,
  );

  test.each(['arrow', 'csv', 'json', 'ndjson'] as const)(
    'of %s own their buffers and are 64 KiB to 1 MiB',
    async (format) => {
      const { chunks } = await convert({ ...noisy, format });
      expect(chunks.length).toBeGreaterThan(3);
      expect(chunks.every(({ byteLength, buffer }) => byteLength > 0 && buffer.byteLength === byteLength)).toBe(true);
      expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(chunks.length);
      expect(Math.max(...chunks.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(1024 * 1024);
      // The last one, and the rest of a batch that was cut at 1 MiB, are what is left.
      const small = chunks.slice(0, -1).filter(({ byteLength }) => byteLength < 64 * 1024);
      expect(small.length).toBeLessThanOrEqual(format === 'arrow' ? chunks.length / 2 : 0);
    },
  );

  test('may be taken from the buffers of others without harm: transferred ones are never read again', async () => {
    await using conversion = await openConversion({ ...noisy, format: 'csv' });
    const moved: Uint8Array[] = [];
    for await (const chunk of conversion.chunks())
      moved.push(new Uint8Array(structuredClone(chunk.buffer, { transfer: [chunk.buffer] })));
    expect(Buffer.concat(moved).equals((await convert({ ...noisy, format: 'csv' })).bytes)).toBe(true);
  });

  test('of a cell larger than a batch come like any others', async () => {
    const wide = `"${'ä,\n'.repeat(2_500_000)}`;
    const wish = write({
      i: numbersTo(4),
      t: arrow.vectorFromArray(['a', wide, null, 'b'], new arrow.Utf8()),
    });
    for (const format of ['csv', 'arrow'] as const) {
      const { bytes, chunks } = await convert({ ...wish, format });
      expect(Math.max(...chunks.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(1024 * 1024);
      const csv = `i,t\r\n0,a\r\n1,"""${wide.slice(1)}"\r\n2,\r\n3,b\r\n`;
      // Not toBe: on failure it would compare 10 MB line by line.
      if (format === 'csv') expect(bytes.equals(Buffer.from(csv))).toBe(true);
      if (format === 'arrow') expect(arrow.tableFromIPC(bytes).getChild('t')?.get(1) === wide).toBe(true);
    }
  });
});

describe('a conversion that is left', () => {
  const openFiles = (path: string): number =>
    process.platform === 'linux' ? readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === path).length : 0;

  test('early closes its file, and may be disposed of again', async () => {
    const conversion = await openConversion({ ...grouped, format: 'ndjson' });
    for await (const chunk of conversion.chunks()) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await conversion[Symbol.asyncDispose]();
    expect(openFiles(grouped.path)).toBe(0);
  });

  test('before it began closes its file, and one that waits for its reader too', async () => {
    const unread = await openConversion(counting);
    await unread[Symbol.asyncDispose]();
    const paused = await openConversion({ ...counting, path: counting.path, format: 'arrow' });
    const chunks = paused.chunks();
    await chunks.next();
    await paused[Symbol.asyncDispose]();
    expect(openFiles(counting.path)).toBe(0);
  });

  test('again and again leaves no memory behind', async () => {
    const leave = async (): Promise<void> => {
      await using conversion = await openConversion({ ...counting, format: 'arrow' });
      const chunks = conversion.chunks();
      await chunks.next();
      await chunks.return();
    };
    for (let time = 0; time < 50; time += 1) await leave();
    const growths: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const before = process.memoryUsage().rss;
      for (let time = 0; time < 100; time += 1) await leave();
      growths.push(process.memoryUsage().rss - before);
    }
    // What is left behind is so in each round; what the collector has not seen yet is not.
    expect(Math.min(...growths)).toBeLessThan(16 * 1024 * 1024);
  });
});

function linkOf(fd: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
}
