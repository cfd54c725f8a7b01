/** `parqueue generate`: a file of test data, equal for equal arguments, replaced in one step. */
import { mkdirSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { generateFile } from '@parqueue/core/parquet';
import progress from 'cli-progress';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { spellBytes, spellCount, spellMs } from '../output/units.ts';

export interface GenerateOptions {
  readonly rows: number;
  readonly seed: number;
  readonly revision: number;
  readonly format?: 'parquet' | 'csv';
  readonly json?: boolean;
}

export async function generate(context: Context, file: string, options: GenerateOptions): Promise<void> {
  const path = resolve(context.cwd, file);
  const format = options.format ?? formatOf(path);
  mkdirSync(dirname(path), { recursive: true });
  const began = context.clock.now();
  const bar = context.interactive && options.json !== true ? startBar(options.rows) : null;
  const made = await generateFile({
    path,
    format,
    rows: options.rows,
    seed: options.seed,
    revision: options.revision,
    onRows: (rows) => bar?.update(rows),
  }).finally(() => bar?.stop());
  const ms = context.clock.now() - began;
  if (options.json === true) {
    context.out(JSON.stringify({ file: path, format, ...made, seed: options.seed, revision: options.revision, ms }));
    return;
  }
  context.out(`${path}: ${spellCount(made.rows)} rows, ${spellBytes(made.bytes)} in ${spellMs(ms)}`);
}

function startBar(rows: number): progress.SingleBar {
  const bar = new progress.SingleBar({
    format: 'writing {bar} {value} of {total} rows',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(rows, 0);
  return bar;
}

function formatOf(path: string): 'parquet' | 'csv' {
  const extension = extname(path).toLowerCase();
  if (extension === '.parquet') return 'parquet';
  if (extension === '.csv') return 'csv';
  throw new UsageError(`${path} ends neither with .parquet nor .csv: say which with --format`);
}
