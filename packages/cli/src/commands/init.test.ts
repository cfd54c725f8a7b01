/** The configurations people start from: as they are written, and with what they keep in comments. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '@parqueue/core/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from '../context.ts';
import { init } from './init.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parqueue-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const silent = (): void => undefined;

function written(): string {
  init({ cwd: folder, out: silent, err: silent } as unknown as Context, {});
  return readFileSync(join(folder, 'parqueue.yaml'), 'utf8');
}

function load(text: string, env: Readonly<Record<string, string>> = {}): Config {
  return loadConfig(text, { path: join(folder, 'parqueue.yaml'), env, readFile: silent as () => never });
}

test('what init writes is a whole configuration', () => {
  expect(Object.keys(load(written()).datasets)).toEqual(['orders', 'prices']);
});

test('what it keeps in comments about Oracle is one too', () => {
  const lines = written().split('\n');
  const uncommented = lines.map((line) => line.replace(/^ {2}# (?=(erp|revenue):$| {2}(\w+):)/, '  '));
  const config = load(uncommented.join('\n'), { ERP_PASSWORD: 'secret' });
  expect(config.sources['erp']).toMatchObject({ kind: 'oracle', connectString: 'db.example.com:1521/sales' });
  expect(config.datasets['revenue']).toMatchObject({ kind: 'sql', source: 'erp' });
});

test('the example over an Oracle Database needs its address and user, and nothing else', () => {
  const example = readFileSync(new URL('../../../../examples/oracle.yaml', import.meta.url), 'utf8');
  const env = { ERP_CONNECT: '127.0.0.1:1521/FREEPDB1', ERP_USER: 'pq_reader', ERP_PASSWORD: 'secret' };
  const { datasets } = load(example, env);
  expect(Object.values(datasets).map(({ freshness }) => freshness.version)).toEqual([
    'rowscn',
    'rowscn',
    'ttl',
    'refresh-key',
  ]);
});
