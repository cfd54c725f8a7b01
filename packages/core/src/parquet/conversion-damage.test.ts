/** Files that are not what they were, and files that parquet-wasm cannot decode. Each trap leaves this process's WebAssembly undefined. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { convert, wishFor, writeTable } from '../testing/converted.ts';
import { openConversion, type ConversionWish } from './conversion.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-damage-'));
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

describe('damage', () => {
  test('that changed the size, or took the file away, is told before anything is read', async () => {
    await expect(openConversion({ ...counting, bytes: counting.bytes + 1 })).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
    });
    await expect(openConversion({ ...counting, path: nextPath() })).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
      details: { errno: -2 },
    });
  });

  test('of the footer is told before anything is read', async () => {
    const path = nextPath();
    writeFileSync(path, readFileSync(counting.path).fill(0xff, counting.bytes - 60, counting.bytes - 8));
    await expect(openConversion(wishFor(path))).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
    writeFileSync(path, 'no Parquet at all, and long enough to be read');
    await expect(openConversion(wishFor(path))).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
  });

  test('of the first rows is an error of the first chunk, that of later ones breaks the stream', async () => {
    const noise = Array.from({ length: 80_000 }, (_, at) => `${at}:${(at * 7919) % 10_007}`);
    const wish = write({ text: arrow.vectorFromArray(noise, new arrow.Utf8()) }, 40_000);
    const early = { ...wish, path: nextPath(), format: 'csv' } as const;
    copyFileSync(wish.path, early.path);
    writeFileSync(early.path, readFileSync(wish.path).fill(0xee, 4, 2000));
    await using broken = await openConversion(early);
    await expect(broken.chunks().next()).rejects.toMatchObject({
      code: 'PQ_INTERNAL',
      details: { recycleThread: true },
    });

    const late = { ...early, path: nextPath() };
    const bytes = readFileSync(wish.path);
    const second = Math.floor(statSync(wish.path).size / 2) + 2000;
    writeFileSync(late.path, bytes.fill(0xee, second, second + 40_000));
    await using conversion = await openConversion(late);
    const seen: Uint8Array[] = [];
    await expect(
      (async () => {
        for await (const chunk of conversion.chunks()) seen.push(chunk);
      })(),
    ).rejects.toMatchObject({ code: 'PQ_INTERNAL', details: { recycleThread: true } });
    expect(seen.length).toBeGreaterThan(0);
  });

  test('after the first chunk is met only when the next ones are asked for: nothing is read ahead', async () => {
    const noise = Array.from({ length: 90_000 }, (_, at) => `${at}:${(at * 7919) % 10_007}`);
    const wish = write({ text: arrow.vectorFromArray(noise, new arrow.Utf8()) }, 30_000);
    await using conversion = await openConversion({ ...wish, format: 'csv' });
    const chunks = conversion.chunks();
    expect((await chunks.next()).done).toBe(false);
    // The same file, shorter: what was read before is all that can still come.
    truncateSync(wish.path, 4);
    await expect(
      (async () => {
        while ((await chunks.next()).done !== true);
      })(),
    ).rejects.toMatchObject({ code: 'PQ_STORE_IO', details: { recycleThread: true } });
  });

  test('of columns that are not named is not noticed: they are not read', async () => {
    const noise = Array.from({ length: 2000 }, (_, at) => `${at} ${(at * 7919) % 10_007}`);
    const wish = write({ text: arrow.vectorFromArray(noise, new arrow.Utf8()), n: numbersTo(2000) });
    const bytes = readFileSync(wish.path);
    bytes.fill(0xee, 4, 200);
    const damaged = { ...wish, path: nextPath() };
    writeFileSync(damaged.path, bytes);
    expect(await convert({ ...damaged, columns: ['n'] })).toMatchObject({ rows: 2000 });
    await expect(convert(damaged)).rejects.toMatchObject({ code: 'PQ_INTERNAL', details: { recycleThread: true } });
  });
});
