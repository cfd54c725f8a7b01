/** The stage for reads in ranges: one dataset whose values tell their generation, and readers whose requests are counted. */
import { join } from 'node:path';
import { asyncBufferFromUrl, parquetReadObjects } from 'hyparquet';
import { generationsIn, writeTelling, type Telling } from '../fixtures/telling-parquet.ts';
import type { Stage } from './api-stage.ts';

export const RANGES_DATASETS =
  '  orders: { source: lake, path: "{file}.parquet", params: { file: { type: string } } }\n';

/** 1 MB in three row groups; sizes differ from one generation to the next. */
export const tellingOf = (generation: number, more: Partial<Telling> = {}): Telling => ({
  generation,
  rows: 15_000 + (generation % 7) * 100,
  rowGroupRows: 5_000,
  ...more,
});

export interface Counted {
  requests: number;
  bytes: number;
  /** `HEAD`, or the range asked for. */
  readonly asked: string[];
  readonly statuses: number[];
}

export async function moveHead(stage: Stage, file: string, telling: Telling): Promise<void> {
  await writeTelling(join(stage.base, 'lake', `${file}.parquet`), telling);
}

/** One of many readers: its own User-Agent makes it known. */
export function countedFetch(agent: string, headers: Record<string, string> = {}) {
  const counted: Counted = { requests: 0, bytes: 0, asked: [], statuses: [] };
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const given = new Headers(init.headers);
    for (const [name, value] of Object.entries({ 'user-agent': agent, ...headers })) given.set(name, value);
    const response = await fetch(input, { ...init, headers: given });
    counted.requests += 1;
    counted.statuses.push(response.status);
    counted.asked.push(init.method === 'HEAD' ? 'HEAD' : (given.get('range') ?? 'whole'));
    if (init.method !== 'HEAD') counted.bytes += Number(response.headers.get('content-length'));
    return response;
  };
  return { counted, fetch: send as typeof fetch };
}

export interface Reading {
  readonly generations: readonly number[];
  readonly rows: number;
  readonly counted: Counted;
}

/** One whole read: HEAD, footer, columns. `between` runs after the footer was read. */
export async function readTelling(
  url: string,
  options: {
    readonly agent: string;
    readonly columns?: readonly string[];
    readonly between?: () => Promise<void>;
    readonly headers?: Record<string, string>;
  },
): Promise<Reading> {
  const { counted, fetch: send } = countedFetch(options.agent, options.headers);
  const file = await asyncBufferFromUrl({ url, fetch: send });
  let between = options.between;
  const slice: typeof file.slice = async (start, end) => {
    const now = counted.asked.length === 2 ? between : undefined;
    if (now !== undefined) between = undefined;
    await now?.();
    return await file.slice(start, end);
  };
  const rows = await parquetReadObjects({
    file: { byteLength: file.byteLength, slice },
    columns: [...(options.columns ?? ['g', 'n3', 'n7'])],
  });
  return { generations: generationsIn(rows), rows: rows.length, counted };
}
