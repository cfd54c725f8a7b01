/** A server that is restarted while somebody works with it. Nobody sleeps here: what would be slept is counted. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Absence } from './absence.ts';
import { Parqueue, type ParqueueOptions } from './index.ts';

type Handler = (response: ServerResponse) => void;

const none: Handler = (response) => void response.writeHead(200).end('{"datasets":[]}');
const proxyPage: Handler = (response) => void response.writeHead(502).end('<h1>bad gateway</h1>');

let server: Server;
let port = 0;
let handlers: Handler[];
let slept: number[];
const middle = (): number => 0.5;
/** What is done once so many pauses were made. */
let then: Map<number, () => Promise<void>>;

async function up(): Promise<void> {
  server = createServer((_, response) => (handlers.shift() ?? none)(response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
}

/** As a process that was killed: nobody listens there, and what was connected is not any more. */
async function down(): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

beforeEach(async () => {
  [port, handlers, slept, then] = [0, [], [], new Map<number, () => Promise<void>>()];
  await up();
});

afterEach(down);

function newClient(options: Partial<ParqueueOptions> = {}): Parqueue {
  return new Parqueue({
    url: `http://127.0.0.1:${port}`,
    chance: middle,
    sleep: async (ms, signal) => {
      slept.push(ms);
      await then.get(slept.length)?.();
      signal?.throwIfAborted();
    },
    ...options,
  });
}

/** One that was answered before. */
async function knownClient(options: Partial<ParqueueOptions> = {}): Promise<Parqueue> {
  const client = newClient(options);
  await client.datasets();
  return client;
}

describe('a server that answered before', () => {
  it('is waited for while nobody listens', async () => {
    const client = await knownClient();
    await down();
    then.set(5, up);
    expect(await client.datasets()).toEqual({ datasets: [] });
    expect(slept).toEqual([250, 500, 1000, 2000, 2000]);
    await down();
    then.set(6, up);
    expect(await client.datasets()).toEqual({ datasets: [] });
  });

  it('is not asked by all at once who lost it together', async () => {
    const chances = [0, 1, 0.25, 0, 1];
    const client = await knownClient({ chance: () => chances.shift() ?? Number.NaN });
    await down();
    then.set(5, up);
    expect(await client.datasets()).toEqual({ datasets: [] });
    expect(slept).toEqual([187.5, 625, 875, 1500, 2500]);
  });

  it('is asked after a quarter less or more, by chance, where nobody says otherwise', async () => {
    const firsts = new Set<number>();
    for (let round = 0; round < 20; round += 1) {
      const client = await knownClient({ chance: undefined });
      await down();
      slept = [];
      then.set(1, up);
      await client.datasets();
      firsts.add(slept[0] ?? 0);
    }
    expect(firsts.size).toBeGreaterThan(10);
    for (const ms of firsts) expect(Math.abs(ms - 250)).toBeLessThanOrEqual(62.5);
  });

  it('is waited for so long and no longer', async () => {
    const client = await knownClient();
    await down();
    await expect(client.datasets()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
    const sum = slept.reduce((total, ms) => total + ms, 0);
    expect(sum).toBeLessThanOrEqual(30_000);
    expect(sum).toBeGreaterThan(25_000);
  });

  it.each([{ retries: 0 }, { reconnectSeconds: 0 }])('is not waited for with %j', async (options) => {
    const client = await knownClient(options);
    await down();
    await expect(client.datasets()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(slept).toEqual([]);
  });

  it('is waited for only by who still waits', async () => {
    const client = await knownClient();
    await down();
    const leaving = new AbortController();
    then.set(2, async () => leaving.abort(new Error('left')));
    await expect(client.datasets({ signal: leaving.signal })).rejects.toThrow('left');
    expect(slept).toEqual([250, 500]);
  });

  it('is not asked twice for what may not be', async () => {
    const client = await knownClient();
    await down();
    await expect(client.invalidate({ key: 'k' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(slept).toEqual([]);
  });

  it('may have somebody who answers for it meanwhile', async () => {
    const client = await knownClient();
    handlers.push(proxyPage, proxyPage);
    expect(await client.datasets()).toEqual({ datasets: [] });
    expect(slept).toEqual([250, 500]);
    handlers.push(...Array.from({ length: 50 }, () => proxyPage));
    await expect(client.datasets()).rejects.toMatchObject({ code: 'UNEXPECTED', status: 502 });
    expect(handlers.length).toBeGreaterThan(30);
  });
});

it('a server that never answered is told at once', async () => {
  await down();
  await expect(newClient().datasets()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(slept).toEqual([]);
});

it('what stayed away long enough is not waited for by the next call', () => {
  let now = 1_000_000;
  const absence = new Absence(20, { now: () => now, chance: middle });
  expect([...absence.pauses()]).toEqual([]);
  absence.over();
  for (const pause of absence.pauses()) now += pause;
  expect(now).toBeGreaterThan(1_015_000);
  expect(now).toBeLessThanOrEqual(1_020_000);
  now += 5000;
  expect([...absence.pauses()]).toEqual([]);
  absence.over();
  expect(absence.pauses().next().value).toBe(250);
  // Each attempt that is held back for long before it breaks counts, too.
  now += 60_000;
  expect([...absence.pauses()]).toEqual([]);
});
