/**
 * A function of your own, kept in the store: it runs once however many processes ask, and again when its version changed.
 * node examples/client/wrap.mjs [FOLDER]      PARQUEUE_URL, PARQUEUE_STORE, PARQUEUE_REDIS (default: those of `npm start`)
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Parqueue } from '@parqueue/client';

const {
  PARQUEUE_URL: url = 'http://127.0.0.1:8787',
  PARQUEUE_STORE: root = 'var/store',
  PARQUEUE_REDIS: redis = await redisOfStart(),
} = process.env;
const folder = resolve(process.argv[2] ?? '.');

const parqueue = new Parqueue({ url, store: { root, redis } });

const sizes = parqueue.cached.wrap(
  async (path) => {
    console.log(`reading ${path}`);
    const names = await readdir(path);
    return await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(path, name))).size })));
  },
  { key: 'example/sizes', version: async (path) => (await stat(path)).mtimeMs, columns: { bytes: 'bigint' } },
);

const rows = await sizes(folder);
console.log(`${rows.length} files, ${rows.reduce((sum, { bytes }) => sum + bytes, 0n)} bytes`);

// Its connections to Redis keep a process alive.
await parqueue.close();

/** Where `npm start` has a Redis of its own, which is where no REDIS_URL is set. */
async function redisOfStart() {
  const { port, password } = JSON.parse(await readFile('var/redis/address.json', 'utf8'));
  return `redis://:${password}@127.0.0.1:${port}`;
}
