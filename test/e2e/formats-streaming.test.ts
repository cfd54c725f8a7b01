/**
 * Converted answers of any size on a real stage: what is held in memory, what a caller's manners cost the others, and
 * what becomes of an answer whose file is damaged under it. Counted in bytes and conversions, never in time.
 */
import { once } from 'node:events';
import { rm, truncate } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateFile } from '@parqueue/core/parquet';
import { RecordBatchReader } from 'apache-arrow';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Stage } from './api-stage.ts';

const ROWS = 300_000;
const MIB = 1024 * 1024;
/** Chunks of 1 MiB at most: one being made, one on its way, one being written. */
const UNSENT_BYTES_MAX = 3 * MIB;
/** What the two sockets of a loopback connection may hold: Linux gives a sender 4 MiB and a receiver 6 MiB at most. */
const KERNEL_BYTES_MAX = 12 * MIB;

let stage: Stage;
const open: IncomingMessage[] = [];

beforeAll(async () => {
  stage = await Stage.open({
    datasets:
      '  large: { source: lake, path: large.csv, parquet: { rowGroupRows: 20000 }, freshness: { maxAge: 1h } }\n',
  });
  const path = join(stage.base, 'lake', 'large.csv');
  await generateFile({ path, format: 'csv', rows: ROWS, seed: 5, revision: 1 });
  const first = await stage.get('/v1/datasets/large.parquet', {}, 'HEAD');
  expect(first.status).toBe(200);
});

afterEach(async () => {
  for (const answer of open.splice(0)) answer.destroy();
  await until(async () => (await running()) === 0);
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const running = (): Promise<number> => stage.metric('parqueue_conversions ');

/** Until what must come about has; the test's own time limit is the only one. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

/** An answer of which nothing is read yet. */
async function ask(path: string): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${stage.url}${path}`, { agent: false }, resolve).on('error', reject).end();
  });
  open.push(answer);
  return answer;
}

/** @returns the bytes taken; fewer than asked for at the end only */
async function take(answer: IncomingMessage, bytes: number): Promise<number> {
  let taken = 0;
  while (taken < bytes) {
    const chunk = answer.read() as Buffer | null;
    if (chunk !== null) taken += chunk.length;
    else if (answer.readableEnded) return taken;
    else await newsOf(answer);
  }
  return taken;
}

/** More to read, the end, or what broke it. */
async function newsOf(answer: IncomingMessage): Promise<void> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    await Promise.race([once(answer, 'readable', { signal }), once(answer, 'end', { signal })]);
  } finally {
    heard.abort();
  }
}

async function partPath(): Promise<string> {
  const response = await stage.post('/v1/resolve', { dataset: 'large' });
  return ((await response.json()) as { file: { path: string } }).file.path;
}

test('a large answer is made at the pace of its reader: what is made and not sent stays within a few chunks', async () => {
  const counted = (): Promise<number> => stage.metric('parqueue_conversion_bytes_total', { format: 'ndjson' });
  const before = await counted();
  const answer = await ask('/v1/datasets/large.ndjson');
  let taken = 0;
  for (;;) {
    const got = await take(answer, 4 * MIB);
    taken += got;
    expect(await stage.metric('parqueue_conversion_unsent_bytes')).toBeLessThanOrEqual(UNSENT_BYTES_MAX);
    expect((await counted()) - before).toBeLessThanOrEqual(taken + KERNEL_BYTES_MAX);
    if (got < 4 * MIB) break;
  }
  expect(taken).toBeGreaterThan(3 * KERNEL_BYTES_MAX);
  await until(async () => (await counted()) - before === taken);
});

test('callers who take nothing hold up nobody: another reads all rows past them', async () => {
  const slow = await Promise.all(Array.from({ length: 6 }, () => ask('/v1/datasets/large.csv')));
  expect(await running()).toBe(slow.length);
  const response = await stage.get('/v1/datasets/large.arrow');
  let rows = 0;
  for await (const batch of await RecordBatchReader.from(response.body as ReadableStream)) rows += batch.numRows;
  expect(rows).toBe(ROWS);
  expect(await (await stage.get('/v1/datasets/large.json?limit=1&columns=id')).json()).toEqual([{ id: 0 }]);
  expect(await stage.metric('parqueue_conversion_unsent_bytes')).toBeLessThanOrEqual(6 * UNSENT_BYTES_MAX);
});

test('a caller who leaves stops the work for it', async () => {
  const left = (): Promise<number> => stage.metric('parqueue_conversions_total', { outcome: 'caller-left' });
  const before = await left();
  const answer = await ask('/v1/datasets/large.ndjson');
  await take(answer, MIB);
  expect(await running()).toBe(1);
  answer.destroy();
  await until(async () => (await running()) === 0);
  expect(await left()).toBe(before + 1);
  expect(await stage.metric('parqueue_conversion_unsent_bytes')).toBe(0);
  expect(await stage.metric('parqueue_pins ')).toBe(0);
});

test('more conversions than may run are answered 429 with a time to come back, and Parquet goes on', async () => {
  const urls = Array.from({ length: 32 }, () => '/v1/datasets/large.csv?columns=id,ts,note');
  const slow = await Promise.all(urls.map(ask));
  expect(new Set(slow.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
  const refused = await stage.get('/v1/datasets/large.csv?columns=id,ts,note');
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 2]);
  expect((await stage.get('/v1/datasets/large.parquet')).status).toBe(200);
});

test('damage under a running answer breaks its connection, and the next ask is answered from new files', async () => {
  const answer = await ask('/v1/datasets/large.ndjson');
  await take(answer, MIB);
  await truncate(await partPath(), 200_000);
  await expect(take(answer, Number.POSITIVE_INFINITY)).rejects.toThrow('aborted');
  await until(async () => stage.logged.some((line) => line.includes('a conversion failed while it was sent')));
  expect(await stage.metric('parqueue_conversions_total', { outcome: 'broken' })).toBe(1);

  const next = await stage.get('/v1/datasets/large.csv?limit=2&offset=290000');
  expect([next.status, (await next.text()).split('\r\n').length]).toEqual([200, 4]);
});

test('a file that is gone is replaced before anything is said', async () => {
  await rm(await partPath());
  const next = await stage.get('/v1/datasets/large.json?limit=1');
  expect([next.status, next.headers.get('cache-status')]).toEqual([200, expect.stringContaining('fwd=miss') as string]);
  expect(await next.json()).toHaveLength(1);
});
