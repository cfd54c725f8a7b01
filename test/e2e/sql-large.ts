/**
 * Results larger than a thread's memory, through a real worker: what a load holds in memory does not depend on how many
 * rows it has. `npm run large [-- ROWS]` does it with more of them, and tells how fast they went.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqlStage } from './sql-stage.ts';
import type { SqlSubject, SubjectDatabase } from './sql-subject.ts';

const LARGE_ROWS = process.env['PARQUEUE_LARGE_ROWS'];
const FEW_ROWS = 200_000;
/**
 * What the second load may take more than the first one. Rows are a hundred bytes and more each, several times that as
 * values of JavaScript: held in memory, two million of them would be over half a gigabyte; so would four million numbers.
 */
const MORE_BYTES_MAX = 256 * 2 ** 20;

interface Shape {
  readonly what: string;
  readonly rows: number;
  /** Of the column `seq`. */
  readonly row: string;
}

export function sqlLarge(subject: SqlSubject): void {
  const shapes: readonly Shape[] = [
    { what: 'rows', rows: Number(LARGE_ROWS ?? 2_000_000), row: subject.row },
    { what: 'numbers', rows: Number(LARGE_ROWS ?? 4_000_000), row: 'seq as id' },
  ];
  let stage: SqlStage<SubjectDatabase>;

  const dataset = (name: string, { row }: Shape, rows: number): string => {
    const sql = `select ${row} from ${subject.series(rows)}`.replaceAll(/\s+/g, ' ');
    return `  ${name}: { source: db, sql: "${sql}", freshness: { version: ttl, maxAge: 1d } }`;
  };

  beforeEach(async () => {
    stage = await SqlStage.open(await subject.open(), {
      datasets: shapes
        .flatMap((shape) => [
          dataset(`few_${shape.what}`, shape, FEW_ROWS),
          dataset(`many_${shape.what}`, shape, shape.rows),
        ])
        .join('\n'),
      worker: 'threads: 1, threadMemory: 256MiB',
    });
  });

  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
  });

  const load = async (name: string): Promise<{ rows: number; seconds: number }> => {
    const began = performance.now();
    const path = `/v1/datasets/${name}/data`;
    const first = await stage.get(path, { prefer: 'respond-async' }, 'HEAD');
    const fill = first.headers.get('location');
    // Asked for again, it would be another question: the load that runs began before it.
    while (fill !== null && ((await (await stage.get(fill)).json()) as { state: string }).state !== 'finished') {
      await sleep(250);
    }
    const { status, headers } = await stage.get(path, {}, 'HEAD');
    if (status !== 200) throw new Error(await (await stage.get(path)).text());
    return { rows: Number(headers.get('parqueue-rows')), seconds: (performance.now() - began) / 1000 };
  };

  test.each(shapes)(
    '$rows $what take no more memory than 200,000 do',
    { timeout: 120_000 + Number(LARGE_ROWS ?? 0) / 10 },
    async ({ what, rows }) => {
      const worker = await stage.startWorker();
      expect((await load(`few_${what}`)).rows).toBe(FEW_ROWS);
      const before = peakBytes(worker.pid);
      const many = await load(`many_${what}`);
      const after = peakBytes(worker.pid);
      const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
      console.log(
        `${subject.product}: ${rows} ${what} in ${many.seconds.toFixed(1)} s, ${Math.round(rows / many.seconds)} a second;`
          + ` peak memory of the worker ${mebibytes(after)} MiB, ${mebibytes(before)} MiB after ${FEW_ROWS}`,
      );
      expect(many.rows).toBe(rows);
      expect(after - before).toBeLessThan(MORE_BYTES_MAX);
      const last = await stage.get(`/v1/datasets/many_${what}.json?columns=id&limit=1&offset=${rows - 1}`);
      expect(await last.json()).toEqual([{ id: rows }]);
    },
  );
}

/** The most physical memory that the process ever had, as Linux counts it; elsewhere nothing is known. */
function peakBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
