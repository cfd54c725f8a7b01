/**
 * A dataset as an Arrow table, twice: the second time nothing is transferred, and it is the same object.
 * node examples/client/table.mjs [DATASET]      PARQUEUE_URL, PARQUEUE_API_KEY
 */
import { Parqueue } from '@parqueue/client';

const { PARQUEUE_URL: url = 'http://127.0.0.1:8787', PARQUEUE_API_KEY: apiKey } = process.env;
const parqueue = new Parqueue({ url, apiKey });
const [dataset = 'sales'] = process.argv.slice(2);

const told = ({ from, verified, ageSeconds }) =>
  console.log(`from ${from}, ${verified ? 'verified' : 'not verified'}, ${Math.round(ageSeconds)} s old`);

const table = await parqueue.fetch(dataset, { onAnswer: told });
console.log(`${table.numRows} rows of ${table.schema.fields.map(({ name }) => name).join(', ')}`);

const again = await parqueue.fetch(dataset, { onAnswer: told });
console.log(again === table ? 'the same object' : 'it changed meanwhile');
