/** The list of types: each rule decides its examples, and docs/oracle-types.md shows the list as it is. */
import { readFileSync } from 'node:fs';
import oracledb from 'oracledb';
import { describe, expect, it } from 'vitest';
import { PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import type { Reading } from '../sql/types.ts';
import { declaredAs } from '../sql/values-declared.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import { ORACLE_TYPES } from './type-system.ts';
import { TYPE_RULES } from './types-rules.ts';
import { UNSUPPORTED } from './types-unsupported.ts';

const DOCUMENT = readFileSync(new URL('../../../../../docs/oracle-types.md', import.meta.url), 'utf8');

/** The rows of the table below a heading. */
function tableUnder(heading: string): readonly string[] {
  const [, section = ''] = DOCUMENT.split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2);
}

describe('a rule decides its examples', () => {
  const cases = TYPE_RULES.flatMap(({ dbTypes, examples, doc }) =>
    dbTypes.flatMap((dbType) => examples.map(([column, type]) => ({ oracle: doc.database, dbType, column, type }))),
  );

  it.each(cases)('$oracle: $dbType($column.precision, $column.scale)', ({ dbType, column, type }) => {
    expect(ORACLE_TYPES.mappingOf({ ...column, dbType: { name: dbType } }, 'double').type).toEqual(type);
  });
});

describe("the driver's types", () => {
  const all = Object.entries(oracledb)
    .filter(([key]) => key.startsWith('DB_TYPE_'))
    .map(([, value]) => value as oracledb.DbType);

  it('are each loaded or refused with a way out, but those of PL/SQL', () => {
    const known = new Set([...TYPE_RULES.flatMap(({ dbTypes }) => dbTypes), ...Object.keys(UNSUPPORTED)]);
    const unknown = all.map(({ name }) => name).filter((name) => !known.has(name));
    expect(unknown).toEqual(['DB_TYPE_BINARY_INTEGER']);
    // The driver describes UROWID columns, and exports no constant for them.
    expect([...known].filter((name) => !all.some((type) => type.name === name))).toEqual(['DB_TYPE_UROWID']);
  });

  it('are fetched as text and bytes where the default would be a double or a stream', () => {
    const fetched = all.map((dbType) => [dbType.name, fetchTypeHandler({ dbType })?.type.name] as const);
    expect(fetched.filter(([, type]) => type !== undefined)).toEqual([
      ['DB_TYPE_BLOB', 'DB_TYPE_RAW'],
      ['DB_TYPE_CLOB', 'DB_TYPE_VARCHAR'],
      ['DB_TYPE_NCLOB', 'DB_TYPE_NVARCHAR'],
      ['DB_TYPE_NUMBER', 'DB_TYPE_VARCHAR'],
    ]);
  });
});

describe('docs/oracle-types.md', () => {
  it('shows every rule, and nothing else', () => {
    const rows = TYPE_RULES.map(({ doc }) => `| ${doc.database} | ${doc.parquet} | ${doc.travels} | ${doc.remark} |`);
    expect(tableUnder('The table')).toEqual(rows);
  });

  it('shows what is refused, and the way out', () => {
    const rows = Object.values(UNSUPPORTED).map(({ database, wayOut }) => `| ${database} | ${wayOut} |`);
    expect(tableUnder('What cannot be loaded')).toEqual(rows);
  });

  it('shows what can be declared of what', () => {
    const readings: readonly (readonly [string, Reading])[] = [
      ['NUMBER, FLOAT', { kind: 'number' }],
      ['BINARY_FLOAT, BINARY_DOUBLE', { kind: 'double' }],
      ['VARCHAR2 … CLOB, LONG, JSON, ROWID', { kind: 'text' }],
      ['RAW, BLOB, LONG RAW', { kind: 'bytes' }],
      ['DATE, TIMESTAMP', { kind: 'time', digits: 6, zone: 'none' }],
      ['TIMESTAMP WITH (LOCAL) TIME ZONE', { kind: 'time', digits: 6, zone: 'utc' }],
      ['INTERVAL YEAR TO MONTH', { kind: 'months' }],
      ['INTERVAL DAY TO SECOND', { kind: 'days' }],
      ['BOOLEAN', { kind: 'boolean' }],
    ];
    const names = [...PLAIN_COLUMN_TYPES, 'decimal(20,2)'];
    const rows = readings.map(([oracle, reading]) => {
      const possible = names.filter((name) => declaredAs(name, reading) !== null);
      return `| ${oracle} | ${possible.map((name) => `\`${name.replace('20,2', 'p,s')}\``).join(' ')} |`;
    });
    expect(tableUnder('Declared types')).toEqual(rows);
  });
});
