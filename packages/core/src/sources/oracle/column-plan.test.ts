/** Plans of loads, from described columns to what the appender is given. */
import { describe, expect, it } from 'vitest';
import { RowAppender } from '../../parquet/row-appender.ts';
import { planColumns, type ColumnWish, type LoadPlan } from '../sql/column-plan.ts';
import { ORACLE_PLANS } from './type-system.ts';
import type { DescribedColumn } from './types.ts';

const WISH: ColumnWish = { columns: null, columnTypes: {}, numbers: 'double' };

function column(name: string, type: string, more: Partial<DescribedColumn> = {}): DescribedColumn {
  return { name, dbType: { name: `DB_TYPE_${type}` }, ...more };
}

const number = (name: string, precision = 0, scale = -127): DescribedColumn =>
  column(name, 'NUMBER', { dbTypeName: 'NUMBER', precision, scale });

function plan(columns: readonly DescribedColumn[], wish: Partial<ColumnWish> = {}): LoadPlan {
  return planColumns(columns, { ...WISH, ...wish }, ORACLE_PLANS);
}

/** As a load does it. @throws with the way out, as the source does */
function load(planned: LoadPlan, rows: unknown[][]): readonly unknown[][] {
  const appender = new RowAppender(planned.columns);
  try {
    planned.convertRows(rows);
    for (const row of rows) appender.append(row);
  } catch (error) {
    throw planned.explain(error);
  }
  const batch = appender.take();
  if (batch === null) return [];
  return Array.from({ length: batch.numRows }, (_, row) =>
    planned.columns.map((__, at) => batch.getChildAt(at)?.get(row) as unknown),
  );
}

describe('a plan', () => {
  it('tells the manifest what each column was, is, and lost', () => {
    const planned = plan(
      [
        number('ID', 10, 0),
        column('NAME', 'VARCHAR', { dbTypeName: 'VARCHAR2', byteSize: 30 }),
        column('AT', 'TIMESTAMP_TZ', { dbTypeName: 'TIMESTAMP WITH TIME ZONE', precision: 6 }),
        number('ID', 5, 2),
        column('F', 'NUMBER', { dbTypeName: 'NUMBER', precision: 63, scale: -127 }),
      ],
      { columnTypes: { f: 'varchar' } },
    );
    expect(planned.manifestColumns()).toEqual([
      { name: 'ID', sourceType: 'NUMBER(10)', type: 'int64', nullable: true },
      { name: 'NAME', sourceType: 'VARCHAR2(30)', type: 'utf8', nullable: true },
      {
        name: 'AT',
        sourceType: 'TIMESTAMP(6) WITH TIME ZONE',
        type: 'timestamp[us, UTC]',
        nullable: true,
        note: 'converted to UTC; the offset of each value is dropped (declare varchar to keep it)',
      },
      {
        name: 'ID_1',
        sourceType: 'NUMBER(5,2)',
        type: 'decimal128(5, 2)',
        nullable: true,
        note: 'the statement calls it ID, like another column',
      },
      { name: 'F', sourceType: 'FLOAT(63)', type: 'utf8', nullable: true, note: 'declared varchar' },
    ]);
    expect(planned.statement('SELECT 1')).toBe(
      `WITH PARQUEUE_ROWS(C1,C2,C3,C4,C5) AS (SELECT 1) SELECT C1,C2,TO_CHAR(SYS_EXTRACT_UTC(C3),'SYYYYMMDDHH24MISSFF6') C3,C4,C5 FROM PARQUEUE_ROWS`,
    );
  });

  it('takes columns of any name', () => {
    const names = ['a.b', '"quoted"', 'COUNT(*)', 'ÄÖ', ''];
    const planned = plan(names.map((name) => number(name, 3, 0)));
    expect(planned.columns.map(({ name }) => name)).toEqual(names);
    expect(load(planned, [['1', '2', '3', '4', '5']])).toEqual([[1, 2, 3, 4, 5]]);
  });

  it('gives the wanted columns in the wanted order, with repeated names by the names they got', () => {
    const planned = plan([number('ID', 5, 0), number('ID', 5, 0), column('T', 'CLOB')], { columns: ['t', 'ID_1'] });
    expect(planned.columns.map(({ name }) => name)).toEqual(['T', 'ID_1']);
    expect(planned.statement('S')).toBe('WITH PARQUEUE_ROWS(C1,C2,C3) AS (S) SELECT C3,C2 FROM PARQUEUE_ROWS');
  });

  it('refuses a declared column that is not there, and a wanted one', () => {
    expect(() => plan([number('ID')], { columnTypes: { PRICE: 'double' } })).toThrow('no column PRICE; it has ID');
    expect(() => plan([number('ID')], { columns: ['PRICE'] })).toThrow('no column PRICE; it has ID');
  });

  it('of 1,000 columns makes a statement in proportion', () => {
    const columns = Array.from({ length: 1000 }, (_, at) => column(`C${at}`, 'DATE'));
    const planned = plan(columns);
    expect(planned.statement('S').length).toBeLessThan(50_000);
    expect(planned.columns).toHaveLength(1000);
  });

  it('takes no rows, and rows of nothing but NULL', () => {
    const planned = plan([number('N'), column('D', 'DATE'), column('I', 'INTERVAL_DS'), column('B', 'BLOB')]);
    expect(load(planned, [])).toEqual([]);
    expect(load(planned, [[null, null, null, null]])).toEqual([[null, null, null, null]]);
    expect(planned.rounded()).toEqual({});
  });
});

describe('NUMBER without precision', () => {
  it('is float64, and counts the values that it rounds', () => {
    const planned = plan([number('A'), number('B')]);
    const rows = [
      ['.1', '1'],
      [`.${'3'.repeat(40)}`, '-.05'],
      ['9007199254740993', null],
    ];
    expect(load(planned, rows)).toEqual([
      [0.1, 1],
      [1 / 3, -0.05],
      [9_007_199_254_740_992, null],
    ]);
    expect(planned.rounded()).toEqual({ A: 2 });
    planned.convertRows([[`.${'6'.repeat(40)}`, `.${'6'.repeat(40)}`]]);
    expect(planned.rounded()).toEqual({ A: 3, B: 1 });
  });

  it('is text where numbers are text, every digit of it', () => {
    const planned = plan([number('A')], { numbers: 'text' });
    const digits = `-.${'3'.repeat(40)}`;
    expect(load(planned, [['.5'], [digits], ['1']])).toEqual([['0.5'], [`-0${digits.slice(1)}`], ['1']]);
    expect(planned.rounded()).toEqual({});
  });

  it('is decimal128(38, 10) where numbers are exact, and refuses what that cannot hold, with the way out', () => {
    const planned = plan([number('A')], { numbers: 'exact' });
    expect(planned.columns[0]?.type).toEqual({ kind: 'decimal128', precision: 38, scale: 10 });
    expect(() => load(planned, [['1'], [`.${'3'.repeat(40)}`]])).toThrow(
      /^row 2, column A \(decimal128\(38, 10\)\): "\.3{40}" is not a decimal with 10 fraction digits \(declare a decimal\(p,s\)/,
    );
    expect(() => load(planned, [[`1${'0'.repeat(28)}`]])).toThrow('more than the 38 digits');
  });
});

describe('times', () => {
  it('are counted from their texts, years before Christ included', () => {
    const planned = plan([column('D', 'DATE'), column('T', 'TIMESTAMP', { precision: 9 })]);
    const rows = [
      [' 19700101000001', ' 19700101000000000000001'],
      ['-00011231235959', null],
    ];
    planned.convertRows(rows);
    expect(rows[1]?.[0]).toBe(' 00001231235959');
    const appender = new RowAppender(planned.columns);
    for (const row of rows) appender.append(row);
    const values = appender.take()?.getChildAt(0)?.data[0]?.values as BigInt64Array;
    expect(values[0]).toBe(1_000_000n);
    // 719,528 days lie between 0000-01-01 and 1970-01-01; the last day of year 0 is its 366th.
    expect(values[1]).toBe((-(719_528n - 366n) * 86_400n - 1n) * 1_000_000n);
  });

  it('in nanoseconds that do not fit are refused with the way out', () => {
    const planned = plan([column('T', 'TIMESTAMP', { precision: 9 })]);
    expect(() => load(planned, [[' 99991231000000000000000']])).toThrow(
      /"9999-12-31T00:00:00\.0{9}" is beyond a timestamp of this unit \(nanoseconds reach from 1677 to 2262: declare it timestamp/,
    );
  });

  it('that only the Julian calendar knows are refused with the way out', () => {
    const planned = plan([column('D', 'DATE')]);
    expect(() => load(planned, [[' 15000229000000']])).toThrow(
      '"1500-02-29T00:00:00" is no time of the Gregorian calendar (declare it varchar)',
    );
  });
});

describe('intervals', () => {
  it('are whole months and nanoseconds', () => {
    const planned = plan([column('M', 'INTERVAL_YM'), column('D', 'INTERVAL_DS')]);
    const rows = [
      [
        { years: -1, months: -2 },
        { days: -1, hours: -2, minutes: -3, seconds: -4, fseconds: -5 },
      ],
      [
        { years: 0, months: 11 },
        { days: 106_751, hours: 23, minutes: 47, seconds: 16, fseconds: 854_775_807 },
      ],
    ];
    expect(load(planned, rows)).toEqual([
      [-14, -93_784_000_000_005n],
      [11, 2n ** 63n - 1n],
    ]);
  });

  it('that do not fit are refused with the way out', () => {
    const planned = plan([column('D', 'INTERVAL_DS')]);
    const long = { days: 106_752, hours: 0, minutes: 0, seconds: 0, fseconds: 0 };
    expect(() => load(planned, [[long]])).toThrow(
      /^row 1, column D \(int64\): "P106752D" has more nanoseconds than an int64 holds \(nanoseconds[^()]*declare it varchar[^()]*\)$/,
    );
  });
});

describe('other values', () => {
  it('that are refused are told by the number of their row in the load, whichever chunk they came in', () => {
    const planned = plan([column('A', 'VARCHAR')], { columnTypes: { A: 'boolean' } });
    planned.convertRows([['y'], ['n'], ['y']]);
    expect(() => planned.convertRows([['n'], ['x']])).toThrow(/^row 5, column A /);
  });

  it('arrive as they are', () => {
    const planned = plan([
      column('F', 'BINARY_FLOAT'),
      column('D', 'BINARY_DOUBLE'),
      column('B', 'BOOLEAN'),
      column('C', 'CHAR', { byteSize: 5 }),
      column('R', 'RAW', { byteSize: 2 }),
      column('BIG', 'NUMBER', { precision: 38, scale: 0 }),
    ]);
    const rows = [[Math.fround(0.1), -0, true, 'a    ', Buffer.from([0, 255]), '9'.repeat(38)]];
    const [row] = load(planned, rows);
    expect(row?.slice(0, 4)).toEqual([Math.fround(0.1), -0, true, 'a    ']);
    expect(row?.[4]).toEqual(new Uint8Array([0, 255]));
  });

  it('of types that cannot be loaded are refused by column, type and way out', () => {
    expect(() => plan([column('DOC', 'XMLTYPE', { dbTypeName: 'SYS.XMLTYPE' })])).toThrow(
      'column DOC has the type SYS.XMLTYPE, which cannot be loaded: select XMLSERIALIZE(CONTENT c AS CLOB)',
    );
    expect(() => plan([column('X', 'SOMETHING_NEW')])).toThrow('column X has the type SOMETHING NEW');
    expect(() => plan([{ name: 'Y' }])).toThrow('column Y has the type unknown');
  });

  it('whose type cannot be loaded do not matter where the column is not wanted', () => {
    const planned = plan([number('ID', 5, 0), column('DOC', 'XMLTYPE')], { columns: ['ID'] });
    expect(planned.statement('S')).toBe('SELECT "ID" FROM (S)');
  });
});
