/** Noted reads on Redis: noted-recall, noted-begin. A name lies in one of a bounded number of hashes. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { NOTED_READS, type NotedRead, type NotedReads, type RangeAsked } from '../ports/noted-reads.ts';
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { asArray, asNumber } from './replies.ts';

const storedSchema = z.array(
  z.object({
    fence: z.coerce.number(),
    begun: z.number(),
    used: z.number(),
    verifiedAt: z.number(),
    committedAt: z.number(),
    first: z.string(),
    asked: z.record(z.string(), z.number()),
    usable: z.boolean(),
  }),
);

export function redisNotedReads(gate: RedisGate): NotedReads {
  const { ttlMs, lifeMs, perNameMax, perBucketMax, rangesMax } = NOTED_READS;
  return {
    recall: async (asked, under) => {
      const [now, noted, reads] = asArray(
        await gate.script(
          'noted-recall',
          [...keysOf(asked), ...asked.target.scopes.map(KEYS.scope)],
          [asked.name, asked.range, under, ttlMs, lifeMs, rangesMax],
        ),
      );
      return {
        nowMs: asNumber(now),
        reads: storedSchema.parse(JSON.parse(String(reads))).map(readOf),
        noted: noted === '' ? null : asNumber(noted),
      };
    },
    begin: async (beginning) => {
      const { name, range, target, fence, verifiedAtMs, committedAtMs, plainly } = beginning;
      const reply = await gate.script(
        'noted-begin',
        [...keysOf(beginning), KEYS.reads],
        [
          name,
          range,
          plainly ? '' : range,
          target.key,
          fence,
          verifiedAtMs,
          committedAtMs,
          ttlMs,
          perNameMax,
          perBucketMax,
          rangesMax,
        ],
      );
      return reply === 1;
    },
  };
}

function readOf({ begun, used, verifiedAt, committedAt, ...rest }: z.infer<typeof storedSchema>[number]): NotedRead {
  return { ...rest, begunAtMs: begun, usedAtMs: used, verifiedAtMs: verifiedAt, committedAtMs: committedAt };
}

function keysOf({ name, target: { key } }: RangeAsked): readonly string[] {
  return [
    KEYS.noted(notedBucket(name)),
    KEYS.key(key),
    KEYS.head(key),
    KEYS.retired(key),
    KEYS.pins(key),
    KEYS.pinned(key),
  ];
}

export function notedBucket(name: string): string {
  const digest = createHash('sha256').update(name).digest();
  return (digest.readUInt16BE(0) % NOTED_READS.buckets).toString(16).padStart(3, '0');
}
