/**
 * Rows as plain objects, and rows of any number in bounded memory.
 * node examples/client/rows.mjs [DATASET]      PARQUEUE_URL, PARQUEUE_API_KEY
 */
import { Parqueue } from '@parqueue/client';

const { PARQUEUE_URL: url = 'http://127.0.0.1:8787', PARQUEUE_API_KEY: apiKey } = process.env;
const parqueue = new Parqueue({ url, apiKey });
const [dataset = 'sales'] = process.argv.slice(2);

for (const row of await parqueue.fetch(dataset, { as: 'rows', limit: 3 })) console.log(row);

let count = 0;
for await (const rows of parqueue.fetchBatches(dataset, { as: 'rows' })) count += rows.length;
console.log(`${count} rows`);
