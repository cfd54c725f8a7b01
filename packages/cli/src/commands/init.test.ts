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

function load(text: string, env: Readonly<Record<string, string | undefined>> = {}): Config {
  return loadConfig(text, { path: join(folder, 'parqueue.yaml'), env, readFile: silent as () => never });
}

test('what init writes is a whole configuration', () => {
  expect(Object.keys(load(written()).datasets)).toEqual(['orders', 'prices']);
});

test('what it keeps in comments about databases is one too', () => {
  const lines = written().split('\n');
  const uncommented = lines.map((line) => line.replace(/^ {2}# (?=(erp|crm|shop|revenue):$| {2}(\w+):)/, '  '));
  const config = load(uncommented.join('\n'), {
    ERP_PASSWORD: 'secret',
    CRM_PASSWORD: 'secret',
    SHOP_PASSWORD: 'secret',
  });
  expect(config.sources['crm']).toMatchObject({ kind: 'postgres', identity: 'db.example.com:5432/crm' });
  expect(config.sources['shop']).toMatchObject({ kind: 'mysql', tls: { mode: 'verify', ca: null } });
  expect(config.sources['erp']).toMatchObject({ kind: 'oracle', connectString: 'db.example.com:1521/sales' });
  expect(config.datasets['revenue']).toMatchObject({ kind: 'sql', source: 'erp' });
});

test.each([
  ['oracle', 'ERP', '127.0.0.1:1521/FREEPDB1', ['rowscn', 'rowscn', 'ttl', 'refresh-key']],
  ['postgres', 'SALES', 'postgresql://127.0.0.1:5432/sales', ['row-version', 'row-version', 'ttl', 'refresh-key']],
  ['mysql', 'SHOP', 'mysql://127.0.0.1:3306/shop', ['table-checksum', 'refresh-key', 'ttl']],
])(
  'the example over a database of kind %s needs its address and user, and nothing else',
  (kind, name, connect, versions) => {
    const example = readFileSync(new URL(`../../../../examples/${kind}.yaml`, import.meta.url), 'utf8');
    const env = { [`${name}_CONNECT`]: connect, [`${name}_USER`]: 'pq_reader', [`${name}_PASSWORD`]: 'secret' };
    const { datasets, sources } = load(example, env);
    expect(Object.values(sources)).toMatchObject([{ kind }]);
    expect(Object.values(datasets).map(({ freshness }) => freshness.version)).toEqual(versions);
    for (const unset of Object.keys(env))
      expect(() => load(example, { ...env, [unset]: undefined }), unset).toThrow(unset);
  },
);
