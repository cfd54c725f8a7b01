/**
 * The API or the worker as a process of its own inside a guest of the lab, on the address that other hosts reach. The real
 * one; what is set is that the API loses its patience with the store sooner, and that jobs of a dead worker are found soon.
 *
 *   node guest-server.js api|worker CONFIG ADDRESS
 */
import { readFileSync } from 'node:fs';
import { loadConfig } from '@parqueue/core/config';
import { pino } from 'pino';

const [kind, path = '', host = ''] = process.argv.slice(2);
const readFile = (name: string): string => readFileSync(name, 'utf8');
const config = loadConfig(readFile(path), { path, env: process.env, readFile });
const log = pino({ level: 'info' }, pino.destination({ dest: 1, sync: true }));

if (kind === 'api') {
  const { startApi } = await import('@parqueue/api');
  // Node has four threads here, so three may hang.
  const storeCalls = { max: 3, patienceMs: 5000 };
  const api = await startApi({ config: { ...config, listen: { host, port: 8080 } }, log, storeCalls });
  process.once('SIGTERM', () => void api.close().then(() => process.exit(0)));
} else {
  const { startWorker } = await import('@parqueue/worker');
  const worker = await startWorker({
    config: { ...config, worker: { ...config.worker, listen: { host, port: 8081 } } },
    log,
    queueTiming: { lockDurationMs: 10_000, stalledIntervalMs: 2000 },
  });
  process.once('SIGTERM', () => void worker.drain().then(() => process.exit(0)));
}
console.log('server ready');
