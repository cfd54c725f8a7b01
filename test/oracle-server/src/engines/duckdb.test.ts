/** The SQL engine, asked directly through the port. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bind, EngineSession, Value } from '../engine.ts';
import type { DuckDbEngine } from './duckdb.ts';
import { openDuckDbEngine } from './duckdb.ts';

let engine: DuckDbEngine;
let session: EngineSession;

async function rows(sql: string, binds: readonly Bind[] = [], on = session): Promise<readonly (readonly Value[])[]> {
  const done = await on.execute(await on.parse(sql), binds);
  if (done.kind === 'count') return [[done.rows]];
  const all: (readonly Value[])[] = [];
  for (;;) {
    const next = await done.rows.next(100);
    if (next.length === 0) return all;
    all.push(...next);
  }
}

beforeAll(async () => {
  engine = await openDuckDbEngine();
  session = await engine.open('APP');
  await engine.script(
    `CREATE TABLE sales (id NUMBER(9) NOT NULL PRIMARY KEY, name VARCHAR2(20), amount NUMBER(10,2), exact NUMBER, d DATE, ts TIMESTAMP(9)) ROWDEPENDENCIES;
     CREATE TABLE item (id NUMBER(9), label CHAR(5));
     INSERT INTO sales SELECT LEVEL, 'n' || LEVEL, LEVEL / 4, LEVEL / 3, DATE '2024-02-29' + LEVEL, TIMESTAMP '2024-02-29 12:34:56.123456789' FROM DUAL CONNECT BY LEVEL <= 5;
     INSERT INTO item VALUES (1, 'a');
     INSERT INTO item VALUES (2, NULL);`,
    'APP',
  );
});
afterAll(() => engine.close());

test('a table of each simple type is read as it was written', async () => {
  expect(await rows('select id, name, amount, exact, ts from sales where id <= 2 order by id desc')).toEqual([
    [
      '2',
      'n2',
      '0.5',
      '0.6666666666666666666666666666666666666667',
      { year: 2024, month: 2, day: 29, hour: 12, minute: 34, second: 56, nanos: 123_456_789 },
    ],
    [
      '1',
      'n1',
      '0.25',
      '0.3333333333333333333333333333333333333333',
      { year: 2024, month: 2, day: 29, hour: 12, minute: 34, second: 56, nanos: 123_456_789 },
    ],
  ]);
});
