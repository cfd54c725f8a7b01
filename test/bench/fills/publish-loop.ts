/**
 * The least that publishing durably costs: make the directories of a key, write the part and its manifest, fsync both and every directory
 * that got a name, rename, and one script in Redis. One at a time, as a worker with one thread does; in a process of its own.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { connectRedis } from '@parqueue/core/redis';
import { SHARDS, type Published, type PublishOrder } from './publish-order.ts';

/** As a commit does it: a hash of some fields, and the index. */
const COMMIT = `
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'sha256', ARGV[2], 'bytes', ARGV[3])
redis.call('ZADD', KEYS[2], 0, KEYS[1])
return 1`;

async function sync(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(bytes);
  await file.sync();
}

async function publish(order: PublishOrder, redis: ReturnType<typeof connectRedis>): Promise<void> {
  const { folder, from, count, partBytes, manifestBytes } = order;
  const script = String(await redis.script('LOAD', COMMIT));
  const [part, manifest] = [new Uint8Array(partBytes).fill(7), new Uint8Array(manifestBytes).fill(32)];
  for (let at = from; at < from + count; at += 1) {
    const shard = join(folder, String(at % SHARDS));
    const key = join(shard, `key-${at}`);
    const staging = join(key, 'staging');
    await mkdir(key);
    await mkdir(staging);
    await sync(shard);
    await writeSynced(join(staging, 'part-000.parquet'), part);
    await writeSynced(join(staging, 'manifest.json'), manifest);
    await sync(staging);
    await rename(staging, join(key, 'g1'));
    await sync(key);
    await redis.evalsha(script, 2, `bench:head:${at}`, 'bench:entries', '1', 'f'.repeat(64), String(partBytes));
  }
}

process.on('message', (order: PublishOrder) => {
  const redis = connectRedis({ url: order.redisUrl }, 'worker');
  const before = process.cpuUsage();
  publish(order, redis)
    .then(() => {
      const { user, system } = process.cpuUsage(before);
      process.send?.({ cpuSeconds: (user + system) / 1e6 } satisfies Published);
    })
    .catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
      process.disconnect();
    })
    .finally(() => redis.disconnect());
});
