/**
 * An independent reader (hyparquet) reads by ranges while the head moves under it: one generation, or an error; and little
 * more than the columns it wants.
 */
import { execFile } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApi } from '@parqueue/api';
import { readFooterOf } from '@parqueue/core/parquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roundRobin } from '../fixtures/round-robin.ts';
import { problemOf, Stage } from './api-stage.ts';
import { countedFetch, moveHead, RANGES_DATASETS, readTelling, tellingOf } from './ranges-stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ datasets: RANGES_DATASETS });
});
afterAll(async () => await stage[Symbol.asyncDispose]());

const path = (file: string): string => `/v1/datasets/orders.parquet?file=${file}`;
const url = (file: string): string => `${stage.url}${path(file)}`;

describe('one reader', () => {
  test('one column of many takes a HEAD, the footer and its chunks: much less than the file', async () => {
    await moveHead(stage, 'counted', tellingOf(1, { rows: 60_000, rowGroupRows: 20_000 }));
    const { counted, generations, rows } = await readTelling(url('counted'), { agent: 'one', columns: ['g'] });
    expect([generations, rows]).toEqual([[1], 60_000]);
    const whole = Number((await stage.get(path('counted'), {}, 'HEAD')).headers.get('content-length'));
    expect(whole).toBeGreaterThan(3_000_000);
    expect(counted.asked[0]).toBe('HEAD');
    expect(counted.requests).toBeLessThanOrEqual(5);
    // The footer is read with half a megabyte around it; the rest is the column.
    expect(counted.bytes - 524_288).toBeLessThan(whole / 20);
  });

  test('the head moves between footer and columns: the read stays on its generation, and the next one is the new', async () => {
    await moveHead(stage, 'moved', tellingOf(1));
    const moves = async (): Promise<void> => {
      await moveHead(stage, 'moved', tellingOf(2));
      expect((await readTelling(url('moved'), { agent: 'another' })).generations).toEqual([2]);
    };
    expect((await readTelling(url('moved'), { agent: 'one', between: moves })).generations).toEqual([1]);
    expect((await readTelling(url('moved'), { agent: 'one' })).generations).toEqual([2]);
  });

  test('every range says which generation it is of', async () => {
    await moveHead(stage, 'said', tellingOf(1));
    const { fetch } = countedFetch('one');
    const head = await fetch(url('said'), { method: 'HEAD' });
    await moveHead(stage, 'said', tellingOf(2));
    const newer = await stage.get(path('said'), {}, 'HEAD');
    const part = await fetch(url('said'), { headers: { range: 'bytes=1000-1999' } });
    expect(part.status).toBe(206);
    for (const name of ['etag', 'content-location', 'last-modified', 'repr-digest', 'parqueue-generation'])
      expect(part.headers.get(name), name).toBe(head.headers.get(name));
    expect(part.headers.get('cache-status')).toContain('hit; detail=continued-read');
    expect(newer.headers.get('etag')).not.toBe(head.headers.get('etag'));
    const immutable = await stage.get(part.headers.get('content-location') ?? '', { range: 'bytes=1000-1999' });
    expect(Buffer.from(await immutable.arrayBuffer()).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
  });

  test('sequential polls of a dataset that changes each time see neither an error nor old rows', async () => {
    for (const sameLayout of [false, true]) {
      const file = `polled${sameLayout}`;
      for (let generation = 1; generation <= 3; generation += 1) {
        const telling = tellingOf(generation, sameLayout ? { rows: 15_000, sameLayout } : {});
        await moveHead(stage, file, telling);
        for (let poll = 0; poll < 2; poll += 1)
          expect((await readTelling(url(file), { agent: 'poller' })).generations).toEqual([generation]);
      }
    }
  });

  test('so it is where the entry is read by its key, or the question is posted', async () => {
    await moveHead(stage, 'keyed', tellingOf(1));
    const { key } = refOf(await stage.get(path('keyed'), {}, 'HEAD'));
    const entry = `${stage.url}/v1/entries/${key}/data`;
    const { fetch } = countedFetch('keyed');
    const posted = (range: string) =>
      fetch(`${stage.url}/v1/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', range },
        body: JSON.stringify({ dataset: 'orders', params: { file: 'keyed' } }),
      });
    const first = (await fetch(entry, { method: 'HEAD' })).headers.get('etag');
    expect((await posted('bytes=-8')).headers.get('etag')).toBe(first);
    await moveHead(stage, 'keyed', tellingOf(2));
    expect((await stage.get(path('keyed'), {}, 'HEAD')).headers.get('etag')).not.toBe(first);
    expect((await fetch(entry, { headers: { range: 'bytes=1000-1999' } })).headers.get('etag')).toBe(first);
    expect((await posted('bytes=1000-1999')).headers.get('etag')).toBe(first);
    expect((await fetch(entry, { method: 'HEAD' })).headers.get('etag')).not.toBe(first);
  });

  test('a continued range costs one command of Redis', async () => {
    await moveHead(stage, 'commands', tellingOf(1));
    const { fetch } = countedFetch('commands');
    await fetch(url('commands'), { method: 'HEAD' });
    // Its queues are seen to by scripts, the more of them the longer this takes.
    await stage.stopWorker();
    const before = await scriptsRun();
    const times = 100;
    for (let at = 0; at < times; at += 1)
      expect((await fetch(url('commands'), { headers: { range: `bytes=${at}-${at + 99}` } })).status).toBe(206);
    const run = (await scriptsRun()) - before;
    await stage.startWorker();
    // A few are what the API tells and looks at by itself.
    expect(run).toBeGreaterThanOrEqual(times);
    expect(run).toBeLessThan(times * 1.5);
  });

  test('a reader that begins with the last bytes is owed what is true now', async () => {
    await moveHead(stage, 'suffix', tellingOf(1));
    const { fetch } = countedFetch('suffix');
    const first = await fetch(url('suffix'), { headers: { range: 'bytes=-1000' } });
    await moveHead(stage, 'suffix', tellingOf(2));
    const middle = await fetch(url('suffix'), { headers: { range: 'bytes=5000-5999' } });
    const second = await fetch(url('suffix'), { headers: { range: 'bytes=-1000' } });
    expect(middle.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
  });
});

describe('the whole file', () => {
  const large = (generation: number) => tellingOf(generation, { rows: 30_000, sameLayout: true });

  test('broken off, it is resumed on the generation it began with; fetched again, it is the new one to its end', async () => {
    const { fetch } = countedFetch('curl/8');
    const fetched = async (): Promise<string | null> => {
      const whole = await fetch(url('resumed'));
      await whole.body?.cancel();
      return whole.headers.get('etag');
    };
    const rest = async (from: number): Promise<string | null> =>
      (await fetch(url('resumed'), { headers: { range: `bytes=${from}-` } })).headers.get('etag');
    await moveHead(stage, 'resumed', large(1));
    const first = await fetched();
    await moveHead(stage, 'resumed', large(2));
    expect((await stage.get(path('resumed'), {}, 'HEAD')).headers.get('etag')).not.toBe(first);
    expect(await rest(300_000)).toBe(first);
    const second = await fetched();
    expect(second).not.toBe(first);
    await ageReads(10_000);
    expect(await rest(400_000)).toBe(second);
  });

  test('in parts at once, one download after the other, each is of one generation', async () => {
    const { fetch } = countedFetch('aria2');
    for (let generation = 1; generation <= 3; generation += 1) {
      await moveHead(stage, 'parts', large(generation));
      const whole = await fetch(url('parts'));
      const size = Number(whole.headers.get('content-length'));
      await whole.body?.cancel();
      const at = (n: number): number => Math.floor((n * size) / 8);
      const parts = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7].map((n) =>
          fetch(url('parts'), { headers: { range: `bytes=${at(n)}-${at(n + 1) - 1}` } }),
        ),
      );
      const expected = whole.headers.get('etag');
      expect(parts.map(({ headers }) => headers.get('etag'))).toEqual(parts.map(() => expected));
    }
  });
});

test('a read through several proxies is one read where they tell whom they ask for', async () => {
  await moveHead(stage, 'proxied', tellingOf(1));
  const from = async (localAddress: string, method: string, headers: Record<string, string>) =>
    await new Promise<string | undefined>((resolve, reject) => {
      const told = { 'user-agent': 'proxied', 'x-forwarded-for': '192.0.2.7', ...headers };
      httpRequest(url('proxied'), { method, localAddress, headers: told }, (response) => {
        response.resume();
        resolve(response.headers.etag);
      })
        .on('error', reject)
        .end();
    });
  const first = await from('127.0.0.1', 'HEAD', {});
  await moveHead(stage, 'proxied', tellingOf(2));
  expect((await stage.get(path('proxied'), {}, 'HEAD')).headers.get('etag')).not.toBe(first);
  expect(await from('127.0.0.2', 'GET', { range: 'bytes=1000-1999' })).toBe(first);
});

describe('conditions', () => {
  test('If-Range and If-Match pick the generation they name; what is not there any more is whole, or 412', async () => {
    await moveHead(stage, 'conditions', tellingOf(1));
    const { fetch } = countedFetch('careful');
    const first = await fetch(url('conditions'), { method: 'HEAD' });
    const old = first.headers.get('etag') ?? '';
    await moveHead(stage, 'conditions', tellingOf(2));
    const current = (await fetch(url('conditions'), { method: 'HEAD' })).headers.get('etag') ?? '';
    const range = { range: 'bytes=100000-100099' };
    for (const etag of [old, current]) {
      for (const condition of ['if-range', 'if-match']) {
        const part = await fetch(url('conditions'), { headers: { ...range, [condition]: etag } });
        expect([part.status, part.headers.get('etag')], condition).toEqual([206, etag]);
      }
    }
    const whole = await fetch(url('conditions'), { headers: { ...range, 'if-range': '"another"' } });
    expect([whole.status, whole.headers.get('etag')]).toEqual([200, current]);
    expect((await fetch(url('conditions'), { headers: { ...range, 'if-match': '"another"' } })).status).toBe(412);
    const known = await fetch(url('conditions'), { method: 'HEAD', headers: { 'if-none-match': current } });
    expect(known.status).toBe(304);
  });
});

describe('refusals', () => {
  test('a range that may be of either generation is refused, and told what to do; when the older reader is idle it is not', async () => {
    await moveHead(stage, 'either', tellingOf(1, { rows: 15_000, sameLayout: true }));
    const { fetch } = countedFetch('twin');
    const head = await fetch(url('either'), { method: 'HEAD' });
    const size = Number(head.headers.get('content-length'));
    const footer = { headers: { range: `bytes=${size - 65_536}-${size - 1}` } };
    await fetch(url('either'), footer);
    await moveHead(stage, 'either', tellingOf(2, { rows: 15_000, sameLayout: true }));
    await fetch(url('either'), { method: 'HEAD' });
    // Nobody has the footer of the new one yet: whoever asks for more is the reader of the old one.
    const older = await fetch(url('either'), { headers: { range: 'bytes=4-99999' } });
    expect(older.headers.get('etag')).toBe(head.headers.get('etag'));
    await fetch(url('either'), footer);
    const refused = await fetch(url('either'), { headers: { range: 'bytes=500000-599999' } });
    expect(refused.status).toBe(409);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(await problemOf(refused)).toMatchObject({
      code: 'PQ_GENERATION_CHANGED',
      retryable: true,
      generations: [expect.stringMatching(/^\/v1\/entries\/.*\/data$/), expect.any(String)],
    });
    // What is the same in both cannot mislead.
    expect((await fetch(url('either'), { headers: { range: 'bytes=0-3' } })).status).toBe(206);
  });

  test.each(['hard', 'purge'])('a %s mark ends the read: 409, and who begins again reads on', async (mode) => {
    await moveHead(stage, `ended-${mode}`, tellingOf(1));
    const { fetch } = countedFetch('ended');
    await fetch(url(`ended-${mode}`), { method: 'HEAD' });
    expect((await fetch(url(`ended-${mode}`), { headers: { range: 'bytes=1000-1999' } })).status).toBe(206);
    await stage.post('/v1/invalidate', { dataset: 'orders', mode });
    const refused = await fetch(url(`ended-${mode}`), { headers: { range: 'bytes=1000-1999' } });
    expect((await problemOf(refused)).code).toBe('PQ_GENERATION_CHANGED');
    expect((await readTelling(url(`ended-${mode}`), { agent: 'ended' })).generations).toEqual([1]);
  });

  test('a reader that was silent for long is refused all the same, also when another began since', async () => {
    await moveHead(stage, 'silent', tellingOf(1));
    const { fetch } = countedFetch('silent');
    const size = Number((await fetch(url('silent'), { method: 'HEAD' })).headers.get('content-length'));
    const footer = { headers: { range: `bytes=${size - 65_536}-${size - 1}` } };
    const chunk = { headers: { range: `bytes=4-${await endOfFirstChunk('silent')}` } };
    expect((await fetch(url('silent'), footer)).status).toBe(206);
    await moveHead(stage, 'silent', tellingOf(2));
    await stage.post('/v1/invalidate', { dataset: 'orders', mode: 'hard' });
    await ageReads(60_000);
    expect((await problemOf(await fetch(url('silent'), chunk))).code).toBe('PQ_GENERATION_CHANGED');
    expect((await readTelling(url('silent'), { agent: 'silent' })).generations).toEqual([2]);
    await ageReads(60_000);
    expect((await problemOf(await fetch(url('silent'), chunk))).code).toBe('PQ_GENERATION_CHANGED');
  });

  test('a generation that is damaged while it is read ends the read', async () => {
    await moveHead(stage, 'torn', tellingOf(1));
    const { fetch } = countedFetch('torn');
    const { key, fence } = refOf(await fetch(url('torn'), { method: 'HEAD' }));
    await moveHead(stage, 'torn', tellingOf(2));
    await stage.get(path('torn'), {}, 'HEAD');
    const resolved = await stage.post('/v1/resolve', { dataset: 'orders', params: { file: 'torn' } });
    const { file } = (await resolved.json()) as { file: { path: string } };
    const newer = refOf(await stage.get(path('torn'), {}, 'HEAD'));
    expect(newer.key).toBe(key);
    await truncate(file.path.replace(String(newer.fence), String(fence)), 100);
    const refused = await fetch(url('torn'), { headers: { range: 'bytes=1000-1999' } });
    expect((await problemOf(refused)).code).toBe('PQ_GENERATION_CHANGED');
    expect((await readTelling(url('torn'), { agent: 'torn' })).generations).toEqual([2]);
  });
});

describe('many at once', () => {
  test('twenty readers of one process over two replicas, while the rows change: nobody mixes, and who is refused reads when it begins again', async () => {
    const second = await startApi({ config: stage.config, log: stage.log });
    try {
      await using proxy = await roundRobin([stage.url, second.url]);
      await moveHead(stage, 'many', tellingOf(1));
      const seen = { read: 0, refused: 0 };
      let done = false;
      const reader = async (): Promise<void> => {
        for (let turn = 0; turn < 2;) {
          try {
            const { generations, rows } = await readTelling(`${proxy.url}${path('many')}`, { agent: 'node' });
            expect(generations).toHaveLength(1);
            expect(rows).toBe(tellingOf(generations[0] ?? 0).rows);
            seen.read += 1;
            turn += 1;
          } catch (error) {
            const text = String(error);
            if (text.includes('fetch failed 409')) seen.refused += 1;
            else throw error;
          }
        }
      };
      const writer = async (): Promise<void> => {
        // Twice while every reader reads once.
        for (let generation = 2; !done; generation += 1) {
          const from = seen.read;
          while (!done && seen.read < from + 10) await new Promise((resolve) => setTimeout(resolve, 5));
          await moveHead(stage, 'many', tellingOf(generation));
        }
      };
      const writing = writer();
      await Promise.all(Array.from({ length: 20 }, reader)).finally(() => (done = true));
      await writing;
      console.log(`read ${seen.read}, refused ${seen.refused}, connections ${proxy.given.join(' + ')}`);
      expect(seen.read).toBe(40);
      expect(Math.min(...proxy.given)).toBeGreaterThan(0);
    } finally {
      await second.close();
    }
  });
});

/** Scripts that clients of the stage's Redis ran since it started; every step of coordination is one. */
async function scriptsRun(): Promise<number> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-u', stage.redis.url, 'info', 'commandstats']);
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stdout)?.[1]);
}

/** As if every read had been used so long ago. */
async function ageReads(byMs: number): Promise<void> {
  const script = `for _, key in ipairs(redis.call('KEYS', '{pq}:noted:*')) do
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      local reads = cjson.decode(all[i + 1])
      for _, read in ipairs(reads) do read.used = read.used - ARGV[1] end
      redis.call('HSET', key, all[i], cjson.encode(reads))
    end
  end`;
  await promisify(execFile)('redis-cli', ['-u', stage.redis.url, 'eval', script, '0', String(byMs)]);
}

async function endOfFirstChunk(file: string): Promise<number> {
  const { boundaries } = await readFooterOf(join(stage.base, 'lake', `${file}.parquet`));
  return (boundaries.find((at) => at > 4) ?? 0) - 1;
}

function refOf({ headers }: Response): { readonly key: string; readonly fence: string } {
  const [, key = '', fence = ''] =
    /entries\/(.*)\/generations\/(\d+)\/data/.exec(headers.get('content-location') ?? '') ?? [];
  return { key, fence };
}
