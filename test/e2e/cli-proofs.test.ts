/** The two commands that prove the promise by themselves, small: the demonstration and the swarm. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliStage } from './cli-stage.ts';

let stage: CliStage;
beforeEach(() => {
  stage = new CliStage();
});
afterEach(async () => {
  await stage.endAll();
});

test('the demonstration keeps every claim and leaves only its data', async () => {
  // A folder for temporary things of its own: somebody else may run the demonstration too.
  const TMPDIR = join(stage.folder, 'tmp');
  mkdirSync(TMPDIR);
  const { exit, out, err } = await stage.run(['demo', '--rows', '20000'], { TMPDIR });
  expect([exit, err]).toEqual([0, expect.not.stringContaining('FAILED')]);
  expect(out).toContain('the file was loaded exactly once for all of them');
  expect(out).toContain('the server ran the statement exactly once for all of them');
  expect(out).toContain('npm start');
  expect(readdirSync(TMPDIR).filter((name) => name.startsWith('parqueue-demo-'))).toEqual([]);
});

test('the demonstration that is told to end takes along what it started', async () => {
  const TMPDIR = join(stage.folder, 'tmp');
  mkdirSync(TMPDIR);
  const { exit } = await stage.run(['demo', '--rows', '20000'], { TMPDIR }, ' 3. ');
  expect(exit, 'not ended by the signal itself').toBeGreaterThan(0);
  expect(readdirSync(TMPDIR).filter((name) => name.startsWith('parqueue-demo-'))).toEqual([]);
  expect(running(TMPDIR)).toEqual([]);
});

test('a swarm over a changing file sees nothing stale, torn or loaded twice', async () => {
  const { exit, out } = await stage.run([
    'swarm',
    'file',
    ...['--clients', '3', '--waves', '4', '--regenerations', '3', '--rows', '2000', '--json'],
  ]);
  const verdict = JSON.parse(out) as { findings: readonly unknown[] };
  expect([verdict.findings, exit]).toEqual([[], 0]);
  expect(verdict).toMatchObject({ ok: true, revisions: 4, gets: 3 * 4 * 5 + 3 + 3 });
});

test('a swarm over two tables that change together sees one revision in every answer, run once at the server', async () => {
  const { exit, out, err } = await stage.run([
    'swarm',
    'sql',
    ...['--clients', '3', '--waves', '4', '--regenerations', '3', '--rows', '500', '--json'],
  ]);
  const verdict = JSON.parse(out) as { findings: readonly unknown[] };
  expect([verdict.findings, exit], err).toEqual([[], 0]);
  expect(verdict).toMatchObject({ ok: true, revisions: 4, executions: expect.any(Number) as number });
});

test('a swarm that is lied to says so: answers that may be an hour old are stale after a change', async () => {
  await stage.init();
  const config = `${stage.folder}/parqueue.yaml`;
  writeFileSync(
    config,
    readFileSync(config, 'utf8').replace('path: orders.parquet', 'path: orders.parquet\n    freshness: { maxAge: 1h }'),
  );
  const server = await stage.up();
  const { exit, out } = await stage.run([
    ...['swarm', 'file', '--url', server.url, '--dataset', 'orders', '--file', 'data/orders.parquet'],
    ...['--clients', '2', '--waves', '3', '--regenerations', '2', '--rows', '1000', '--json'],
  ]);
  expect(exit).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ ok: false, reasons: ['stale'] });
  expect(await server.stop()).toBe(0);
});

/** Processes that work below a folder; none where the system has no /proc. */
function running(folder: string): readonly string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false; // It has ended meanwhile, or is somebody else's.
    }
  });
}
