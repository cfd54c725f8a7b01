/** From a canonical request to what the driver is given: parts, binds, settings, the statement at an SCN. */
import oracledb from 'oracledb';
import { describe, expect, it } from 'vitest';
import type { CanonicalRequest, SqlQuestion, TypedValue } from '../../model/request.ts';
import { readStatement, refreshKeyLabel } from '../../sql/index.ts';
import { planColumns } from '../sql/column-plan.ts';
import { readQuestion } from '../sql/question.ts';
import { fetchRowsAfter } from '../sql/rows.ts';
import { boundStatement } from './bind.ts';
import { settingStatements } from './connect.ts';
import { fetchRowsFor } from './rows.ts';
import { partAt } from './split.ts';
import { ORACLE_PLANS } from './type-system.ts';

function request(statement: string, more: Partial<SqlQuestion> = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'oracle',
    sourceIdentity: 'test',
    columns: null,
    columnTypes: {},
    parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(statement, 'oracle').text,
      binds: {},
      session: {},
      version: { kind: 'rowscn' },
      numbers: 'double',
      split: null,
      ...more,
    },
  };
}

describe('the parts of a version', () => {
  it("are the tables a statement names, each once, unqualified ones in the source's schema", () => {
    const { parts } = readQuestion(
      request('select * from sales s join crm.customers c on c.id = s.id where exists (select 1 from Sales)'),
      'oracle',
      'APP',
    );
    expect(parts).toEqual([
      { schema: 'APP', name: 'SALES', label: 'APP.SALES', unqualified: true },
      { schema: 'CRM', name: 'CUSTOMERS', label: 'CRM.CUSTOMERS', unqualified: false },
    ]);
  });

  it('are refused where something else is read as well, unless the version is declared otherwise', () => {
    const statement = 'select sysdate, id from sales';
    expect(() => readQuestion(request(statement), 'oracle', 'APP')).toThrow(
      expect.objectContaining({ code: 'PQ_UNTRACKABLE', message: expect.stringContaining('SYSDATE') }),
    );
    expect(readQuestion(request(statement, { version: { kind: 'ttl' } }), 'oracle', 'APP').parts).toHaveLength(1);
  });

  it('of a refresh key are one, named after its statement', () => {
    expect(refreshKeyLabel('SELECT 1 FROM DUAL')).toMatch(/^refresh-key:[0-9a-f]{12}$/);
  });
});

describe('binds', () => {
  it('keep whole numbers whole, and take dates and timestamps as text with their format', () => {
    const values: Readonly<Record<string, TypedValue>> = {
      ID: { type: 'integer', value: '9007199254740993' },
      RATE: { type: 'number', value: '0.1' },
      OPEN: { type: 'boolean', value: 'true' },
      DAY: { type: 'date', value: '2024-02-29' },
      AT: { type: 'timestamp', value: '2024-02-29T12:34:56.123456Z' },
      NAME: { type: 'string', value: null },
    };
    const { text, binds } = boundStatement(
      "SELECT ':DAY' FROM T WHERE A=:ID AND B=:RATE AND C=:OPEN AND D>=:DAY AND E<:AT AND F=:NAME AND G=:DAY",
      values,
    );
    expect(text).toBe(
      "SELECT ':DAY' FROM T WHERE A=:ID AND B=:RATE AND C=:OPEN AND D>=TO_DATE(:DAY,'YYYY-MM-DD') "
        + `AND E<TO_TIMESTAMP(:AT,'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"') AND F=:NAME AND G=TO_DATE(:DAY,'YYYY-MM-DD')`,
    );
    expect(binds).toEqual({
      ID: { val: 9_007_199_254_740_993n, type: oracledb.DB_TYPE_NUMBER },
      RATE: { val: 0.1, type: oracledb.DB_TYPE_NUMBER },
      OPEN: { val: 1, type: oracledb.DB_TYPE_NUMBER },
      DAY: { val: '2024-02-29', type: oracledb.DB_TYPE_VARCHAR },
      AT: { val: '2024-02-29T12:34:56.123456Z', type: oracledb.DB_TYPE_VARCHAR },
      NAME: { val: null, type: oracledb.DB_TYPE_VARCHAR },
    });
  });

  it('that are missing are named', () => {
    expect(() => boundStatement('SELECT 1 FROM T WHERE A=:ID', {})).toThrow(
      expect.objectContaining({ code: 'PQ_INVALID_REQUEST', details: { placeholder: 'ID' } }),
    );
  });
});

describe('the settings of a session', () => {
  it('are set with those first that bring defaults for others, and quotes doubled', () => {
    expect(
      settingStatements({
        schema: 'App',
        session: { TIME_ZONE: '+00:00', NLS_TERRITORY: 'AMERICA', NLS_CURRENCY: "'", NLS_LANGUAGE: 'AMERICAN' },
      }),
    ).toEqual([
      "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN'",
      "ALTER SESSION SET NLS_TERRITORY = 'AMERICA'",
      "ALTER SESSION SET NLS_CALENDAR = 'GREGORIAN' NLS_CURRENCY = '''' TIME_ZONE = '+00:00'",
      'ALTER SESSION SET CURRENT_SCHEMA = "App"',
    ]);
  });

  it('are settings and nothing else', () => {
    expect(() => settingStatements({ schema: 'APP', session: { "X = 'Y' NLS_SORT": 'BINARY' } })).toThrow(
      expect.objectContaining({ code: 'PQ_CONFIG' }),
    );
    expect(() => settingStatements({ schema: 'A"; DROP', session: {} })).toThrow(
      expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }),
    );
  });
});

describe('a split', () => {
  const statement = readStatement('select d, n from sales s, crm.customers where d > :since', 'oracle');
  const plan = planColumns(
    [
      { name: 'D', dbType: { name: 'DB_TYPE_DATE' } },
      { name: 'N', dbType: { name: 'DB_TYPE_BINARY_DOUBLE' } },
    ],
    { columns: ['N'], columnTypes: {}, numbers: 'double' },
    ORACLE_PLANS,
  );

  it('reads every table at the SCN, in each session the rows of its own hash', () => {
    const split = { column: 'd', into: 4 };
    const asking = request(statement.text, { binds: { SINCE: { type: 'date', value: '2024-01-01' } }, split });
    const { text, binds } = partAt('123456789012', 4, 2, {
      question: readQuestion(asking, 'oracle', 'APP'),
      split,
      sessionsMax: 4,
      statement: (then, condition) => plan.statement(then, { column: 'd', condition }),
    });
    expect(text.replaceAll(/\s*([,>])\s*/g, '$1')).toBe(
      'SELECT "N" FROM (SELECT D,N FROM SALES AS OF SCN :PQ_SCN S,CRM.CUSTOMERS AS OF SCN :PQ_SCN '
        + 'WHERE D>TO_DATE(:SINCE,\'YYYY-MM-DD\')) WHERE NVL(ORA_HASH("D",3),0)=:PQ_PART',
    );
    expect(binds).toMatchObject({
      PQ_SCN: { val: 123_456_789_012n },
      PQ_PART: { val: 2n },
      SINCE: { val: '2024-01-01' },
    });
  });
});

describe('a chunk', () => {
  it('has a thousand rows, and fewer where rows can be large', () => {
    const text = { byteSize: 4000, dbTypeName: 'VARCHAR2' };
    expect(fetchRowsFor([text])).toBe(1000);
    expect(fetchRowsFor(Array.from({ length: 100 }, () => text))).toBe(83);
    expect(fetchRowsFor([{ dbTypeName: 'CLOB', byteSize: 0 }])).toBe(4);
    expect(fetchRowsFor(Array.from({ length: 1000 }, () => ({ ...text, byteSize: 32_767 })))).toBe(4);
  });

  it('of rows that may be large is made by the size of those that came', () => {
    const rows = (chars: number, count: number): string[][] => Array.from({ length: count }, () => ['x'.repeat(chars)]);
    const sizes = [4];
    for (let i = 0; i < 9; i += 1) sizes.push(fetchRowsAfter(rows(100, 2), sizes.at(-1) ?? 0));
    expect(sizes).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 999, 999]);
    expect(fetchRowsAfter(rows(1024 * 1024, 4), 999)).toBe(16);
    expect(fetchRowsAfter(rows(20 * 1024 * 1024, 1), 4)).toBe(1);
    expect(fetchRowsAfter([[Buffer.alloc(1024 * 1024)]], 999)).toBe(32);
  });

  it('of rows that cannot be large always has a thousand', () => {
    expect(fetchRowsAfter([['x'.repeat(1_000_000)]], 1000)).toBe(1000);
  });
});
