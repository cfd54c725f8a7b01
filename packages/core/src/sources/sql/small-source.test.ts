/** A database of two hundred lines under the contract of all sources: what sources/sql brings by itself. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CanonicalRequest, SqlQuestion } from '../../model/request.ts';
import { readStatement } from '../../sql/index.ts';
import { openSmallSource, SmallServer } from '../../testing/small-database.ts';
import { sourceContext, sourceContract, type SourceFixture } from '../../testing/source-contract.ts';

const ROWS = 3000;

const clock = {
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

function request(statement: string, more: Partial<SqlQuestion> = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'postgres',
    sourceIdentity: 'small',
    columns: null,
    columnTypes: {},
    parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(statement, 'postgres').text,
      binds: {},
      session: {},
      version: { kind: 'row-version' },
      numbers: 'text',
      split: null,
      ...more,
    },
  };
}

async function fixture(): Promise<SourceFixture & { readonly source: Awaited<ReturnType<typeof openSmallSource>> }> {
  const server = await SmallServer.start();
  const writer = await server.connect();
  await writer.run(
    `CREATE TABLE sales AS SELECT range::INTEGER AS id, 0 AS revision, 'name ' || range AS name,
       TIMESTAMP '2024-02-29 12:34:56.123456' AS noted FROM range(${ROWS})`,
  );
  const source = await openSmallSource({ server, clock, randomId: () => randomUUID() });
  return {
    source,
    request: request('select id, revision, name, noted from sales order by id'),
    missing: { request: request('select * from missing'), code: 'PQ_SOURCE_REJECTED' },
    rows: ROWS,
    versionsRecur: true,
    async write(revision) {
      await server.alone(() => writer.run(`UPDATE sales SET revision = ${revision}`));
    },
    async leftovers() {
      return [];
    },
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      writer.closeSync();
      await server[Symbol.asyncDispose]();
    },
  };
}

sourceContract('the smallest SQL source', fixture);

describe('a database of two hundred lines', () => {
  it('has binds, wanted and declared columns, refresh keys and coded refusals without a line of its own', async () => {
    await using made = await fixture();
    const folder = await mkdtemp(join(tmpdir(), 'pq-small-'));
    try {
      const asked = request('select revision, id, name from sales where id < :N', {
        binds: { N: { type: 'integer', value: '10' } },
        version: { kind: 'refresh-key', statement: 'select max(revision) from sales' },
      });
      const wished = { ...asked, columns: ['name', 'ID'], columnTypes: { id: 'varchar' } };
      await using snapshot = await made.source.open(wished, sourceContext());
      const extract = await snapshot.extract({ path: join(folder, 'a.parquet') });
      expect(extract).toMatchObject({
        rows: 10,
        version: expect.stringMatching(/^refresh-key:refresh-key:[0-9a-f]{12}=0$/),
        columns: [
          { name: 'name', type: 'utf8' },
          { name: 'id', type: 'utf8' },
        ],
      });
      const secret = { VALUE: { type: 'string', value: 'top-secret' } } as const;
      const quoting = request('select cast(:value as integer) as i', { binds: secret, version: { kind: 'ttl' } });
      await using quoted = await made.source.open(quoting, sourceContext());
      const told: unknown = await quoted.extract({ path: join(folder, 'c.parquet') }).catch((error: unknown) => error);
      expect(told).toMatchObject({ code: 'PQ_SOURCE_REJECTED', message: expect.stringContaining("'…'") });
      expect(String(told)).not.toContain('top-secret');
    } finally {
      await rm(folder, { recursive: true });
    }
    await using refused = await made.source.open(request('select cast(1.5 as double) as d'), sourceContext());
    await expect(refused.extract({ path: join(folder, 'b.parquet') })).rejects.toMatchObject({
      code: 'PQ_UNSUPPORTED_TYPE',
      details: { column: 'd', type: 'DOUBLE' },
    });
  });
});
