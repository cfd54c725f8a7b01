import { afterEach, expect, test } from 'vitest';
import { openHealthPort, type HealthPort, type Readiness } from './health.ts';
import { createMetrics } from './metrics.ts';

const ports: HealthPort[] = [];

afterEach(async () => {
  for (const port of ports.splice(0)) await port[Symbol.asyncDispose]();
});

async function open(readiness: () => Promise<Readiness>): Promise<HealthPort> {
  const port = await openHealthPort({
    host: '127.0.0.1',
    port: 0,
    registry: createMetrics({
      version: '1.2.3',
      now: () => 0,
      sources: ['lake'],
      datasets: [],
      storeUp: async () => true,
    }).registry,
    readiness,
  });
  ports.push(port);
  return port;
}

test('a worker that waits for Redis is alive but not ready', async () => {
  const { url } = await open(async () => ({ ready: false, checks: { redis: 'unreachable', store: 'ok' } }));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: 'not ready', checks: { redis: 'unreachable', store: 'ok' } });
});

test('metrics name the release, and each has the prefix or is one of Node.js', async () => {
  const { url } = await open(async () => ({ ready: true, checks: {} }));
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('parqueue_build_info{version="1.2.3"');
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names.filter((name) => !/^(parqueue|process|nodejs)_/.test(name ?? ''))).toEqual([]);
});

test('a port that is taken is named, with what to do', async () => {
  const { url } = await open(async () => ({ ready: true, checks: {} }));
  const taken = openHealthPort({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    registry: createMetrics({ version: '1', now: () => 0, sources: [], datasets: [], storeUp: async () => true })
      .registry,
    readiness: async () => ({ ready: true, checks: {} }),
  });
  await expect(taken).rejects.toMatchObject({ code: 'PQ_CONFIG', message: expect.stringContaining('worker.listen') });
});
