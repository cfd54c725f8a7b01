// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { learnServerTime, now } from '../clock.ts';
import { serve, type FakeServer } from '../testing/server.ts';
import { ask, askJson, lookAtReadiness } from './request.ts';
import { connection, enterKey, forgetKey, may, session, type Session } from './session.ts';
import { PRINCIPAL } from '../testing/answers.ts';

let server: FakeServer;
const { signal } = new AbortController();

beforeEach(() => {
  server = serve({});
  connection.set({ state: 'ok', detail: '' });
});
afterEach(() => {
  vi.useRealTimers();
  forgetKey();
  server[Symbol.dispose]();
});

describe('a question', () => {
  it('carries the key in its header only, and no cookie', async () => {
    server.answers.set('/v1/datasets', { datasets: [] });
    await askJson('/v1/datasets');
    enterKey('a-key');
    await askJson('/v1/datasets', { method: 'POST', body: { a: 1 }, headers: { prefer: 'wait=1' } });
    expect(server.asked).toMatchObject([
      { headers: {}, credentials: 'omit' },
      {
        headers: { authorization: 'Bearer a-key', 'content-type': 'application/json', prefer: 'wait=1' },
        credentials: 'omit',
        body: { a: 1 },
      },
    ]);
    expect(Object.keys(server.asked[0]?.headers ?? {})).toEqual([]);
    expect(server.asked.map(({ path }) => path).join()).not.toContain('a-key');
    expect(localStorage).toHaveLength(0);
  });

  it('that is refused for want of a key asks for one, and says whether one was given', async () => {
    const refused = { code: 'PQ_UNAUTHENTICATED', detail: 'which key?' };
    server.answers.set('/v1/datasets', Response.json(refused, { status: 401 }));
    await expect(ask('/v1/datasets')).rejects.toMatchObject({ status: 401, code: 'PQ_UNAUTHENTICATED' });
    expect(session.get().wanted).toBe('missing');
    enterKey('wrong');
    expect(session.get().wanted).toBe('none');
    await expect(ask('/v1/datasets')).rejects.toMatchObject({ message: 'which key?' });
    expect(session.get()).toMatchObject({ wanted: 'unknown', key: 'wrong' });
  });

  it('that nobody answers is no answer, and whoever stopped asking is not told so', async () => {
    server.answers.set('/v1/datasets', new TypeError('refused'));
    await expect(ask('/v1/datasets')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
    expect(connection.get().state).toBe('unreachable');
    connection.set({ state: 'ok', detail: '' });
    await expect(ask('/v1/datasets', { signal: AbortSignal.abort() })).rejects.toThrow(TypeError);
    expect(connection.get().state).toBe('ok');
  });
});

it('what a key may not do is known, and what nobody told is for the server to say', () => {
  const reader: Session = { key: 'k', wanted: 'none', identity: { ...PRINCIPAL, scopes: ['read'] } };
  expect([may(reader, 'read'), may(reader, 'admin'), may({ ...reader, identity: null }, 'admin')]).toEqual([
    true,
    false,
    true,
  ]);
});

it('ages are told by the clock of the server where the two differ by more than an answer takes', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T00:00:00.400Z') });
  const dateIn = (ms: number): string => new Date(Date.now() + ms).toUTCString();
  const aheadBy = (): number => Math.round((now() - Date.now()) / 10_000);
  learnServerTime(dateIn(3_600_000));
  expect(aheadBy()).toBe(360);
  learnServerTime('no date');
  learnServerTime(null);
  expect(aheadBy()).toBe(360);
  learnServerTime(dateIn(-60_000));
  expect(aheadBy()).toBe(-6);
  learnServerTime(dateIn(0));
  expect(now() - Date.now()).toBe(0);
});

describe('how the server stands', () => {
  async function looked(answer: unknown): Promise<string> {
    server.answers.set('/readyz', answer);
    await lookAtReadiness(signal);
    return connection.get().state;
  }

  it('is told by itself, the store after Redis', async () => {
    expect(await looked({ checks: { redis: 'no answer', store: 'no answer' } })).toBe('redis-away');
    expect(await looked({ checks: { redis: 'ok', store: 'read-only' } })).toBe('store-away');
    expect(connection.get().detail).toBe('read-only');
    expect(await looked({ checks: { redis: 'ok', store: 'ok' } })).toBe('ok');
    expect(await looked(new Error('refused'))).toBe('unreachable');
  });

  it('is as it was where something else answers in its place, and the next look goes on', async () => {
    await looked({ checks: { redis: 'ok', store: 'read-only' } });
    expect(await looked(new Response('<h1>502</h1>', { status: 502 }))).toBe('store-away');
    expect(await looked({ checks: { redis: 'ok', store: 'ok' } })).toBe('ok');
  });

  it('is not well again because a route that needs no Redis answers', async () => {
    const away = { code: 'PQ_COORDINATION_DOWN', detail: 'Redis is away' };
    server.answers.set('/v1/sources', Response.json(away, { status: 503 }));
    server.answers.set('/v1/datasets', {});
    await expect(ask('/v1/sources')).rejects.toMatchObject({ code: 'PQ_COORDINATION_DOWN' });
    await ask('/v1/datasets');
    expect(connection.get().state).toBe('redis-away');
    await looked(new Error('refused'));
    await ask('/v1/datasets');
    expect(connection.get().state).toBe('ok');
  });
});
