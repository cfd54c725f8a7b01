import { describe, expect, it } from 'vitest';
import { labelOf } from './label.ts';
import { replacePlaceholders } from './rewrite.ts';

describe('replacing placeholders', () => {
  it('leaves literals, quoted names and hints alone', () => {
    const text = `SELECT /*+ :A */ ':A', ":A", q'[:A]', :A, :AB FROM T WHERE X = :A`;
    expect(replacePlaceholders(text, (name) => `F(:${name})`, 'oracle')).toBe(
      `SELECT /*+ :A */ ':A', ":A", q'[:A]', F(:A), F(:AB) FROM T WHERE X = F(:A)`,
    );
  });

  it('takes replacements literally', () => {
    expect(replacePlaceholders('SELECT :A FROM T', () => '$&', 'oracle')).toBe('SELECT $& FROM T');
  });
});

describe('replacing placeholders of other dialects', () => {
  it('leaves casts, slices, comments and dollar quotes of Postgres alone', () => {
    const text = `select :A :: date, x [ 1 : a ], $$ :A $$, ':A' where y = :A`;
    expect(replacePlaceholders(text, (name) => `$${name}`, 'postgres')).toBe(
      `select $A :: date, x [ 1 : a ], $$ :A $$, ':A' where y = $A`,
    );
  });

  it('asks once for each occurrence, in the order of the text', () => {
    const seen: string[] = [];
    const text = "select :B, ':A', :A, `:B`, :b";
    const replaced = replacePlaceholders(text, (name) => (seen.push(name), '?'), 'mysql');
    expect({ replaced, seen }).toEqual({ replaced: "select ?, ':A', ?, `:B`, ?", seen: ['B', 'A', 'B'] });
  });

  it.each([
    ['select :E from t where a > :E limit :L', 'mysql'],
    ['select a from t limit :L, :L', 'mysql'],
    ['select a from t limit 5, :L', 'mysql'],
    ['select a from t Limit :L Offset :L', 'mysql'],
    ['select f(a, :E) from t limit :L rows examined :L', 'mysql'],
    ['select a from t order by :E offset :L rows fetch first :L rows only', 'postgres'],
    ['select t.limit + :E, (select b limit :L) from t fetch next :L rows with ties', 'postgres'],
  ] as const)('tells where %j of %s wants a plain parameter', (text, dialect) => {
    const told = replacePlaceholders(text, (name, position) => `${name}=${position}`, dialect);
    expect(told).not.toMatch(/E=limit|L=expression/);
  });
});

describe('labels', () => {
  it.each([
    [{ schema: null, name: 'T' }, 'APP.T'],
    [{ schema: 'HR', name: 'T$1#' }, 'HR.T$1#'],
    [{ schema: 'a.b', name: 'c' }, '"a.b"."c"'],
    [{ schema: 'A', name: 'B.C' }, 'A."B.C"'],
    [{ schema: null, name: 'x/y z' }, 'APP."x/y z"'],
    [{ schema: null, name: '1T' }, 'APP."1T"'],
    [{ schema: null, name: 'GRÖSSE' }, 'APP."GRÖSSE"'],
  ])('of %j is %s', (reference, label) => {
    expect(labelOf(reference, 'APP', 'oracle')).toBe(label);
  });

  it('never meet: no quoted part can end another', () => {
    expect(labelOf({ schema: 'A', name: 'B' }, 'X', 'oracle')).not.toBe(
      labelOf({ schema: null, name: 'A.B' }, 'X', 'oracle'),
    );
  });

  it.each([
    ['postgres', { schema: null, name: 't_1$' }, 'app.t_1$'],
    ['postgres', { schema: 'S', name: 'T' }, '"S"."T"'],
    ['postgres', { schema: 'a"b', name: 'größe' }, '"a""b"."größe"'],
    ['mysql', { schema: null, name: 'T_1$' }, 'app.T_1$'],
    ['mysql', { schema: '1db', name: 'a.b' }, '1db.`a.b`'],
    ['mysql', { schema: 'a`b', name: 'x y' }, '`a``b`.`x y`'],
  ] as const)('of %s for %j are %s', (dialect, reference, label) => {
    expect(labelOf(reference, 'app', dialect)).toBe(label);
  });
});
