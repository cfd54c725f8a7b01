/**
 * A file of your own, replaced in one step and only if the rows changed; Ctrl-C stops wherever it is.
 * node examples/client/file.mjs DATASET FILE      PARQUEUE_URL, PARQUEUE_API_KEY
 */
import { isParqueueHttpError, Parqueue } from '@parqueue/client';

const { PARQUEUE_URL: url = 'http://127.0.0.1:8787', PARQUEUE_API_KEY: apiKey } = process.env;
const [dataset = 'sales', path = 'sales.parquet'] = process.argv.slice(2);
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

const onProgress = (progress) => {
  const { bytes, bytesTotal } = progress;
  const what = progress.kind === 'load' ? `the server loads: ${progress.phase}, ${progress.rows} rows` : 'transfer';
  console.error(`${what}, ${bytes}${bytesTotal === null ? '' : ` of ${bytesTotal}`} bytes`);
};

try {
  const parqueue = new Parqueue({ url, apiKey });
  const file = await parqueue.fetch(dataset, { as: 'file', path, signal: controller.signal, onProgress });
  console.log(`${file.path}: ${file.bytes} bytes, sha256 ${file.sha256}, from ${file.info.from}`);
} catch (error) {
  if (!isParqueueHttpError(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
