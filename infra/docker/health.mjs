/** The health check of the images: exit code 0 when the server on this port of the container can do its work. */
import { request } from 'node:http';

const [port = ''] = process.argv.slice(2);
/** Below the time that the engine gives the check, so that the reason gets into its log. */
const LIMIT_MS = 4000;

const ask = request({ host: '127.0.0.1', port, path: '/readyz', signal: AbortSignal.timeout(LIMIT_MS) }, (answer) => {
  answer.pipe(process.stdout);
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
});
ask.once('error', (error) => {
  console.log(error.message);
  process.exitCode = 1;
});
ask.end();
