/**
 * Results larger than a thread's memory, through a real worker: what a load holds in memory does not depend on how many
 * rows it has. `npm run large [-- ROWS]` does it with more of them, and tells how fast they went.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqlStage } from './sql-stage.ts';
import type { SqlSubject, SubjectDatabase } from './sql-subject.ts';

const ROWS = Number(process.env['PARQUEUE_LARGE_ROWS'] ?? 2_000_000);
const FEW_ROWS = Math.min(200_000, ROWS);
/**
 * What the second load may take more than the first one. Its rows are a hundred bytes and more each, several times that as
 * values of JavaScript: held in memory, two million of them would be over half a gigabyte.
 */
const MORE_BYTES_MAX = 256 * 2 ** 20;
const TIMEOUT_MS = 120_000 + ROWS / 10;

export function sqlLarge(subject: SqlSubject): void {
  let stage: SqlStage<SubjectDatabase>;

  const dataset = (name: string, rows: number): string => {
    const sql = `select ${subject.row} from ${subject.series(rows)}`.replaceAll(/\s+/g, ' ');
    return `  ${name}: { source: db, sql: "${sql}", freshness: { version: ttl, maxAge: 1d } }`;
  };

  beforeEach(async () => {
    stage = await SqlStage.open(await subject.open(), {
      datasets: [dataset('few', FEW_ROWS), dataset('many', ROWS)].join('\n'),
      worker: 'threads: 1, threadMemory: 256MiB',
    });
  });

  afterEach(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test(
    `${ROWS.toLocaleString('en')} rows take no more memory than ${FEW_ROWS.toLocaleString('en')} do`,
    { timeout: TIMEOUT_MS },
    async () => {
      const worker = await stage.startWorker();
      const load = async (name: string): Promise<{ rows: number; seconds: number }> => {
        const began = performance.now();
        // A client has limits of its own for an answer that does not begin: it asks again instead.
        let response: Response;
        do {
          response = await stage.get(`/v1/datasets/${name}/data`, { prefer: 'wait=60' }, 'HEAD');
        } while (response.status === 202);
        const { status, headers } = response;
        if (status !== 200) throw new Error(await (await stage.get(`/v1/datasets/${name}.parquet`)).text());
        return { rows: Number(headers.get('parqueue-rows')), seconds: (performance.now() - began) / 1000 };
      };
      expect((await load('few')).rows).toBe(FEW_ROWS);
      const before = peakBytes(worker.pid);
      const { rows, seconds } = await load('many');
      const after = peakBytes(worker.pid);
      const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
      console.log(
        `${subject.product}: ${rows} rows in ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s;`
          + ` peak memory of the worker ${mebibytes(after)} MiB, ${mebibytes(before)} MiB after ${FEW_ROWS} rows`,
      );
      expect(rows).toBe(ROWS);
      expect(after - before).toBeLessThan(MORE_BYTES_MAX);
      const last = await stage.get(`/v1/datasets/many.json?columns=id,name&limit=1&offset=${ROWS - 1}`);
      expect(await last.json()).toEqual([{ id: ROWS, name: `a customer of some renown, number ${ROWS}` }]);
    },
  );
}

/** The most physical memory that the process ever had, as Linux counts it; elsewhere nothing is known. */
function peakBytes(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
