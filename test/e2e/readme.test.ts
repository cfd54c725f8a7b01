/**
 * The first minute of a new user: the commands of README.md, line by line, against a server started as `npm start`
 * starts it. curl is interpreted here, because a fresh machine may have none.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(repository, 'packages/cli/bin/parqueue.js');
const folder = mkdtempSync(join(tmpdir(), 'parqueue-readme-'));

/** What the server said on standard error; shown only when something went wrong. */
const log: string[] = [];
let server: ChildProcess;
let base: string;

beforeAll(async () => {
  mkdirSync(join(folder, 'examples'));
  copyFileSync(join(repository, 'examples/parqueue.yaml'), join(folder, 'examples/parqueue.yaml'));
  run(['demo', '--data-only']);
  server = spawn(process.execPath, [cli, 'up', '--config', 'examples/parqueue.yaml', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, REDIS_URL: `${inject('redisUrl')}/411` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')));
  base = await readyUrl(server);
});

afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

test('the commands of the first minute do what their comments say', async () => {
  const lines = commandsOf(readFileSync(join(repository, 'README.md'), 'utf8'));
  const outcomes: string[] = [];
  for (const line of lines) outcomes.push(await interpret(line));
  expect(outcomes, log.slice(-20).join('')).toEqual([
    'parqueue; fwd=miss; stored',
    'parqueue; hit; detail=revalidated',
    '3 rows',
    'exit 0',
    'parqueue; fwd=miss; stored',
    'exit 0',
  ]);
});

/** The lines of the block that talks to a running server, comments cut off. */
function commandsOf(readme: string): readonly string[] {
  const block = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text]) => text ?? '')
    .find((text) => text.includes('curl'));
  return (block ?? '')
    .split('\n')
    .map((line) => line.replace(/ +#.*$/, '').trim())
    .filter((line) => line !== '');
}

async function interpret(line: string): Promise<string> {
  const ours = /^npx parqueue (.+)$/.exec(line)?.[1];
  if (ours !== undefined) return `exit ${run(ours.split(' '))}`;
  const [, flags, url] = /^curl -(\w+) '(http:[^']+)'/.exec(line) ?? [];
  if (flags === undefined || url === undefined) throw new Error(`README.md shows what this test cannot run: ${line}`);
  const response = await fetch(url.replace('http://127.0.0.1:8787', base), {
    method: flags.includes('I') ? 'HEAD' : 'GET',
  });
  expect(response.status).toBe(200);
  const body = await response.arrayBuffer();
  if (url.includes('.json')) return `${(JSON.parse(Buffer.from(body).toString('utf8')) as unknown[]).length} rows`;
  // Whether a lone caller's load counts as shared, and the time left, are not what the page promises.
  return (response.headers.get('cache-status') ?? '').replace(/; (collapsed|ttl|key)\b.*$/, '');
}

function run(args: readonly string[]): number {
  const env = { ...process.env, ...(base === undefined ? {} : { PARQUEUE_URL: base }) };
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`parqueue ${args.join(' ')} ended with ${status}: ${stderr}`);
  return status;
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`parqueue up ended with ${code}: ${text}${log.join('')}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const url = /parqueue ready on (http:\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}
