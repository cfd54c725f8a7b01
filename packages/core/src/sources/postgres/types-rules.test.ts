/** The list of types: each rule decides its examples, and docs/postgres-types.md shows the list as it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import { isParqueueError } from '../../model/errors.ts';
import type { Reading } from '../sql/types.ts';
import { declaredAs } from '../sql/values-declared.ts';
import { TYPE_RULES, UNSUPPORTED } from './types-rules.ts';
import { POSTGRES_TYPES } from './types-system.ts';
import { builtIn, type PostgresType } from './types.ts';

const DOCUMENT = readFileSync(new URL('../../../../../docs/postgres-types.md', import.meta.url), 'utf8');

/** The rows of the table below a heading. */
function tableUnder(heading: string): readonly string[] {
  const [, section = ''] = DOCUMENT.split(`\n## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2);
}

describe('a rule decides its examples', () => {
  const cases = TYPE_RULES.flatMap(({ examples, doc }) =>
    examples.map(([column, type]) => ({ database: doc.database, column, type })),
  );

  it.each(cases)('$database: $column.typeName', ({ column, type }) => {
    expect(POSTGRES_TYPES.mappingOf(column, 'text').type).toEqual(type);
    expect(POSTGRES_TYPES.sourceTypeOf(column)).toBe(column.typeName);
  });

  it.each([
    ['exact', { kind: 'decimal128', precision: 38, scale: 10 }],
    ['double', { kind: 'float64' }],
    ['text', { kind: 'utf8' }],
  ] as const)('numbers: %s is about numerics without size, and no others', (numbers, type) => {
    expect(POSTGRES_TYPES.mappingOf(builtIn('numeric'), numbers).type).toEqual(type);
    const sized = builtIn('numeric', { typmod: ((10 << 16) | 2) + 4 });
    expect(POSTGRES_TYPES.mappingOf(sized, numbers).type).toEqual({ kind: 'decimal128', precision: 10, scale: 2 });
    expect(POSTGRES_TYPES.mappingOf(builtIn('int4'), numbers).type).toEqual({ kind: 'int32' });
  });
});

describe('a type is refused with its name and the way out', () => {
  const hstore: PostgresType = { schema: 'public', name: 'hstore', kind: 'b', category: 'U', element: null };

  it.each([
    ['hstore', hstore, UNSUPPORTED.extension.wayOut],
    ['hstore[]', { ...hstore, name: '_hstore', category: 'A', element: hstore }, UNSUPPORTED.extension.wayOut],
    ['void', { ...hstore, schema: 'pg_catalog', name: 'void', kind: 'p' }, UNSUPPORTED.pseudo.wayOut],
  ] as const)('%s', (typeName, type, wayOut) => {
    let refused: unknown;
    try {
      POSTGRES_TYPES.mappingOf({ name: 'tags', typeId: 1, typmod: -1, typeName, type }, 'text');
    } catch (error) {
      refused = error;
    }
    if (!isParqueueError(refused)) throw refused;
    expect(refused.code).toBe('PQ_UNSUPPORTED_TYPE');
    expect(refused.details).toEqual({ column: 'tags', type: typeName });
    expect(refused.message).toBe(`column tags has the type ${typeName}, which cannot be loaded: ${wayOut}`);
  });
});

describe('docs/postgres-types.md', () => {
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
      ['smallint, integer, bigint, oid, numeric, money', { kind: 'number' }],
      ['real, double precision', { kind: 'double' }],
      ['text … and all that becomes utf8, but numeric', { kind: 'text' }],
      ['bytea', { kind: 'bytes' }],
      ['date', { kind: 'day' }],
      ['timestamp', { kind: 'iso', zone: 'none' }],
      ['timestamp with time zone', { kind: 'iso', zone: 'utc' }],
      ['boolean', { kind: 'boolean' }],
    ];
    const names = [...PLAIN_COLUMN_TYPES, 'decimal(20,2)'];
    const rows = readings.map(([database, reading]) => {
      const possible = names.filter((name) => declaredAs(name, reading) !== null);
      return `| ${database} | ${possible.map((name) => `\`${name.replace('20,2', 'p,s')}\``).join(' ')} |`;
    });
    expect(tableUnder('Declared types')).toEqual(rows);
  });
});
