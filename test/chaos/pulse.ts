/**
 * Whether the machine itself stood still: what Redis and API processes take for the least they can do, asked all the time by
 * somebody who waits for nothing else. A program that cannot reach Redis for seconds says so, and is right, also where nobody
 * did anything to it but take its processor away.
 */
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

export async function feelPulse({ stage, http, deeds, now }: PulseDeps, signal: AbortSignal): Promise<void> {
  const felt = async (api: string | null, ask: () => Promise<boolean>): Promise<void> => {
    while (!signal.aborted) {
      const beganMs = now();
      const isAnswered = await ask();
      const endedMs = now();
      if (isAnswered && endedMs - beganMs > STALL_MS) deeds.stalls.push({ api, beganMs, endedMs });
      await sleep(EVERY_MS);
    }
  };
  const port = Number(new URL(stage.redis.url).port);
  await Promise.all([
    felt(null, async () => await ping(port)),
    ...stage.apis.map(({ api: { name, url } }) =>
      felt(name, async () => (await http.send(`${url}/healthz`)).code === null),
    ),
  ]);
}

/** @returns false where there is no Redis */
async function ping(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('close', () => resolve(false));
    socket.on('error', () => undefined);
  });
}
