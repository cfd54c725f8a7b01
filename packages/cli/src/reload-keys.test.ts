import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiKey } from '@parqueue/core/config';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Context } from './context.ts';
import { reloadKeys } from './reload-keys.ts';

let folder: string;
let replaced: (readonly string[])[];
let logged: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parqueue-keys-'));
  replaced = [];
  logged = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function reload(yaml: string, refuse: Error | null = null): void {
  writeFileSync(join(folder, 'parqueue.yaml'), yaml);
  reloadKeys({ cwd: folder, env: { KEY_HASH: 'ab'.repeat(32) } } as unknown as Context, {
    options: {},
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    replaceKeys: (keys: readonly ApiKey[]) => {
      if (refuse !== null) throw refuse;
      replaced.push(keys.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 2)}`));
    },
  });
}

test('the keys of the file as it is now are taken, references included', () => {
  reload('auth: { apiKeys: [{ name: bi, sha256: "${KEY_HASH}", scopes: [read] }] }');
  expect(replaced).toEqual([['bi ab']]);
  expect(logged).toEqual([]);
});

test('a file that is wrong, and keys that are refused, change nothing and are told without what they hold', () => {
  reload('auth: { apiKeys: [{ name: bi, sha256: secret-text, scopes: [read] }] }');
  reload('auth: { apiKeys: [] }', new Error('no keys'));
  expect(replaced).toEqual([]);
  expect(logged).toHaveLength(2);
  expect(logged.join('')).toContain('stay as they were');
  expect(logged.join('')).not.toContain('secret-text');
});
