/** The servers that the tests start for themselves: they come back after a crash, and nothing of them outlives the tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startMariadbServer, startPostgresServer } from '@parqueue/core/testing/servers';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, test } from 'vitest';

const SERVERS = [
  ['PostgreSQL', startPostgresServer, runOnPostgres],
  ['MariaDB', startMariadbServer, runOnMariadb],
] as const;

describe.each(SERVERS)('a server of %s', (_name, start, run) => {
  test('killed and started again has its address and its data', async () => {
    await using server = await start();
    const statement = 'CREATE TABLE kept (id INT)';
    await run(server.url, statement);
    await server.kill();
    await expect(run(server.url, statement)).rejects.toThrow('ECONNREFUSED');
    await server.start();
    await expect(run(server.url, statement)).rejects.toThrow('already exists');
  });

  test('leaves no process and no file when it is disposed of', async () => {
    const server = await start();
    const { pid, folder } = server;
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true]);
    await server[Symbol.asyncDispose]();
    expect([isAlive(pid), existsSync(folder)]).toEqual([false, false]);
  });

  test('ends with its parent, when that is killed too', async () => {
    const program = `
      import { ${start.name} } from '@parqueue/core/testing/servers';
      const { pid, folder } = await ${start.name}();
      console.log(JSON.stringify({ pid, folder }));
      setInterval(() => undefined, 1000);
    `;
    const { parent, told } = await parentOf(program);
    const { pid, folder } = told as { readonly pid: number; readonly folder: string };
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true]);
    parent.kill('SIGKILL');
    while (isAlive(pid) || existsSync(folder)) await sleep(20);
  });
});

test.each(['SIGKILL', 'SIGINT'] as const)(
  'a Redis ends with its parent, by %s too, even if it is paused',
  async (signal) => {
    const { parent, told } = await parentOf(`
    import { mkdtempSync } from 'node:fs';
    import { freePort, startRedis } from '@parqueue/core/testing/servers';
    const dir = mkdtempSync('${join(tmpdir(), 'parqueue-redis-')}');
    const { pid } = await startRedis({ port: await freePort(), dir }, ['--save', '']);
    console.log(JSON.stringify({ pid, dir }));
  `);
    const { pid, dir } = told as { readonly pid: number; readonly dir: string };
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGSTOP');
    parent.kill(signal);
    while (isAlive(pid)) await sleep(20);
    await rm(dir, { recursive: true });
  },
);

/** A process with this program, and the line of JSON that it says. */
async function parentOf(program: string): Promise<{ readonly parent: ChildProcess; readonly told: unknown }> {
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  return { parent, told: JSON.parse(line) };
}

async function runOnPostgres(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function runOnMariadb(url: string, statement: string): Promise<void> {
  const client = await mysql.createConnection(url);
  try {
    await client.query('CREATE DATABASE IF NOT EXISTS kept');
    await client.query('USE kept');
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function isAlive(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 0);
  } catch {
    return false;
  }
}
