import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Parqueue } from './index.ts';

/** Answers everything alike and remembers what it was asked. */
const seen: { readonly route: string; readonly body: unknown }[] = [];
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    seen.push({ route: `${request.method} ${request.url}`, body: text === '' ? null : (JSON.parse(text) as unknown) });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'a.b', state: 'queued', key: 'k', generation: 3, entries: [], next: null }));
  });
});

let client: Parqueue;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new Parqueue({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  seen.length = 0;
});

it('every method goes to its route of the interface', async () => {
  await client.datasets();
  await client.dataset('d/1');
  await client.sources();
  expect(await client.entries({ prefix: 'pr', limit: 5 })).toMatchObject({ entries: [], next: null });
  await client.inspect('k');
  await client.explain('k');
  await client.statistics('k');
  await client.fills({ state: 'running' });
  expect(await client.fill('a.b')).toMatchObject({ id: 'a.b', state: 'queued' });
  await client.cancelFill('a.b');
  await client.removeEntry('k');
  await client.generation('k', 12);
  expect(seen.map(({ route }) => route)).toEqual([
    'GET /v1/datasets',
    'GET /v1/datasets/d%2F1',
    'GET /v1/sources',
    'GET /v1/entries?prefix=pr&limit=5',
    'GET /v1/entries/k',
    'GET /v1/entries/k/explain',
    'GET /v1/entries/k/statistics',
    'GET /v1/fills?state=running',
    'GET /v1/fills/a.b',
    'DELETE /v1/fills/a.b',
    'DELETE /v1/entries/k',
    'GET /v1/entries/k/generations/12/data',
  ]);
});

it('questions and marks are sent as JSON', async () => {
  await client.invalidate({ source: 'lake', table: 't' }, 'hard');
  await client.query({ source: 'lake', path: 'a.csv' }, { format: 'ndjson' });
  const entry = await client.resolve({ dataset: 'd', params: { n: 1 } }, { pin: '60s' });
  expect(entry).toMatchObject({ key: 'k', generation: 3 });
  expect(seen).toEqual([
    { route: 'POST /v1/invalidate', body: { source: 'lake', table: 't', mode: 'hard' } },
    { route: 'POST /v1/query?format=ndjson', body: { source: 'lake', path: 'a.csv' } },
    { route: 'POST /v1/resolve', body: { dataset: 'd', params: { n: 1 }, pin: '60s' } },
  ]);
});
