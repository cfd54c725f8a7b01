/** Every representation on a real stage, read back by readers that know nothing of this repository. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { decompress as unzstd } from 'fzstd';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

const FORMATS = ['parquet', 'arrow', 'csv', 'json', 'ndjson'] as const;
const CONVERTED = ['arrow', 'csv', 'json', 'ndjson'] as const;
const TEXTS = ['csv', 'json', 'ndjson'] as const;
const TYPES = {
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;
type Format = (typeof FORMATS)[number];

const ROWS = 3_000;

let stage: Stage;
let duck: DuckDBConnection;
let key: string;

beforeAll(async () => {
  stage = await Stage.open({ datasets: '  sales: { source: lake, path: sales.csv, columns: { id: int64 } }\n' });
  const lines = Array.from(
    { length: ROWS },
    (_, at) => `${at},${at % 5 === 0 ? '' : `"name, ""${at % 97}"" ü"`},${at / 4}`,
  );
  await stage.writeSource('sales.csv', `id,name,price\n${lines.join('\n')}\n`);
  duck = await (await DuckDBInstance.create()).connect();
  const first = await stage.get('/v1/datasets/sales.parquet');
  expect(first.status).toBe(200);
  await first.arrayBuffer();
  key = first.headers.get('parqueue-key') ?? '';
});

afterAll(async () => {
  duck.closeSync();
  await stage[Symbol.asyncDispose]();
});

interface Raw {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** As it is on the wire: no decoding, no header that was not asked for. */
async function raw(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${stage.url}${path}`, { method, headers }, resolve).on('error', reject).end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

type Row = readonly [id: number, name: string | null, price: number];

/** By DuckDB from a file, and Arrow by apache-arrow: neither has made it. */
async function readBack(format: Format, body: Buffer): Promise<readonly Row[]> {
  if (format === 'arrow') {
    const table = tableFromIPC(body);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id Int64',
      'name Utf8',
      'price Float64',
    ]);
    return table.toArray().map((row) => {
      const { id, name, price } = row as { id: bigint; name: string | null; price: number };
      return [Number(id), name, price];
    });
  }
  const path = join(stage.base, `back.${format}`);
  await writeFile(path, body);
  const from = {
    parquet: `read_parquet('${path}')`,
    csv: `read_csv('${path}', header = true, allow_quoted_nulls = false)`,
    json: `read_json('${path}', format = 'array')`,
    ndjson: `read_json('${path}', format = 'newline_delimited')`,
  }[format];
  const result = await duck.runAndReadAll(`select id::int, name, price::double from ${from}`);
  return result.getRows() as unknown as readonly Row[];
}

const expected = (from = 0, to = ROWS): readonly Row[] =>
  Array.from({ length: to - from }, (_, at) => {
    const id = from + at;
    return [id, id % 5 === 0 ? null : `name, "${id % 97}" ü`, id / 4];
  });

describe('every format', () => {
  test.each(FORMATS)('%s is the same by suffix, by Accept and by format, and reads back as it was', async (format) => {
    const ways = await Promise.all([
      raw(`/v1/datasets/sales.${format}`, { accept: 'image/png' }),
      raw('/v1/datasets/sales/data', { accept: `${TYPES[format].split(';')[0]}, */*;q=0.1` }),
      raw(`/v1/datasets/sales/data?format=${format}`, { accept: 'image/png' }),
      raw(`/v1/entries/${key}/data?format=${format}`),
    ]);
    for (const { status, headers, body } of ways) {
      expect(status).toBe(200);
      expect(headers['content-type']).toBe(TYPES[format]);
      expect(body.equals(ways[0].body)).toBe(true);
    }
    expect(new Set(ways.map(({ headers }) => headers.etag)).size).toBe(1);
    expect(await readBack(format, ways[0].body)).toEqual(expected());
  });

  test.each(CONVERTED)('%s comes in windows that link on, and empty ones are whole answers', async (format) => {
    const url = `/v1/datasets/sales.${format}`;
    const window = await raw(`${url}?limit=1000&offset=500`);
    expect(await readBack(format, window.body)).toEqual(expected(500, 1_500));
    expect(window.headers.link).toBe(`<${url}?limit=1000&offset=1500>; rel="next"`);
    const last = await raw(`${url}?limit=1000&offset=2500`);
    expect(await readBack(format, last.body)).toEqual(expected(2_500));
    expect(last.headers.link).toBeUndefined();
    expect((await raw(`${url}?offset=10`)).headers.link).toBeUndefined();
    for (const query of ['limit=0', `offset=${ROWS}`, `offset=${ROWS + 5}&limit=3`]) {
      const none = await raw(`${url}?${query}`);
      expect([none.status, none.headers['parqueue-rows']]).toEqual([200, String(ROWS)]);
      const { body } = none;
      const text = body.toString();
      expect(Number(none.headers['content-length'])).toBe(body.length);
      if (format === 'arrow') expect(tableFromIPC(body).schema.names).toEqual(['id', 'name', 'price']);
      if (format === 'csv') expect(text).toBe('id,name,price\r\n');
      if (format === 'json') expect(JSON.parse(text)).toEqual([]);
      if (format === 'ndjson') expect(text).toBe('');
    }
  });

  test.each(CONVERTED)('%s of a stored entry takes the columns that are asked for, in that order', async (format) => {
    const generation = (await raw('/v1/datasets/sales.parquet', {}, 'HEAD')).headers['content-location'] ?? '';
    for (const path of [`/v1/entries/${key}/data`, generation]) {
      const { status, body } = await raw(`${path}?format=${format}&columns=price,id&limit=2&offset=1`);
      expect(status).toBe(200);
      const names = {
        arrow: () => tableFromIPC(body).schema.names,
        csv: () => body.toString().split('\r\n')[0]?.split(','),
        json: () => Object.keys((JSON.parse(body.toString()) as object[])[0] ?? {}),
        ndjson: () => Object.keys(JSON.parse(body.toString().split('\n')[0] ?? '') as object),
      }[format]();
      expect(names).toEqual(['price', 'id']);
    }
    const unknown = await stage.get(`/v1/entries/${key}/data?format=${format}&columns=id,nope`);
    expect([unknown.status, (await problemOf(unknown)).detail]).toEqual([400, expect.stringContaining('"nope"')]);
  });

  test('Parquet is never cut here, and the answer says who does that', async () => {
    for (const query of ['limit=5', 'offset=1', 'columns=id'])
      expect((await problemOf(await stage.get(`/v1/entries/${key}/data?${query}`))).detail).toMatch(/by Range/);
  });
});

describe('codings', () => {
  const decode = { gzip: (body: Buffer) => gunzipSync(body), zstd: (body: Buffer) => Buffer.from(unzstd(body)) };

  test.each(TEXTS)('%s comes in gzip and zstd where wanted, each with its own tag', async (format) => {
    const url = `/v1/datasets/sales.${format}`;
    const plain = await raw(url);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toBe('Accept-Encoding, Authorization, X-API-Key');
    const tags = new Set([plain.headers.etag]);
    for (const coding of ['gzip', 'zstd'] as const) {
      const coded = await raw(url, { 'accept-encoding': `${coding}, identity;q=0.5` });
      expect(coded.headers['content-encoding']).toBe(coding);
      expect(coded.headers.vary).toBe(plain.headers.vary);
      expect(coded.body.length).toBeLessThan(plain.body.length / 2);
      expect(decode[coding](coded.body).equals(plain.body)).toBe(true);
      tags.add(coded.headers.etag);
    }
    expect(tags.size).toBe(3);
    expect(await (await stage.get(url)).text()).toBe(plain.body.toString());
  });

  test('a small body goes out as it is unless that is excluded', async () => {
    const url = '/v1/datasets/sales.json?limit=3';
    expect((await raw(url, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    const coded = await raw(url, { 'accept-encoding': 'gzip, identity;q=0' });
    expect(coded.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(coded.body).toString())).toHaveLength(3);
  });

  test('Parquet and Arrow are never coded; who accepts nothing that is offered is told', async () => {
    for (const format of ['parquet', 'arrow']) {
      const { status, headers } = await raw(`/v1/datasets/sales.${format}`, { 'accept-encoding': 'gzip, zstd, br' });
      expect([status, headers['content-encoding']]).toEqual([200, undefined]);
      expect(headers.vary).toBe('Authorization, X-API-Key');
      expect((await raw(`/v1/datasets/sales.${format}`, { 'accept-encoding': 'identity;q=0' })).status).toBe(406);
    }
    expect((await raw('/v1/datasets/sales.csv', { 'accept-encoding': 'br, *;q=0' })).status).toBe(406);
  });
});

describe('headers', () => {
  test.each(FORMATS)('HEAD and 304 of %s say what GET says, without any conversion', async (format) => {
    const conversions = (): Promise<number> => stage.metric('parqueue_conversions_total');
    for (const coding of ['identity', 'gzip']) {
      const headers = { accept: TYPES[format], 'accept-encoding': `${coding}, identity;q=0.1` };
      const url = '/v1/datasets/sales/data';
      const got = await raw(url, headers);
      expect(got.headers.vary).toBe('Accept, Accept-Encoding, Authorization, X-API-Key');
      const before = await conversions();
      const head = await raw(url, headers, 'HEAD');
      const unchanged = await raw(url, { ...headers, 'if-none-match': got.headers.etag ?? '' });
      const since = await raw(url, { ...headers, 'if-modified-since': got.headers['last-modified'] ?? '' });
      expect([head.status, unchanged.status, since.status]).toEqual([200, 304, 304]);
      expect(head.body.length + unchanged.body.length + since.body.length).toBe(0);
      const told = ['content-type', 'content-encoding', 'content-disposition', 'etag', 'vary', 'accept-ranges'];
      for (const name of told) expect([name, head.headers[name]]).toEqual([name, got.headers[name]]);
      for (const name of ['etag', 'vary', 'cache-control', 'parqueue-key'])
        expect([name, unchanged.headers[name]]).toEqual([name, got.headers[name]]);
      expect(unchanged.headers['content-encoding']).toBeUndefined();
      expect(await conversions()).toBe(before);
    }
  });

  test('a browser saves what it cannot show, under the name of the dataset', async () => {
    const disposition = async (path: string): Promise<string | undefined> =>
      (await raw(path, {}, 'HEAD')).headers['content-disposition'];
    expect(await disposition('/v1/datasets/sales.csv')).toBe('attachment; filename="sales.csv"');
    expect(await disposition('/v1/datasets/sales/data')).toBe('attachment; filename="sales.parquet"');
    expect(await disposition('/v1/datasets/sales.json?limit=5')).toBe('inline; filename="sales.json"');
  });

  test('a Range of a converted form is answered with all of it, and If-Match with its weak tag fails', async () => {
    const url = '/v1/datasets/sales.csv';
    const whole = await raw(url);
    expect(whole.headers['accept-ranges']).toBe('none');
    const ranged = await raw(url, { range: 'bytes=0-9' });
    expect([ranged.status, ranged.body.equals(whole.body)]).toEqual([200, true]);
    expect((await raw(url, { 'if-match': whole.headers.etag ?? '' })).status).toBe(412);
  });

  test('what is not offered is 406 with advice, and a problem carries nothing of the answer it replaces', async () => {
    const file = await stage.get('/v1/datasets/sales/data', { accept: 'application/vnd.apache.arrow.file' });
    expect([file.status, (await problemOf(file)).detail]).toEqual([406, expect.stringContaining('arrow.stream')]);
    expect((await stage.get('/v1/datasets/sales.xlsx')).status).toBe(406);
    const wrong = await raw('/v1/datasets/sales.csv?limit=-1', { 'accept-encoding': 'gzip' });
    expect([wrong.status, wrong.headers['content-encoding'], wrong.headers['content-disposition']]).toEqual([
      400,
      undefined,
      undefined,
    ]);
  });

  test('POST /v1/query sends any form of an undeclared question, whole or a window', async () => {
    const ask = async (query: string): Promise<Response> =>
      await stage.post(`/v1/query?${query}`, { source: 'lake', path: 'sales.csv', columns: ['price', 'id'] });
    const arrow = tableFromIPC(Buffer.from(await (await ask('format=arrow')).arrayBuffer()));
    expect([arrow.numRows, arrow.schema.names]).toEqual([ROWS, ['price', 'id']]);
    expect(await (await ask('format=csv&limit=1&offset=8')).text()).toBe('price,id\r\n2,8\r\n');
  });

  test('the whole of a form is the same bytes each time', async () => {
    const hash = async (): Promise<string> =>
      createHash('sha256')
        .update((await raw('/v1/datasets/sales.ndjson')).body)
        .digest('hex');
    expect(await hash()).toBe(await hash());
  });
});
