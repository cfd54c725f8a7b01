/**
 * Whether the machine itself stood still: what Redis and API processes take for the least they can do, asked all the time by
 * somebody who waits for nothing else. A program that cannot reach Redis for seconds says so, and is right, also where nobody
 * did anything to it but take its processor away.
 *
 * Slowness alone excuses nobody: it may be the product's own. The system tells how long a process ran and how long it waited
 * for a processor, and only who was kept waiting stood still; a program that computes for seconds, or a Redis that our scripts
 * keep busy, did not.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deeds } from './deeds.ts';
import type { Http } from './http.ts';
import type { ChaosStage } from './stage.ts';

const EVERY_MS = 200;
/** Half of what a command to Redis waits at the least. */
const STALL_MS = 1000;

export interface PulseDeps {
  readonly stage: ChaosStage;
  readonly http: Http;
  readonly deeds: Deeds;
  readonly now: () => number;
}

/** What the first thread of a process had of the processors so far: an event loop, or all of Redis's commands. */
interface Share {
  readonly pid: number;
  readonly ranMs: number;
  readonly waitedMs: number;
}

/** One beat of a heart: how long it took, and how much of it its owner ran, or waited to run. */
export interface Beat {
  readonly tookMs: number;
  readonly ranMs: number;
  readonly waitedMs: number;
}

export async function feelPulse({ stage, http, deeds, now }: PulseDeps, signal: AbortSignal): Promise<void> {
  const felt = async (
    api: string | null,
    stoodStill: (beat: Beat) => boolean,
    ask: () => Promise<number | null>,
  ): Promise<void> => {
    let before: Share | null = null;
    while (!signal.aborted) {
      const beganMs = now();
      const pid = await ask();
      const endedMs = now();
      const after = pid === null ? null : await shareOf(pid);
      const tookMs = endedMs - beganMs;
      // Who was started meanwhile beats for the first time.
      if (before !== null && after?.pid === before.pid && tookMs > STALL_MS) {
        const beat = { tookMs, ranMs: after.ranMs - before.ranMs, waitedMs: after.waitedMs - before.waitedMs };
        if (stoodStill(beat)) deeds.stalls.push({ api, beganMs, endedMs });
        else deeds.slowByThemselves += 1;
      }
      before = after;
      await sleep(EVERY_MS);
    }
  };
  const port = Number(new URL(stage.redis.url).port);
  await Promise.all([
    felt(null, redisStoodStill, async () => await processOfRedis(port)),
    ...stage.apis.map(({ api: { name, url }, handle }) =>
      felt(name, apiStoodStill, async () => ((await http.send(`${url}/healthz`)).code === null ? handle.pid : null)),
    ),
  ]);
}

/** An event loop that was kept waiting for at least half of the time. */
export function apiStoodStill({ tookMs, waitedMs }: Beat): boolean {
  return waitedMs >= tookMs / 2;
}

/** Redis waits for its disk too, once a second, and nobody counts that; but it was not at work for us. */
export function redisStoodStill({ tookMs, ranMs }: Beat): boolean {
  return ranMs < tookMs / 2;
}

async function shareOf(pid: number): Promise<Share | null> {
  try {
    const [ran, waited] = (await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ').map(Number);
    return { pid, ranMs: (ran ?? 0) / 1e6, waitedMs: (waited ?? 0) / 1e6 };
  } catch {
    return null;
  }
}

/** @returns null where there is no Redis */
async function processOfRedis(port: number): Promise<number | null> {
  return await new Promise((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO server\r\n'));
    socket.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      const [, pid] = /process_id:(\d+)\r/.exec(told) ?? [];
      if (pid === undefined) return;
      resolve(Number(pid));
      socket.destroy();
    });
    socket.once('close', () => resolve(null));
    socket.on('error', () => undefined);
  });
}
