/** The files of the demonstration and of examples/parqueue.yaml, and how they come to be. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateFile } from '@parqueue/core/parquet';

export interface DemoFile {
  /** Relative to the data folder. */
  readonly path: string;
  readonly format: 'parquet' | 'csv';
  readonly rows: number;
}

export const SALES: DemoFile = { path: 'sales.parquet', format: 'parquet', rows: 500_000 };
export const PRICES: DemoFile = { path: 'prices/xetra.csv', format: 'csv', rows: 100_000 };

const SEED = 2026;

/** Replaces the file in one step. @returns its size. */
export async function writeDemoFile(folder: string, file: DemoFile, revision: number): Promise<number> {
  const path = join(folder, file.path);
  mkdirSync(dirname(path), { recursive: true });
  const { bytes } = await generateFile({ path, format: file.format, rows: file.rows, seed: SEED, revision });
  return bytes;
}

/** Writes what is not there yet, and leaves alone what is: somebody may have edited it. */
export async function ensureDemoData(folder: string): Promise<readonly string[]> {
  const written: string[] = [];
  for (const file of [SALES, PRICES]) {
    const path = join(folder, file.path);
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    await writeDemoFile(folder, file, 1);
    written.push(path);
  }
  return written;
}
