/**
 * The store's own file, read by its path where the store is mounted: nothing is transferred.
 * node examples/client/path.mjs DATASET MOUNT      PARQUEUE_URL, PARQUEUE_API_KEY
 */
import { open } from 'node:fs/promises';
import { Parqueue } from '@parqueue/client';

const { PARQUEUE_URL: url = 'http://127.0.0.1:8787', PARQUEUE_API_KEY: apiKey } = process.env;
const [dataset = 'sales', mount = './var/store'] = process.argv.slice(2);
const parqueue = new Parqueue({ url, apiKey, mount });

// In TypeScript: `await using pinned = …`.
const pinned = await parqueue.fetch(dataset, { as: 'path' });
try {
  // It stays there, however often the dataset is loaded anew meanwhile.
  const file = await open(pinned.path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  await file.close();
  console.log(`${pinned.path} begins with ${buffer.toString()} and has ${pinned.rows} rows`);
} finally {
  await pinned.release();
}
