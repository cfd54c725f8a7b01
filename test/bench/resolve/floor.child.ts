/**
 * The least that a server can do that answers from Redis: Fastify without a log, one EVALSHA that reads a hash and the time,
 * and a JSON answer as long as Parqueue's. Commands of one turn are sent together, as whoever knows the driver has it.
 */
import { connectRedis } from '@parqueue/core/redis';
import fastify from 'fastify';

const SCRIPT = `return { redis.call('TIME'), redis.call('HGETALL', KEYS[1]) }`;
const KEY = 'bench:floor';

interface Question {
  readonly dataset: string;
}

/** @param resolution what Parqueue answered: what the answer is made of beside what Redis tells */
async function serve(redisUrl: string, resolution: Readonly<Record<string, unknown>>): Promise<string> {
  const plain = connectRedis({ url: redisUrl }, 'worker');
  const redis = plain.duplicate({ enableAutoPipelining: true });
  plain.disconnect();
  const { generation, version, sha256, bytes, rows, source, verifiedAt, consistency, ...rest } = resolution;
  const head = { generation, version, sha256, bytes, rows, source, verifiedAt, consistency };
  await redis.hset(KEY, Object.fromEntries(Object.entries(head).map(([name, value]) => [name, String(value)])));
  const digest = String(await redis.script('LOAD', SCRIPT));
  const app = fastify({ logger: false });
  app.post<{ Body: Question }>('/v1/resolve', async ({ body }, reply) => {
    const [now, flat] = (await redis.evalsha(digest, 1, KEY)) as [readonly string[], readonly string[]];
    const fields: Record<string, string> = {};
    for (let at = 0; at < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
    reply.header('cache-control', 'no-store');
    return { ...fields, ...rest, dataset: body.dataset, ageSeconds: Number(now[0]) };
  });
  return await app.listen({ host: '127.0.0.1', port: 0 });
}

process.once('message', (message: { readonly redisUrl: string; readonly resolution: Record<string, unknown> }) => {
  serve(message.redisUrl, message.resolution).then(
    (url) => process.send?.({ url }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
