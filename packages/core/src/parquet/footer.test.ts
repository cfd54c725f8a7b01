/** What a footer may claim, and what is told of how wide the values are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import * as parquet from 'parquet-wasm';
import { afterAll, expect, test } from 'vitest';
import { readFooterOf } from './footer.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-footer-'));
const path = join(dir, 'part.parquet');
afterAll(() => rmSync(dir, { recursive: true }));

/** Below 64 in size: one byte, its sign in the lowest bit. */
const whole = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** A file of no columns whose row groups claim so many rows. */
function claiming(rows: number, ...groups: readonly number[]): Buffer {
  const schema = [0x19, 0x1c, 0x48, 0x01, 0x61, 0x15, whole(0), 0x00];
  const rowGroups = groups.flatMap((count) => [0x19, 0x0c, 0x26, whole(count), 0x00]);
  const footer = [0x15, whole(1), ...schema, 0x16, whole(rows), 0x19, (groups.length << 4) | 0x0c, ...rowGroups, 0x00];
  return Buffer.concat([
    Buffer.from('PAR1'),
    Buffer.from(footer),
    Buffer.from([footer.length, 0, 0, 0]),
    Buffer.from('PAR1'),
  ]);
}

test('row groups that claim fewer rows than none are no Parquet file, even where their sum is right', async () => {
  writeFileSync(path, claiming(10, 7, 3));
  expect((await readFooterOf(path)).rowGroups.map(({ rows }) => rows)).toEqual([7, 3]);
  writeFileSync(path, claiming(10, -5, 15));
  await expect(readFooterOf(path)).rejects.toThrow('num_rows of a row group of -5');
});

test('texts and bytes that are kept once, or without what they share, are told; numbers never', async () => {
  const table = new arrow.Table({
    text: arrow.vectorFromArray(['a', 'a', 'b'], new arrow.Utf8()),
    bytes: arrow.vectorFromArray([Uint8Array.of(1), Uint8Array.of(1), null], new arrow.Binary()),
    number: arrow.vectorFromArray([1, 1, null], new arrow.Int32()),
  });
  const abridged = async (properties: parquet.WriterPropertiesBuilder): Promise<readonly string[]> => {
    const written = parquet.Table.fromIPCStream(arrow.tableToIPC(table, 'stream'));
    writeFileSync(path, parquet.writeParquet(written, properties.build()));
    const [group] = (await readFooterOf(path)).rowGroups;
    expect(group?.chunks.map(({ values }) => values)).toEqual([3, 3, 3]);
    return (group?.chunks ?? []).filter(({ isAbridged }) => isAbridged).map((chunk) => chunk.path.join('.'));
  };
  expect(await abridged(new parquet.WriterPropertiesBuilder())).toEqual(['text', 'bytes']);
  expect(await abridged(new parquet.WriterPropertiesBuilder().setDictionaryEnabled(false))).toEqual([]);
  const shared = new parquet.WriterPropertiesBuilder()
    .setDictionaryEnabled(false)
    .setColumnEncoding('text', parquet.Encoding.DELTA_BYTE_ARRAY);
  expect(await abridged(shared)).toEqual(['text']);
});
