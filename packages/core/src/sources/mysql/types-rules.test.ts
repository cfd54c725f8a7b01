/** The list of types: each rule decides its examples, and docs/mysql-types.md shows the list as it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import type { Reading } from '../sql/types.ts';
import { declaredAs } from '../sql/values-declared.ts';
import { fieldTypes } from './describe.ts';
import { exampleColumn, TYPE_RULES, UNSUPPORTED } from './types-rules.ts';
import { mappingOf, mysqlTypes, sourceTypeOf } from './types.ts';
import { bitOf, bitsOf, realText } from './values.ts';

const DOCUMENT = readFileSync(new URL('../../../../../docs/mysql-types.md', import.meta.url), 'utf8');

/** The rows of the table below a heading. */
function tableUnder(heading: string): readonly string[] {
  const [, section = ''] = DOCUMENT.split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2);
}

describe('a rule decides its examples', () => {
  const cases = TYPE_RULES.flatMap(({ examples, doc }) =>
    examples.map(([column, type]) => ({ database: doc.database, column, type, source: sourceTypeOf(column) })),
  );

  it.each(cases)('$database: $source', ({ column, type }) => {
    expect(mappingOf(column, 'double').type).toEqual(type);
  });
});

describe("the protocol's types", () => {
  it('are each loaded or refused with a way out', () => {
    const known = new Set(TYPE_RULES.flatMap(({ dbTypes }) => dbTypes));
    const unknown = Object.keys(fieldTypes).filter((name) => !known.has(name));
    expect(unknown).toEqual(['VECTOR', 'GEOMETRY']);
    expect(UNSUPPORTED.some(({ matches }) => matches(exampleColumn('VECTOR')))).toBe(true);
    expect(UNSUPPORTED.some(({ matches }) => matches(exampleColumn('GEOMETRY')))).toBe(true);
    // IFNULL(a YEAR, a TINYINT UNSIGNED), as MariaDB 10.11 describes it.
    const cut = exampleColumn('TINY', { flags: 160, length: 4, table: '' });
    expect(UNSUPPORTED.some(({ matches }) => matches(cut))).toBe(true);
    expect(UNSUPPORTED.some(({ matches }) => matches({ ...cut, length: 3 }))).toBe(false);
    expect(UNSUPPORTED.some(({ matches }) => matches({ ...cut, table: 't' }))).toBe(false);
  });

  it('that do not exist yet are refused by column', () => {
    expect(() => mappingOf({ ...exampleColumn('BLOB'), type: 200, name: 'X' }, 'double')).toThrow(
      'column X has the type type 200, which cannot be loaded: select CAST(c AS CHAR)',
    );
  });

  it("that travel as bytes which nobody could read are refused by MariaDB's name for them", () => {
    expect(() => mappingOf(exampleColumn('BLOB', { extended: 'vector' }), 'double')).toThrow(
      'has the type VECTOR, which cannot be loaded: select VEC_ToText(c)',
    );
  });
});

describe('the name of a type', () => {
  it.each([
    [exampleColumn('LONGLONG', { flags: 32 }), 'BIGINT UNSIGNED'],
    [exampleColumn('NEWDECIMAL', { length: 12, decimals: 2 }), 'DECIMAL(10,2)'],
    [exampleColumn('VAR_STRING', { length: 120, charset: 45 }), 'VARCHAR(30)'],
    [exampleColumn('STRING', { length: 120, charset: 255 }), 'CHAR(30)'],
    [exampleColumn('STRING', { length: 16 }), 'BINARY(16)'],
    [exampleColumn('STRING', { length: 4, charset: 45, flags: 256 }), 'ENUM'],
    [exampleColumn('BLOB', { length: 65_535 }), 'BLOB'],
    [exampleColumn('BLOB', { length: 4_294_967_295, charset: 45 }), 'LONGTEXT'],
    [exampleColumn('DATETIME', { decimals: 6 }), 'DATETIME(6)'],
    [exampleColumn('STRING', { charset: 45, extended: 'uuid' }), 'UUID'],
  ])('%# is as the server writes it: %s', (column, name) => {
    expect(sourceTypeOf(column)).toBe(name);
  });
});

describe('a TIMESTAMP', () => {
  const column = exampleColumn('TIMESTAMP', { decimals: 6 });

  it('of a session with an offset is an instant', () => {
    const { type, decode } = mysqlTypes('-03:30').mappingOf(column, 'double');
    expect(type).toEqual({ kind: 'timestamp', unit: 'us', utc: true });
    expect(decode?.('2024-02-29 12:00:00')).toBe('2024-02-29 12:00:00-03:30');
  });

  it('of a session in a region is what its clock showed, and the manifest says so', () => {
    expect(mysqlTypes('Europe/Berlin').mappingOf(column, 'double')).toMatchObject({
      type: { kind: 'timestamp', unit: 'us', utc: false },
      note: 'what a clock in Europe/Berlin showed',
    });
  });
});

describe('values', () => {
  it('of BIT(n) are the number that the bits make', () => {
    expect(bitsOf(new Uint8Array([1, 0]))).toBe(256);
    expect(bitsOf(new Uint8Array(8).fill(255))).toBe('18446744073709551615');
    expect(bitOf(new Uint8Array([0]))).toBe(false);
  });

  it('of FLOAT are shown by the shortest text that is them again', () => {
    for (const value of [0.1, 1e-45, 3.4028234663852886e38, 16_777_216, 0.3, 123_456.79, -0, 1.175_494_35e-38]) {
      const real = Math.fround(value);
      const text = String(realText(real));
      expect(Object.is(Math.fround(Number(text)), real)).toBe(true);
      expect(text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').length).toBeLessThanOrEqual(9);
    }
    expect(realText(Math.fround(0.1))).toBe('0.1');
  });
});

describe('docs/mysql-types.md', () => {
  it('shows every rule, and nothing else', () => {
    const rows = TYPE_RULES.map(({ doc }) => `| ${doc.database} | ${doc.parquet} | ${doc.travels} | ${doc.remark} |`);
    expect(tableUnder('The table')).toEqual(rows);
  });

  it('shows what is refused, and the way out', () => {
    expect(tableUnder('What cannot be loaded')).toEqual(
      UNSUPPORTED.map(({ database, wayOut }) => `| ${database} | ${wayOut} |`),
    );
  });

  it('shows what can be declared of what', () => {
    const readings: readonly (readonly [string, Reading])[] = [
      ['integers, YEAR, DECIMAL, BIT(n)', { kind: 'number' }],
      ['FLOAT, DOUBLE', { kind: 'double' }],
      ['BIT(1)', { kind: 'boolean' }],
      ['CHAR … LONGTEXT, ENUM, SET, JSON, TIME, UUID …', { kind: 'text' }],
      ['BINARY … LONGBLOB', { kind: 'bytes' }],
      ['DATE', { kind: 'day' }],
      ['DATETIME', { kind: 'iso', zone: 'none' }],
      ['TIMESTAMP', { kind: 'iso', zone: 'utc' }],
    ];
    const names = [...PLAIN_COLUMN_TYPES, 'decimal(20,2)'];
    const rows = readings.map(([database, reading]) => {
      const possible = names.filter((name) => declaredAs(name, reading) !== null);
      return `| ${database} | ${possible.map((name) => `\`${name.replace('20,2', 'p,s')}\``).join(' ')} |`;
    });
    expect(tableUnder('Declared types')).toEqual(rows);
  });
});
