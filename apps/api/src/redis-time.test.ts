import { expect, test } from 'vitest';
import { RedisTime } from './redis-time.ts';

function clocks(): { wallMs: number; monotonicMs: number; time: RedisTime } {
  const at = { wallMs: 50_000, monotonicMs: 7 };
  return Object.assign(at, { time: new RedisTime({ now: () => at.wallMs }, () => at.monotonicMs) });
}

test('before Redis was heard of there is no time', () => {
  expect(clocks().time.nowMs()).toBeNull();
});

test('time goes on from the last reading, and what the reply took counts', () => {
  const at = clocks();
  at.wallMs += 20;
  at.monotonicMs += 20;
  at.time.hear(1_000_000, 50_000);
  expect(at.time.nowMs()).toBe(1_000_020);
  at.wallMs += 300;
  at.monotonicMs += 300;
  expect(at.time.nowMs()).toBe(1_000_320);
  at.time.hear(2_000_000, at.wallMs);
  expect(at.time.nowMs()).toBe(2_000_000);
});

test('a clock that was set back, or a machine that slept, makes nothing younger', () => {
  const at = clocks();
  at.time.hear(1_000_000, at.wallMs);
  at.wallMs -= 3_600_000;
  at.monotonicMs += 500;
  expect(at.time.nowMs()).toBe(1_000_500);
  at.wallMs += 2 * 3_600_000;
  expect(at.time.nowMs()).toBe(1_000_000 + 3_600_000);
});
