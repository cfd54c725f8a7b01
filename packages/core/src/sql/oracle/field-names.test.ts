/** JSON fields named by SQL words: their case is part of the question, and hides nothing from the reader. */
import { describe, expect, it } from 'vitest';
import { readStatement } from '../read-statement.ts';

const text = (sql: string): string => readStatement(sql, 'oracle').text;

describe('a word that names a JSON field keeps its case', () => {
  it.each([
    ['as a member', 'select json_object(eMail) from t', 'eMail'],
    ['as the last of several members', 'select json_object(t.id, t.lastName null on null) from t', 'lastName'],
    ['as a member of a constructor', "select json {'a' : b, firstName} from t", 'firstName'],
    ['as a column of JSON_TABLE', 'select * from t, json_table(t.doc columns (id, firstName)) j', 'firstName'],
    [
      'as a column with a type',
      "select * from t, json_table(t.doc, '$' columns (firstName varchar2(9) exists, n for ordinality)) j",
      'firstName',
    ],
    [
      'in a path behind NESTED',
      'select * from t, json_table(t.doc columns (id, nested path orderLines[0, 1].partTags[*] columns (tagName))) j',
      'orderLines[0, 1].partTags[*]',
    ],
    [
      'inside columns inside NESTED',
      'select * from t, json_table(t.doc columns (nested orderLines[*] columns (tagName))) j',
      'tagName',
    ],
    [
      'in a path behind PATH',
      'select * from t, json_table(t.doc columns (x number path orderHead.partName null on empty)) j',
      'orderHead.partName',
    ],
    ['in a path of the FROM list', 'select * from t nested docs.orderLines[*] columns (tagName)', 'orderLines'],
  ])('%s', (_how, sql, kept) => {
    const normal = text(sql);
    expect(normal.replaceAll(' ', '')).toContain(kept.replaceAll(' ', ''));
    expect(text(normal)).toBe(normal);
    expect(text(sql.replace(kept, kept.toLowerCase()))).not.toBe(normal);
  });
});

it.each([
  [
    "select json_object(key 'a' value b, c is d, 'e' : 1) from t",
    "SELECT JSON_OBJECT(KEY 'a' VALUE B, C IS D, 'e' : 1) FROM T",
  ],
  [
    "select * from json_table(:d, '$' columns (n for ordinality, a number path '$.a', nested '$.b[*]' columns (b clob path '$')))",
    "SELECT * FROM JSON_TABLE(:D, '$' COLUMNS(N FOR ORDINALITY, A NUMBER PATH '$.a', NESTED '$.b[*]' COLUMNS(B CLOB PATH '$')))",
  ],
  ['select nested, path from t order by path', 'SELECT NESTED, PATH FROM T ORDER BY PATH'],
])('words around those names have no case: %s', (sql, normal) => {
  expect(text(sql)).toBe(normal);
});

it.each([
  'select json_object(sysdate) from t',
  'select json_object(t.eMail, t.ora_rowscn) from t',
  "select json_object('a' value (select max(x) from u), sys_guid()) from t",
])('what stands there is read like anything else: %s', (sql) => {
  expect(readStatement(sql, 'oracle').obstacles.length + readStatement(sql, 'oracle').reads.length).toBeGreaterThan(1);
});

it('a member may be a subquery, whose tables are found', () => {
  const { reads } = readStatement(
    "select json_object('a' value (select x from Inner_T), eMail) from Outer_T",
    'oracle',
  );
  expect(reads.map(({ name }) => name)).toEqual(['INNER_T', 'OUTER_T']);
});
