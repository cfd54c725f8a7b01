import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '@parqueue/core';
import type { ConversionWish } from '@parqueue/core/parquet';
import { ConversionPool, type PoolLimits } from './conversion-pool.ts';
import type { ConvertedBody } from './converted-body.ts';

const CHUNK = 64 * 1024;
const entry = new URL('../../test/odd-conversion.thread.mjs', import.meta.url);
const clock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};
const pools: ConversionPool[] = [];
const troubles: unknown[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  expect(troubles.splice(0)).toEqual([]);
});

function makePool(limits: Partial<PoolLimits> = {}, clockOfPool: Clock = clock): ConversionPool {
  const onTrouble = (error: unknown): void => void troubles.push(error);
  const pool = new ConversionPool({ clock: clockOfPool, onTrouble, threads: 1, entry, limits });
  pools.push(pool);
  return pool;
}

/** Waits of `ms` are over when the test says so; the others take their time. */
function waitingFor(ms: number): { readonly clock: Clock; readonly end: () => void } {
  const over = new AbortController();
  const { now, sleep: wait } = clock;
  return {
    clock: {
      now,
      sleep: async (waitMs, signal) => {
        if (waitMs !== ms) return await wait(waitMs, signal);
        await aborted(AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]));
        signal?.throwIfAborted();
      },
    },
    end: () => over.abort(),
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** @param memoryBytes what the conversion says that it holds */
function wish(behaviour: string, memoryBytes = 0): ConversionWish {
  return {
    path: behaviour,
    bytes: memoryBytes,
    format: 'csv',
    columns: null,
    offset: 0,
    limit: null,
    numbers: 'exact',
  };
}

const open = (pool: ConversionPool, behaviour: string, memoryBytes?: number): Promise<ConvertedBody> =>
  pool.open(wish(behaviour, memoryBytes), 'identity', { sharer: null, signal: new AbortController().signal });

async function read(body: ConvertedBody): Promise<number> {
  await using _body = body;
  let bytes = 0;
  for await (const chunk of body.chunks()) bytes += chunk.length;
  return bytes;
}

/** Until what must come about has; the test's own time limit is the only one. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe('a body', () => {
  test('comes whole and in order, and its length is known when it is short', async () => {
    const pool = makePool();
    expect((await open(pool, 'chunks 0')).length).toBe(0);
    const body = await open(pool, 'chunks 40');
    expect(body.length).toBeNull();
    const firsts: number[] = [];
    for await (const [first] of body.chunks()) firsts.push(first ?? -1);
    expect(firsts).toEqual(Array.from({ length: 40 }, (_, at) => at));
    await body[Symbol.asyncDispose]();
  });

  test('that is made to its end holds nothing of the thread, however slowly it is taken', async () => {
    const pool = makePool({ running: 1 });
    const short = await open(pool, 'chunks 0');
    expect(await read(await open(pool, 'chunks 1'))).toBe(CHUNK);
    expect(await read(short)).toBe(0);
  });

  test('of which nothing is taken is made no further than a few chunks', async () => {
    const pool = makePool();
    await using slow = await open(pool, 'endless');
    await until(() => pool.unsentBytes === 3 * CHUNK);
    // Others go on meanwhile on the same thread; each of their chunks is a turn in which the slow one could have gone on.
    expect(await read(await open(pool, 'chunks 200'))).toBe(200 * CHUNK);
    expect(pool.unsentBytes).toBe(3 * CHUNK);
    const { value } = await slow.chunks().next();
    expect(value?.length).toBe(CHUNK);
  });

  test('that is left stops its thread from working for it', async () => {
    const pool = makePool();
    const body = await open(pool, 'endless');
    expect(pool.running).toBe(1);
    await body[Symbol.asyncDispose]();
    expect(pool.running).toBe(0);
    expect(await read(await open(pool, 'chunks 2'))).toBe(2 * CHUNK);
  });

  test('whose caller leaves before its beginning is given up', async () => {
    const pool = makePool({ running: 1 });
    const caller = new AbortController();
    await using _other = await open(pool, 'endless');
    const waiting = pool.open(wish('chunks 1'), 'identity', { sharer: null, signal: caller.signal });
    await until(() => pool.waiting === 1);
    caller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(pool.waiting).toBe(0);
  });

  test('whose thread does not let go ends the thread', async () => {
    const pool = makePool({ newsMs: 50, stopGraceMs: 50 });
    await expect(open(pool, 'spin 0')).rejects.toMatchObject({ code: 'PQ_LIMIT_EXCEEDED' });
    expect(pool.running).toBe(0);
    const late = makePool();
    expect(await read(await open(late, 'chunks 1'))).toBe(CHUNK);
  });
});

describe('a trap', () => {
  test('before the first chunk is an answer of its own, and the next conversion has another thread', async () => {
    const pool = makePool();
    await expect(open(pool, 'trap')).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    expect(await read(await open(pool, 'chunks 1'))).toBe(CHUNK);
  });

  test('after it breaks the body off, and the bodies of the others on its thread', async () => {
    const pool = makePool();
    const other = await open(pool, 'endless');
    await expect(read(await open(pool, 'trap-at 9'))).rejects.toThrow('unreachable');
    await expect(read(other)).rejects.toThrow('its thread ended');
    expect(pool.running).toBe(0);
  });

  test('does not hurt who had not begun yet: that one is begun again on another thread', async () => {
    const pool = makePool({ memoryBytes: 100, smallBytes: 0 });
    const holder = await open(pool, 'trap-at 9', 100);
    const innocent = open(pool, 'chunks 2', 100);
    await until(() => pool.waiting === 1);
    await expect(read(holder)).rejects.toThrow();
    expect(await read(await innocent)).toBe(2 * CHUNK);
  });

  test('of the whole thread, twice, is an answer too', async () => {
    await expect(open(makePool(), 'exit')).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
  });

  test('in the middle is remembered: the file runs alone from then on, until it came to its end', async () => {
    const pool = makePool();
    await expect(read(await open(pool, 'trap-at 9'))).rejects.toThrow('unreachable');
    const other = await open(pool, 'chunks 40');
    await expect(read(await open(pool, 'trap-at 9'))).rejects.toThrow('unreachable');
    expect(await read(other)).toBe(40 * CHUNK);
  });

  test('of a file that trapped alone never again hurts others', async () => {
    const pool = makePool();
    await expect(open(pool, 'trap')).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    const other = await open(pool, 'chunks 40');
    await expect(open(pool, 'trap')).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    expect(await read(other)).toBe(40 * CHUNK);
    expect(pool.running).toBe(0);
  });

  test('leaves its bystanders to run alone one by one, and who cannot soon is told to ask again', async () => {
    const patience = waitingFor(200);
    const pool = makePool({ memoryBytes: 100, smallBytes: 0, waitMs: 200 }, patience.clock);
    const holder = await open(pool, 'trap-at 9', 100);
    const bystanders = [open(pool, 'endless', 1), open(pool, 'endless', 1)];
    await until(() => pool.waiting === 2);
    await expect(read(holder)).rejects.toThrow();
    await Promise.race(bystanders);
    patience.end();
    const settled = await Promise.allSettled(bystanders);
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    for (const one of settled) {
      if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
      else expect(one.reason).toMatchObject({ code: 'PQ_RATE_LIMITED' });
    }
  });
});

describe('limits', () => {
  test('beyond those that run and those that may wait, a conversion is refused at once', async () => {
    const pool = makePool({ running: 1, waiting: 1 });
    const first = await open(pool, 'endless');
    const second = open(pool, 'chunks 1');
    await until(() => pool.waiting === 1);
    await expect(open(pool, 'chunks 1')).rejects.toMatchObject({ code: 'PQ_RATE_LIMITED', retryable: true });
    await first[Symbol.asyncDispose]();
    expect(await read(await second)).toBe(CHUNK);
  });

  test('who waits too long for others is refused', async () => {
    const pool = makePool({ running: 1, waitMs: 20 });
    await using _first = await open(pool, 'endless');
    await expect(open(pool, 'chunks 1')).rejects.toMatchObject({ code: 'PQ_RATE_LIMITED' });
  });

  test('memory is shared by the large; the small never wait for it', async () => {
    const pool = makePool({ memoryBytes: 100, smallBytes: 10, waitMs: 20 });
    await using _large = await open(pool, 'endless', 60);
    await expect(open(pool, 'chunks 1', 60)).rejects.toMatchObject({ code: 'PQ_RATE_LIMITED' });
    expect(await read(await open(pool, 'chunks 1', 40))).toBe(CHUNK);
    expect(await read(await open(pool, 'chunks 1', 10))).toBe(CHUNK);
  });

  test('one that needs more than all there is runs alone', async () => {
    expect(await read(await open(makePool({ memoryBytes: 100 }), 'chunks 1', 1e9))).toBe(CHUNK);
  });

  test('a burst on a cold pool starts one thread and is served by it', async () => {
    const pool = makePool();
    const bodies = await Promise.all(Array.from({ length: 30 }, () => open(pool, 'chunks 3')));
    expect(await Promise.all(bodies.map(read))).toEqual(bodies.map(() => 3 * CHUNK));
    expect(pool.running).toBe(0);
  });
});
