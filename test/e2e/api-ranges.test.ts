/** Conditions and ranges of the HTTP interface: what caches on the way and readers of parts rely on. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await stage.writeWords('one', 'two', 'three');
});

const words = '/v1/datasets/words.parquet';

describe('conditions and ranges', () => {
  test('304 for the same tag or date, and only then', async () => {
    const { headers } = await stage.get(words);
    const etag = headers.get('etag') ?? '';
    const same = await stage.get(words, { 'if-none-match': etag });
    expect(same.status).toBe(304);
    expect(same.headers.get('etag')).toBe(etag);
    expect((await stage.get(words, { 'if-none-match': '"other"' })).status).toBe(200);
    expect((await stage.get(words, { 'if-modified-since': headers.get('last-modified') ?? '' })).status).toBe(304);
    expect((await stage.get(words, { 'if-match': '"other"' })).status).toBe(412);

    const json = await stage.get('/v1/datasets/words.json');
    expect(json.headers.get('etag')).toMatch(/^W\//);
    expect(
      (await stage.get('/v1/datasets/words.json', { 'if-none-match': json.headers.get('etag') ?? '' })).status,
    ).toBe(304);
    expect(
      (await stage.get('/v1/datasets/words.json?limit=1', { 'if-none-match': json.headers.get('etag') ?? '' })).status,
    ).toBe(200);
  });

  test('ranges are exact, If-Range falls back to the whole, a range beyond the end is 416', async () => {
    const whole = await stage.get(words);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const tail = await stage.get(words, { range: 'bytes=-8' });
    expect(tail.status).toBe(206);
    expect(tail.headers.get('content-range')).toBe(`bytes ${bytes.length - 8}-${bytes.length - 1}/${bytes.length}`);
    expect(Buffer.from(await tail.arrayBuffer()).equals(bytes.subarray(-8))).toBe(true);
    expect((await stage.get(words, { range: 'bytes=0-3', 'if-range': whole.headers.get('etag') ?? '' })).status).toBe(
      206,
    );
    expect((await stage.get(words, { range: 'bytes=0-3', 'if-range': '"other"' })).status).toBe(200);
    expect((await stage.get(words, { range: 'bytes=0-3' }, 'HEAD')).status).toBe(200);
    const beyond = await stage.get(words, { range: `bytes=${bytes.length}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
    expect((await problemOf(beyond)).code).toBe('PQ_INVALID_REQUEST');
  });

  test('a range continues a read: no probe while the head was verified lately, but a hard mark counts', async () => {
    const { headers } = await stage.get(words);
    await stage.writeWords('changed', 'meanwhile');
    const range = await stage.get(words, { range: 'bytes=0-3' });
    expect(range.headers.get('etag')).toBe(headers.get('etag'));
    await stage.post('/v1/invalidate', { dataset: 'words', mode: 'hard' });
    expect((await stage.get(words, { range: 'bytes=0-3' })).headers.get('etag')).not.toBe(headers.get('etag'));
  });

  test('only a range that is honoured continues a read, and not against the age its caller named', async () => {
    await stage.get(words);
    await stage.writeWords('newer');
    const rows = await stage.get('/v1/datasets/words.json', { range: 'bytes=0-3' });
    expect(await rows.json()).toEqual([{ id: 1, word: 'newer' }]);
    await stage.writeWords('newer', 'still');
    const { headers } = await stage.get(words, { range: 'lines=1-2' });
    expect(headers.get('parqueue-rows')).toBe('2');
    await stage.writeWords('newest', 'of', 'all');
    const aged = await stage.get(words, { range: 'bytes=0-3', 'cache-control': 'max-age=0' });
    expect(aged.headers.get('parqueue-rows')).toBe('3');
  });

  test('caches on the way are told the policy of the dataset, not what one caller tolerates', async () => {
    await stage.get(words);
    const range = await stage.get(words, { range: 'bytes=0-3' });
    expect(range.headers.get('cache-control')).toBe('public, no-cache');
    const lenient = '/v1/datasets/lenient.parquet';
    const declared = 'public, max-age=3600, stale-if-error=3600';
    for (const wish of ['max-stale', 'max-age=1', 'no-cache']) {
      const answer = await stage.get(lenient, { 'cache-control': wish });
      expect(answer.headers.get('cache-control'), wish).toBe(declared);
    }
  });

  test('HEAD has the headers of GET and no body', async () => {
    const get = await stage.get(words);
    const head = await stage.get(words, {}, 'HEAD');
    expect(head.status).toBe(200);
    for (const name of ['etag', 'content-length', 'content-type', 'last-modified', 'parqueue-key'])
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    expect(await head.text()).toBe('');
    expect((await stage.get('/v1/datasets/words.json', {}, 'HEAD')).status).toBe(200);
  });

  test.each([{ dataset: 'words' }, { source: 'lake' }])(
    'a purge of %j ends the immutable URLs and the pins below it, also beside a newer generation',
    async (target) => {
      const old = await stage.get(words);
      const key = old.headers.get('parqueue-key') ?? '';
      const bytes = old.headers.get('content-location') ?? '';
      const pin = (await (await stage.post(`/v1/entries/${key}/pins`, { ttl: '60s' })).json()) as {
        url: string;
        generation: number;
      };
      await stage.post('/v1/invalidate', { ...target, mode: 'purge' });
      const expectGone = async (): Promise<void> => {
        expect((await problemOf(await stage.get(bytes))).code).toBe('PQ_GONE');
        expect((await problemOf(await stage.post(pin.url, { ttl: '60s' }, {}, 'PUT'))).code).toBe('PQ_GONE');
      };
      await expectGone();
      await stage.writeWords('after', 'the', 'purge');
      expect((await stage.get(words)).status).toBe(200);
      await expectGone();
      const again = await stage.post(`/v1/entries/${key}/pins`, { generation: pin.generation });
      expect((await problemOf(again)).code).toBe('PQ_GONE');
    },
  );

  test('the immutable URL serves the same bytes for ever, and 410 once they are purged', async () => {
    const whole = await stage.get(words);
    const location = whole.headers.get('content-location') ?? '';
    const immutable = await stage.get(location);
    expect(immutable.headers.get('cache-control')).toContain('immutable');
    expect(Buffer.from(await immutable.arrayBuffer()).equals(Buffer.from(await whole.arrayBuffer()))).toBe(true);
    expect((await stage.get(location, { range: 'bytes=0-3' })).status).toBe(206);

    const key = whole.headers.get('parqueue-key') ?? '';
    expect((await stage.get(`/v1/entries/${key}`, {}, 'DELETE')).status).toBe(200);
    const gone = await stage.get(location);
    expect(gone.status).toBe(410);
    expect((await problemOf(gone)).code).toBe('PQ_GONE');
    expect((await stage.get(`/v1/entries/${key}/generations/999999999999999/data`)).status).toBe(404);
    expect(await stage.words()).toEqual(['one', 'two', 'three']);
  });
});
