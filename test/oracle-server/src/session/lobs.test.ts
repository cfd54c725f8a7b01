/** LOBs both ways: contents as LONGs, and locators that are read later and given back. */
import oracledb from 'oracledb';
import { describe, expect, test } from 'vitest';
import type { OraType } from '../engine.ts';
import { column, failureOf, INTEGER, startFixture, values } from '../testing/fixture.ts';

const TEXTS = ['short', 'žluťoučký 🦄', 'x'.repeat(70_000), 'ž'.repeat(1_000_000)];
const CONTENTS: oracledb.ExecuteOptions = {
  fetchTypeHandler: ({ dbType }) => ({ type: dbType === oracledb.DB_TYPE_BLOB ? oracledb.BUFFER : oracledb.STRING }),
};

describe.each(['CLOB', 'NCLOB'] as const)('%s', (kind) => {
  const type: OraType = { kind };

  test('as strings, run twice, in one statement with other columns', async () => {
    const columns = [column('ID', INTEGER), column('V', type), column('N', INTEGER)];
    const rows = [...TEXTS, null].map((text, index) => [String(index), text, String(-index)]);
    await using fixture = await startFixture(() => ({ columns, rows }), { bitVectors: true });
    const connection = await fixture.connect();
    for (let run = 0; run < 3; run += 1) {
      const result = await connection.execute<unknown[]>('select', [], {
        ...CONTENTS,
        fetchArraySize: 2,
        prefetchRows: 2,
      });
      expect(result.rows?.map(([id]) => String(id))).toEqual(rows.map(([id]) => id));
      expect(result.rows?.map(([, text]) => text)).toEqual([...TEXTS, null]);
      expect(fixture.server.counters.lobValues).toBe(0);
    }
  });

  test('as locators are read whole, in pieces, and given back when destroyed', async () => {
    await using fixture = await startFixture(() => values(type, ...TEXTS, '', null));
    const connection = await fixture.connect();
    for (let run = 0; run < 2; run += 1) {
      const { rows } = await connection.execute<(oracledb.Lob | null)[]>('select');
      const lobs = rows!.map(([lob]) => lob);
      expect(lobs.at(-1)).toBeNull();
      expect(lobs[4]?.length).toBe(0);
      expect(fixture.server.counters.lobValues).toBe(5);
      for (const [index, text] of TEXTS.entries()) {
        expect(lobs[index]?.length).toBe(text.length);
        expect(await lobs[index]!.getData()).toBe(text);
      }
      expect(await lobs[1]!.getData(3, 4)).toBe(TEXTS[1]!.slice(2, 6));
      let streamed = '';
      lobs[2]!.setEncoding('utf8');
      for await (const piece of lobs[2]!) streamed += String(piece);
      expect(streamed).toBe(TEXTS[2]);
      for (const lob of lobs) lob?.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      await connection.ping();
      expect(fixture.server.counters.lobValues).toBe(0);
    }
  });
});

test('BLOBs as buffers and as locators are the same bytes, and locators are given back', async () => {
  const given = [Buffer.of(0), Buffer.alloc(1_000_000, 'parqueue')];
  await using fixture = await startFixture(() => values({ kind: 'BLOB' }, ...given, null));
  const connection = await fixture.connect();
  const contents = await connection.execute<unknown[]>('select', [], CONTENTS);
  expect(contents.rows?.map(([bytes], i) => (bytes as Buffer | null)?.equals(given[i]!))).toEqual([
    true,
    true,
    undefined,
  ]);
  const { rows } = await connection.execute<(oracledb.Lob | null)[]>('select 2');
  for (const [index, bytes] of given.entries()) {
    expect(bytes.equals((await rows![index]![0]!.getData()) as Buffer)).toBe(true);
  }
  for (const [lob] of rows!) lob?.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await connection.ping();
  expect(fixture.server.counters.lobValues).toBe(0);
});

test('locators that nobody gives back are freed with their cursor', async () => {
  await using fixture = await startFixture(() => values({ kind: 'CLOB' }, 'text'));
  const connection = await fixture.connect({ stmtCacheSize: 0 });
  const { rows } = await connection.execute<[oracledb.Lob]>('select');
  expect(fixture.server.counters.lobValues).toBe(1);
  await connection.ping();
  expect(fixture.server.counters.lobValues).toBe(0);
  expect((await failureOf(rows![0]![0].getData())).message).toContain('ORA-22922');
});

test('a LOB cannot be made, and the session goes on', async () => {
  await using fixture = await startFixture(() => values(INTEGER, '1'));
  const connection = await fixture.connect();
  expect((await failureOf(connection.createLob(oracledb.CLOB))).message).toContain('ORA-03001');
  expect((await connection.execute('select')).rows).toEqual([[1]]);
});

test('a query of LOBs without rows is empty', async () => {
  await using fixture = await startFixture(() => values({ kind: 'CLOB' }));
  const connection = await fixture.connect();
  for (let run = 0; run < 2; run += 1) expect((await connection.execute('select')).rows).toEqual([]);
});
