import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';

/** Written by the release before other databases could be asked. */
interface Golden {
  readonly name: string;
  readonly source: string;
  readonly dataset?: string;
  readonly params?: Record<string, unknown>;
  readonly sql?: string;
  readonly binds?: Record<string, unknown> | unknown[];
  readonly identity: string;
  readonly scopes: readonly string[];
  readonly probeTargets: readonly string[];
  readonly key: string;
}

const golden = JSON.parse(
  readFileSync(new URL('oracle-keys.golden.json', import.meta.url), 'utf8'),
) as readonly Golden[];

it.each(golden)('a store filled before knows $name by the same key', ({ source, dataset, ...asked }) => {
  const text = `sources:\n  ${source}\n${dataset === undefined ? '' : `datasets:\n  asked: ${dataset}\n`}`;
  const catalog = new Catalog(loadConfig(text, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' }));
  const { request } =
    dataset === undefined
      ? catalog.resolveAdhoc({ source: 'erp', sql: asked.sql ?? '', binds: asked.binds })
      : catalog.resolveDataset('asked', asked.params ?? {});
  expect(request.canonical.sourceIdentity).toBe(asked.identity);
  expect({ ...request }).toMatchObject({
    key: asked.key,
    scopes: asked.scopes,
    probeTargets: asked.probeTargets,
  });
});
