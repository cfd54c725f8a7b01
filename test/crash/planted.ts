/** What a program with a defect could leave behind, put there by hand: a judge that does not find it is blind. */
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectRedis } from '@parqueue/core/redis';
import { randomId, type Stage } from './stage.ts';
import type { Subject } from './subjects.ts';

const DAY_MS = 86_400_000;

export interface Planted {
  /** For the judge: what head.json is said to have named. */
  readonly named: readonly number[];
  /** One finding each. */
  readonly found: readonly RegExp[];
}

export async function plant(stage: Stage, subject: Subject): Promise<Planted> {
  const key = stage.keyOf(subject);
  const { head, seen } = await stage.look(subject);
  if (head === null) throw new Error('a stage begins with a head');
  const { fence, version } = head;
  const part = stage.store.reader.partPath(key, fence).absolute;
  const folder = dirname(dirname(part));
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  try {
    const later = Date.now() + DAY_MS;
    await redis
      .multi()
      .hset(`{pq}:lease:${key}`, {
        fence,
        fillId: 'planted',
        holder: 'nobody',
        expiresAt: later,
        grantedAt: 0,
        scopes: '[]',
      })
      .hset('{pq}:reserved', 'planted', `1:${later}`)
      .zadd(`{pq}:pins:${key}`, 1e15, `${fence}:planted`)
      .set('{pq}:planted', 'for ever')
      .xadd('{pq}:changes', '*', 'kind', 'commit', 'key', key, 'fence', fence - 1, 'version', version)
      .exec();
  } finally {
    redis.disconnect();
  }
  await mkdir(join(folder, 'staging', `${fence}-${randomId()}`), { recursive: true });
  await mkdir(join(folder, `g${fence + 1}`));
  await writeFile(join(folder, `g${fence + 1}`, 'manifest.json'), '{');
  await flipOneByte(part);
  return {
    named: [seen.clock + 1000],
    found: [
      /a lease was not given back/,
      /a lease lives/,
      /room is reserved/,
      /a pin for ever/,
      /a key of Redis is left for ever/,
      /was committed as/,
      /the head went back/,
      /which was never committed/,
      /staging is left/,
      /verify: .* is damaged: the part does not match its hash/,
      /verify: .* is damaged: .*manifest/,
    ],
  };
}

/** In the middle, so that only the checksum tells, and at the old time, as a disk does that forgets. */
async function flipOneByte(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
}
