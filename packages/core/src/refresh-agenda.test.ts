/** The order of a refresh's entries, with thousands of them and with few. */
import { expect, test } from 'vitest';
import { Agenda, type AgendaItem } from './refresh-agenda.ts';

const items = (count: number): readonly AgendaItem[] =>
  Array.from({ length: count }, (_, n) => ({
    key: `k-${n}`,
    request: null,
    fence: 1,
    // In no order, each once: 7919 is a prime.
    verifiedAtMs: (n * 7919) % count,
  }));

/** Takes all, the clock going on by so much with each. */
function order(agenda: Agenda, stepMs: number): readonly { readonly verifiedAtMs: number; readonly atMs: number }[] {
  const taken: { verifiedAtMs: number; atMs: number }[] = [];
  for (let atMs = 0; ; atMs += stepMs) {
    const next = agenda.take(atMs);
    if (next === null) return taken;
    if ('waitMs' in next) atMs += next.waitMs - stepMs;
    else taken.push({ verifiedAtMs: next.verifiedAtMs, atMs });
  }
}

test('without jitter what was proved longest ago goes first', () => {
  const taken = order(new Agenda(items(5_000), { beganAtMs: 0, jitterMs: 0 }), 1);
  expect(taken.map(({ verifiedAtMs }) => verifiedAtMs)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
});

test.each([1, 50])('of those whose moment has come, so it is while others arrive (%d ms each)', (stepMs) => {
  const all = items(1_000);
  const taken = order(new Agenda(all, { beganAtMs: 0, jitterMs: 10_000 }), stepMs);
  expect(taken).toHaveLength(all.length);
  const moments = new Map(all.map((item) => [item.verifiedAtMs, momentOf(item)]));
  for (const [at, { verifiedAtMs, atMs }] of taken.entries()) {
    expect(moments.get(verifiedAtMs)).toBeLessThanOrEqual(atMs);
    const passed = taken.slice(at + 1).find((later) => later.verifiedAtMs < verifiedAtMs && cameBy(later, atMs));
    expect(passed).toBeUndefined();
  }
  function cameBy(later: { readonly verifiedAtMs: number }, atMs: number): boolean {
    return (moments.get(later.verifiedAtMs) ?? Infinity) <= atMs;
  }
});

test('what is put back goes behind all that can go, and counts as left', () => {
  const agenda = new Agenda(items(3), { beganAtMs: 0, jitterMs: 0 });
  const first = agenda.take(0);
  if (first === null || 'waitMs' in first) throw new Error('there are three');
  agenda.putBack(first);
  expect(agenda.left).toBe(3);
  expect([agenda.take(0), agenda.take(0), agenda.take(0), agenda.take(0)].map((item) => item === first)).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(agenda.left).toBe(0);
});

/** When an item of its own agenda can be taken first. */
function momentOf(item: AgendaItem): number {
  const next = new Agenda([item], { beganAtMs: 0, jitterMs: 10_000 }).take(-1);
  return next !== null && 'waitMs' in next ? next.waitMs - 1 : Infinity;
}
