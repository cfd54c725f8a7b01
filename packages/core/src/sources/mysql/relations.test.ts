/** What is read out of a query as the server writes it, and of what the server says about real ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { openMysqlTransaction } from '../../testing/mysql-transactions.ts';
import { tablesExplained, tablesIn } from './relations.ts';

const named = (text: string): readonly string[] => tablesIn(text).map(({ schema, name }) => `${schema}.${name}`);

describe('tables in a text of the server', () => {
  it.each<[string, string, readonly string[]]>([
    ['a table', 'select `d`.`t`.`a` AS `a` from `d`.`t` where `d`.`t`.`a` = 1', ['d.t']],
    ['aliases', 'select `x`.`a` AS `a` from `d`.`t` `x` join `d`.`u` `y` where (`x`.`a` = `y`.`b`)', ['d.t', 'd.u']],
    [
      'joins in parentheses',
      'select 1 from ((`d`.`a` join `d`.`b` on((`d`.`a`.`i` = `d`.`b`.`i`))) left join `d`.`c` `z` on(`z`.`i` = `d`.`a`.`i`))',
      ['d.a', 'd.b', 'd.c'],
    ],
    [
      'a list of tables',
      'select 1 from `d`.`a` straight_join `d`.`b`, `d`.`c` group by `d`.`a`.`x`,`e`.`y`',
      ['d.a', 'd.b', 'd.c'],
    ],
    [
      'a derived table',
      'select 1 from (/* select#2 */ select max(`d`.`t`.`a`) AS `m` from `d`.`t`) `q` join `d`.`u`',
      ['d.t', 'd.u'],
    ],
    [
      'subqueries, as MySQL shows them',
      'select 1 from `d`.`t` where <in_optimizer>(`d`.`t`.`a`,`d`.`t`.`a` in ( <materialize> (/* select#2 */ select `d`.`u`.`b` from `d`.`u` where true having true ), <primary_index_lookup>(`d`.`t`.`a` in <temporary table> on <auto_distinct_key>)))',
      ['d.t', 'd.u'],
    ],
    [
      'semi joins',
      'select 1 from `d`.`t` semi join (`d`.`u` join `d`.`v`) where (`d`.`t`.`a` = `d`.`u`.`a`)',
      ['d.t', 'd.u', 'd.v'],
    ],
    [
      'named queries',
      'with `c` as (/* select#2 */ select 1 AS `1` from `d`.`t`) /* select#1 */ select `c`.`1` AS `1` from `c`',
      ['d.t'],
    ],
    [
      'unions',
      '/* select#1 */ select 1 from `d`.`t` union all (select 2 from `d`.`u`) order by `d`.`x`',
      ['d.t', 'd.u'],
    ],
    [
      'partitions and hints of indexes',
      'select 1 from `d`.`t` PARTITION (`p0`,`p1`) `x` USE INDEX (`i`,`j`) join `d`.`u`',
      ['d.t', 'd.u'],
    ],
    ['history', 'select 1 from `d`.`t` FOR SYSTEM_TIME ALL join `d`.`u`', ['d.t', 'd.u']],
    [
      'FROM in functions',
      'select extract(year from `d`.`t`.`a`),trim(both `d`.`t`.`b` from `d`.`t`.`c`) AS `x` from `d`.`t`',
      ['d.t'],
    ],
    [
      'a function in place of a table',
      "select 1 from `d`.`t` join json_table(`d`.`t`.`j`, '$' columns (`a` int path '$.from `d`.`x`')) `q` join `d`.`u`",
      ['d.t', 'd.u'],
    ],
    ['names with anything in them', 'select 1 from `a``b`.`c d` join `from`.`x.y`', ['a`b.c d', 'from.x.y']],
    [
      'texts and comments with anything in them',
      "select 'from `d`.`x`','it''s \\' from `d`.`y`',_utf8mb4'z' from `d`.`t` /* from `d`.`z` */",
      ['d.t'],
    ],
    ['none', 'select 1 AS `1` from dual', []],
  ])('%s', (_, text, tables) => {
    expect(named(text)).toEqual(tables);
  });
});

describe('what a real server says', () => {
  let database: MysqlTestDatabase;

  beforeAll(async () => {
    database = await openMysqlTestDatabase();
    await database.execute('CREATE TABLE t (a INT PRIMARY KEY, b INT, s VARCHAR(9), KEY (b))');
    await database.execute('CREATE TABLE u (a INT PRIMARY KEY, b INT) PARTITION BY HASH (a) PARTITIONS 3');
    await database.execute('CREATE TABLE history (a INT) WITH SYSTEM VERSIONING');
    await database.execute("INSERT INTO t SELECT seq, seq, 'x' FROM seq_1_to_50");
    await database.execute('INSERT INTO u SELECT seq, seq FROM seq_1_to_50');
    await database.execute('CREATE VIEW merged AS SELECT a FROM t WHERE b > 1');
    await database.execute('CREATE VIEW grouped AS SELECT b, COUNT(*) n FROM u GROUP BY b');
  });

  afterAll(() => database[Symbol.asyncDispose]());

  it.each<[string, readonly string[]]>([
    ['SELECT * FROM t', ['t']],
    ['SELECT * FROM t WHERE a = 1', ['t']],
    ['SELECT * FROM t WHERE a = 1000', ['t']],
    ['SELECT * FROM t WHERE 1 = 0', ['t']],
    ['SELECT MAX(a) FROM t', ['t']],
    ['SELECT * FROM t x, u y WHERE x.a = y.a', ['t', 'u']],
    ['SELECT * FROM t NATURAL JOIN u LEFT JOIN t z ON z.b = u.b', ['t', 'u']],
    ['SELECT * FROM t WHERE a IN (SELECT b FROM u)', ['t', 'u']],
    ['SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.b) ORDER BY s LIMIT 3', ['t', 'u']],
    ['SELECT (SELECT MAX(b) FROM u) m, EXTRACT(DAY FROM NOW()) FROM t', ['t', 'u']],
    ['SELECT * FROM (SELECT b, COUNT(*) n FROM t GROUP BY b) q JOIN u USING (b)', ['t', 'u']],
    [
      'WITH RECURSIVE r AS (SELECT a FROM t WHERE a = 1 UNION ALL SELECT a + 1 FROM r WHERE a < 5) SELECT * FROM r',
      ['t'],
    ],
    ['SELECT a FROM t UNION SELECT a FROM u ORDER BY 1', ['t', 'u']],
    ['SELECT * FROM merged', ['t']],
    ['SELECT * FROM grouped', ['grouped']],
    ['SELECT * FROM merged JOIN grouped ON n = a', ['grouped', 't']],
    ['SELECT * FROM u PARTITION (p1)', ['u']],
    ['SELECT SUM(a) OVER (PARTITION BY b) FROM t', ['t']],
    ['SELECT * FROM history h JOIN t FORCE INDEX (b)', ['history', 't']],
    ["SELECT * FROM t JOIN JSON_TABLE('[1]', '$[*]' COLUMNS (x INT PATH '$')) j", ['t']],
    ['SELECT * FROM t, seq_1_to_3', ['seq_1_to_3', 't']],
    ['SELECT 1', []],
  ])('%s', async (sql, tables) => {
    await using transaction = await openMysqlTransaction(database);
    await transaction.begin();
    const found = await tablesExplained(transaction.session, sql);
    expect(found?.map(({ name }) => name).toSorted()).toEqual(tables);
  });
});
