/** Names of columns, repeated and wanted. */
import { describe, expect, it } from 'vitest';
import { ColumnNames, distinctNames } from './projection.ts';

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
