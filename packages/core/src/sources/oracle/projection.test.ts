/** Names of columns and the statement around the caller's. */
import { describe, expect, it } from 'vitest';
import { ColumnNames, distinctNames, projected, type Projection } from './projection.ts';

describe('repeated names', () => {
  it.each([
    [
      ['ID', 'ID'],
      ['ID', 'ID_1'],
    ],
    [
      ['ID', 'ID', 'ID'],
      ['ID', 'ID_1', 'ID_2'],
    ],
    [
      ['ID', 'ID', 'ID_1'],
      ['ID', 'ID_2', 'ID_1'],
    ],
    [
      ['ID_1', 'ID', 'ID'],
      ['ID_1', 'ID', 'ID_2'],
    ],
    [
      ['ID', 'ID', 'ID_1', 'ID_1', 'ID_1_1'],
      ['ID', 'ID_2', 'ID_1', 'ID_1_2', 'ID_1_1'],
    ],
    [
      ['a', 'A', 'a'],
      ['a', 'A', 'a_1'],
    ],
    [[], []],
  ])('%j become %j', (names, distinct) => {
    expect(distinctNames(names)).toEqual(distinct);
  });

  it('stay distinct and cheap where 1,000 columns share one', () => {
    const names = distinctNames(Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? 'X' : `X_${at}`)));
    expect(new Set(names).size).toBe(1000);
  });
});

describe('wanted columns', () => {
  const names = new ColumnNames(['ID', 'Id', 'NAME', 'a.b', '"quoted"']);

  it('are found as they are written, else in another case where that is one column only', () => {
    expect(names.positions(['Id', 'ID', 'name', 'a.b', '"QUOTED"'])).toEqual([1, 0, 2, 3, 4]);
  });

  it('that fit two columns are refused', () => {
    expect(() => names.positions(['id'])).toThrow('the statement has no column id in just this spelling');
  });

  it('that are not there are refused with those that are, the first ten of them', () => {
    expect(() => names.positions(['PRICE'])).toThrow('no column PRICE; it has ID, Id, NAME, a.b, "quoted"');
    const many = new ColumnNames(Array.from({ length: 12 }, (_, at) => `C${at}`));
    expect(() => many.positions(['D'])).toThrow('it has C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, … (12)');
  });

  it('are wanted once, and at least one is', () => {
    expect(() => names.positions(['NAME', 'name'])).toThrow('column NAME is wanted twice');
    expect(() => names.positions([])).toThrow('the list of wanted columns is empty');
  });
});

const upper = (reference: string): string => `F(${reference})`;
const all = (described: readonly string[], expressions: Record<number, typeof upper> = {}): Projection => ({
  described,
  wanted: described.map((_, position) => ({ position, expression: expressions[position] ?? null })),
  only: null,
});

describe('the statement', () => {
  it('stays as it is where all columns are wanted as they are, whatever they are called', () => {
    expect(projected('SELECT * FROM T', all(['ID', 'ID', 'a.b']))).toBe('SELECT * FROM T');
  });

  it('becomes an inline view whose columns keep their names', () => {
    expect(projected('SELECT * FROM T', all(['ID', 'At'], { 1: upper }))).toBe(
      'SELECT "ID",F("At") "At" FROM (SELECT * FROM T)',
    );
    expect(projected('SELECT * FROM T', { ...all(['A', 'B', 'C']), wanted: [{ position: 2, expression: null }] })).toBe(
      'SELECT "C" FROM (SELECT * FROM T)',
    );
  });

  it.each([
    ['repeated names', ['ID', 'ID']],
    ['names that the driver may have told apart', ['ID', 'ID_1']],
    ['a name of an expression', ['COUNT(*)', 'ID']],
    ['a name with a quote', ['"quoted"', 'ID']],
    ['a name with a point', ['a.b', 'ID']],
    ['a pseudo column', ['ROWID', 'ID']],
  ])('names its columns anew for %s', (_, described) => {
    expect(projected('WITH X AS (SELECT 1 FROM DUAL) SELECT * FROM X', all(described, { 1: upper }))).toBe(
      'WITH PARQUEUE_ROWS(C1,C2) AS (WITH X AS (SELECT 1 FROM DUAL) SELECT * FROM X) '
        + 'SELECT C1,F(C2) C2 FROM PARQUEUE_ROWS',
    );
  });

  it('keeps some rows only, by a column that need not be wanted', () => {
    const only = { position: 1, condition: (reference: string) => `MOD(${reference},2)=0` };
    expect(projected('SELECT * FROM T', { ...all(['A', 'B']), only })).toBe(
      'SELECT "A","B" FROM (SELECT * FROM T) WHERE MOD("B",2)=0',
    );
    const repeated: Projection = { ...all(['A', 'A']), wanted: [{ position: 0, expression: null }], only };
    expect(projected('SELECT * FROM T', repeated)).toBe(
      'WITH PARQUEUE_ROWS(C1,C2) AS (SELECT * FROM T) SELECT C1 FROM PARQUEUE_ROWS WHERE MOD(C2,2)=0',
    );
  });
});
