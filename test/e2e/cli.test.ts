/** The command from `init` to Ctrl-C, as somebody types it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CliStage } from './cli-stage.ts';

let stage: CliStage;
beforeEach(() => {
  stage = new CliStage();
});
afterEach(async () => {
  await stage.endAll();
});

const at = (...path: readonly string[]): string => join(stage.folder, ...path);
const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('from init to Ctrl-C', () => {
  test('a configuration is written, served, asked, explained, stopped, and everything is still there', async () => {
    await stage.init();
    expect((await stage.run(['config', 'check'])).out).toContain('ok');
    expect((await stage.run(['generate', 'data/orders.parquet', '--rows', '2e4'])).exit).toBe(0);

    const first = await stage.up();
    const env = { PARQUEUE_URL: first.url };
    const cold = await stage.run(['get', 'orders', '-o', 'cold.parquet', '--json'], env);
    expect(JSON.parse(cold.out)).toMatchObject({ cacheStatus: expect.stringContaining('fwd=miss') as string });
    expect(hash(at('cold.parquet'))).toBe(hash(at('data/orders.parquet')));

    const listed = await stage.run(['ls', '--json'], env);
    const { key } = JSON.parse(listed.out) as { key: string };
    expect((await stage.run(['ls'], env)).out).toContain('20,000');
    expect((await stage.run(['inspect', key], env)).out).toContain('rows: 20000');
    expect((await stage.run(['explain', key], env)).out).toContain('why:');
    const adhoc = await stage.run(
      ['query', '--source', 'files', '--path', 'orders.parquet', '--format', 'csv', '--columns', 'id,price'],
      env,
    );
    expect(adhoc.out.split('\r\n')[0]).toBe('id,price');
    // Where nobody looks there is no limit: all rows, and nothing to say about them.
    expect([adhoc.out.split('\r\n').length, adhoc.err]).toEqual([20_002, '']);
    expect((await stage.run(['get', 'orders', '--format', 'csv', '--limit', '3'], env)).err).toBe('');
    expect((await stage.run(['get', 'orders', '-o', 'rows.arrow'], env)).exit).toBe(0);
    expect(tableFromIPC(readFileSync(at('rows.arrow'))).numRows).toBe(20_000);
    const lost = await stage.run(['get', 'orders', '-o', 'no/such/folder/x.parquet'], env);
    expect([lost.exit, lost.err]).toEqual([2, expect.stringContaining('cannot be written (ENOENT)') as string]);
    expect(await first.stop('SIGINT')).toBe(0);
    expect(first.err()).toContain('data is kept');

    const second = await stage.up();
    const warm = await stage.run(['get', 'orders', '-o', 'warm.parquet', '--json'], { PARQUEUE_URL: second.url });
    expect(JSON.parse(warm.out)).toMatchObject({ cacheStatus: expect.stringMatching(/; hit/) as string });
    expect(hash(at('warm.parquet'))).toBe(hash(at('cold.parquet')));
    expect(await second.stop('SIGTERM')).toBe(0);
  });

  test('a second up is refused the port of the first, and its data, in one plain line', async () => {
    await stage.init();
    const first = await stage.up();
    const port = await stage.run(['up', '--port', new URL(first.url).port, '--data', 'elsewhere']);
    expect(port.exit).toBe(1);
    expect(port.err).toMatch(/^parqueue: PQ_CONFIG: port \d+ on 127.0.0.1 is in use.*--port.*\n$/);
    const data = await stage.run(['up', '--port', '0']);
    expect(data.exit).toBe(1);
    expect(data.err).toMatch(/^parqueue: PQ_CONFIG: .*in use by another `parqueue up`.*--data.*\n$/);
    expect(await first.stop()).toBe(0);
  });

  test('invalidated and filled by hand, an entry is loaded again', async () => {
    await stage.init();
    await stage.run(['generate', 'data/orders.parquet', '--rows', '1000']);
    const server = await stage.up();
    const env = { PARQUEUE_URL: server.url };
    const generation = async (args: readonly string[]): Promise<number> => {
      const { out } = await stage.run(['fill', 'orders', '--json', ...args], env);
      return (JSON.parse(out) as { generation: number }).generation;
    };
    const loads = async (): Promise<readonly unknown[]> => {
      const { fills } = (await (await fetch(`${server.url}/v1/fills`)).json()) as {
        fills: readonly { kind: string; progress: { rows: number } | null }[];
      };
      return fills.filter(({ kind }) => kind === 'fill').map(({ progress }) => progress?.rows);
    };
    const first = await generation(['--force']);
    // The answer comes with the commit; the job is over a moment later, and tells then what it came to.
    await expect.poll(loads, { message: 'what was not there is loaded once, forced or not' }).toEqual([1000]);
    expect(await generation([])).toBe(first);
    const forced = await generation(['--force']);
    expect(forced).toBeGreaterThan(first);
    await expect.poll(loads).toEqual([1000, 1000]);
    expect((await stage.run(['invalidate', '--dataset', 'orders', '--mode', 'hard'], env)).exit).toBe(0);
    expect(await generation([])).toBeGreaterThan(forced);
    expect(await server.stop()).toBe(0);
  });
});

describe('exit codes', () => {
  test('2: what was typed makes no sense', async () => {
    for (const args of [
      ['get'],
      ['nonsense'],
      ['generate', 'file.txt'],
      ['generate', 'a.csv', '--rows', 'many'],
      ['invalidate'],
      ['invalidate', '--prefix', ''],
      ['invalidate', '--key', 'orders-0'],
      ['verify', '--key', 'orders-0'],
      ['ls', '--url', 'ftp://127.0.0.1'],
    ]) {
      const { exit, err } = await stage.run(args);
      expect([args, exit]).toEqual([args, 2]);
      expect(err).not.toMatch(/\n\s+at /);
    }
  });

  test('3: the server does not know it', async () => {
    await stage.init();
    const server = await stage.up();
    const env = { PARQUEUE_URL: server.url };
    const unknown = await stage.run(['get', 'nothing', '-o', 'x.parquet'], env);
    expect([unknown.exit, unknown.err]).toEqual([3, expect.stringMatching(/^parqueue: PQ_UNKNOWN_DATASET: .+\n$/)]);
    const absent = await stage.run(['get', 'orders', '-o', 'x.parquet', '--json'], env);
    expect(absent.exit).toBe(3);
    expect(JSON.parse(absent.err)).toMatchObject({ error: { code: 'PQ_NOT_FOUND' } });
    expect(existsSync(at('x.parquet'))).toBe(false);
    await server.stop();
  });

  test('4: nobody answers', async () => {
    const { exit, err } = await stage.run(['ls', '--url', 'http://127.0.0.1:9']);
    expect([exit, err]).toEqual([4, expect.stringMatching(/^parqueue: UNREACHABLE: .+\n$/)]);
  });

  test('1: the configuration is wrong, all of it at once', async () => {
    writeFileSync(
      at('parqueue.yaml'),
      'listen: { port: many }\nsources:\n  files: { kind: file }\n  erp: { kind: abacus }\n',
    );
    const { exit, out } = await stage.run(['config', 'check', '--json']);
    expect(exit).toBe(1);
    const { problems } = JSON.parse(out) as { problems: { path: string }[] };
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'listen.port',
      'sources.erp.kind',
      'sources.files.root',
    ]);
    expect((await stage.run(['up'])).exit).toBe(1);
  });

  test('1: an address for everybody without a key, before anything is started', async () => {
    await stage.run(['init']);
    for (const host of ['0.0.0.0', '::']) {
      const { exit, err } = await stage.run(['up', '--port', '0', '--host', host]);
      expect([exit, err]).toEqual([1, expect.stringMatching(/^parqueue: PQ_CONFIG: --host .*auth\.apiKeys.*\n$/)]);
    }
    expect(existsSync(at('var'))).toBe(false);
  });

  test('init never overwrites', async () => {
    writeFileSync(at('parqueue.yaml'), '# mine\n');
    expect((await stage.run(['init'])).exit).toBe(1);
    expect(readFileSync(at('parqueue.yaml'), 'utf8')).toBe('# mine\n');
  });

  test('config show tells no secret', async () => {
    await stage.init();
    const { out } = await stage.run(['config', 'show'], { REDIS_URL: 'redis://:hunter2@redis.example:6379' });
    expect(out).toContain('url: ${REDIS_URL:-}');
    expect(out).not.toMatch(/hunter2|redis\.example/);
    expect((await stage.run(['config', 'show', '--json'])).out).toContain('"grace":"10m"');
  });
});

test('generate makes equal files of equal seeds, and others of others', async () => {
  for (const [file, seed] of [
    ['a.csv', '5'],
    ['b.csv', '5'],
    ['c.csv', '6'],
    ['a.parquet', '5'],
    ['b.parquet', '5'],
    ['c.parquet', '6'],
  ] as const) {
    expect((await stage.run(['generate', file, '--rows', '500', '--seed', seed])).exit).toBe(0);
  }
  for (const extension of ['csv', 'parquet']) {
    expect(hash(at(`a.${extension}`))).toBe(hash(at(`b.${extension}`)));
    expect(hash(at(`a.${extension}`))).not.toBe(hash(at(`c.${extension}`)));
  }
});
