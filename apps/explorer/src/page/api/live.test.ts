// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fillOf } from '../testing/answers.ts';
import { serve, type FakeServer } from '../testing/server.ts';
import { live, pause, take } from './live.ts';
import { ask, lookAtReadiness } from './request.ts';
import { connection } from './session.ts';

const BEGAN_MS = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(BEGAN_MS + seconds * 1_000).toISOString();

const finished = (id: string, seconds: number) =>
  fillOf(id, { enqueuedAt: at(seconds), outcome: { kind: 'committed', fence: 1, rows: 1, bytes: 1 } });

describe('work that is kept', () => {
  beforeEach(() => {
    live.set({ fills: new Map(), by: 'polling', moved: 0 });
  });

  it('is what runs, however long ago it was asked for, then what was asked for latest', () => {
    take([fillOf('long', { state: 'running', outcome: null, enqueuedAt: at(0) })]);
    take(Array.from({ length: 400 }, (_, index) => finished(`short-${index}`, index + 1)));
    const kept = [...live.get().fills.keys()];
    expect(kept).toHaveLength(300);
    expect(kept.slice(0, 3)).toEqual(['long', 'short-399', 'short-398']);
    expect(kept).not.toContain('short-0');
  });

  it('wakes the views once for each load that came to an end, where no stream tells of heads', () => {
    take([finished('a', 1), finished('b', 2), fillOf('c')]);
    expect(live.get().moved).toBe(2);
    take([finished('a', 1)]);
    expect(live.get().moved).toBe(2);
    live.set({ ...live.get(), by: 'stream' });
    take([finished('d', 3)]);
    expect(live.get().moved).toBe(2);
  });

  it('has samples for a rate only while it runs', () => {
    const progress = { phase: 'reading', rows: 10, bytes: 0, bytesTotal: null } as const;
    take([fillOf('a', { state: 'running', outcome: null, progress })]);
    take([fillOf('a', { state: 'running', outcome: null, progress: { ...progress, rows: 20 } })]);
    expect(
      live
        .get()
        .fills.get('a')
        ?.samples.map(({ rows }) => rows),
    ).toEqual([10, 20]);
    take([fillOf('a')]);
    expect(live.get().fills.get('a')?.samples).toEqual([]);
  });
});

describe('a pause', () => {
  it('ends when its time is over, when the page is left and when somebody looks at it again, and leaves nothing behind', async () => {
    const added = vi.spyOn(document, 'addEventListener');
    const removed = vi.spyOn(document, 'removeEventListener');
    const left = new AbortController();
    const waits = [pause(1, left.signal), pause(3_600_000, left.signal)];
    await waits[0];
    document.dispatchEvent(new Event('visibilitychange'));
    await waits[1];
    const other = pause(3_600_000, left.signal);
    left.abort();
    await other;
    expect(added).toHaveBeenCalledTimes(3);
    expect(removed).toHaveBeenCalledTimes(3);
    vi.restoreAllMocks();
  });
});

describe('how the server stands', () => {
  let server: FakeServer;
  const { signal } = new AbortController();

  beforeEach(() => {
    server = serve({});
    connection.set({ state: 'ok', detail: '' });
  });
  afterEach(() => {
    server[Symbol.dispose]();
  });

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
