/** MySQL's types as a type system (sources/sql/database.ts): what a column is called, and what it becomes. */
import type { NumbersAs } from '../../model/request.ts';
import type { TypeSystem } from '../sql/database.ts';
import { unsupportedType, type Mapping } from '../sql/types.ts';
import { fieldTypeName, fieldTypes, isBinary, isOneOf, isUnsigned, type MysqlColumn } from './describe.ts';
import { TYPE_RULES, UNSUPPORTED, decimalSize, zonedTimestamp } from './types-rules.ts';

/** `timeZone`: the session's, in which the server writes TIMESTAMPs. */
export function mysqlTypes(timeZone: string): TypeSystem<MysqlColumn> {
  const timestamp = zonedTimestamp(timeZone);
  return {
    sourceTypeOf,
    mappingOf: (column, numbers) => (column.type === fieldTypes.TIMESTAMP ? timestamp : mappingOf(column, numbers)),
  };
}

/** @throws ParqueueError PQ_UNSUPPORTED_TYPE */
export function mappingOf(column: MysqlColumn, numbers: NumbersAs): Mapping {
  const name = fieldTypeName(column);
  const refused = UNSUPPORTED.find(({ matches }) => matches(column));
  const rule =
    refused === undefined
      ? TYPE_RULES.find(({ dbTypes, when }) => dbTypes.includes(name) && (when?.(column) ?? true))
      : undefined;
  if (rule !== undefined) return rule.map(column, numbers);
  const wayOut = refused?.wayOut ?? 'select CAST(c AS CHAR)';
  throw unsupportedType(column.name, sourceTypeOf(column), wayOut);
}

/** Bytes per character, as the connection's character set counts the lengths of texts. */
const CHARACTER_BYTES = 4;

const PLAIN: Readonly<Record<string, string>> = {
  TINY: 'TINYINT',
  SHORT: 'SMALLINT',
  INT24: 'MEDIUMINT',
  LONG: 'INT',
  LONGLONG: 'BIGINT',
  NEWDATE: 'DATE',
  FLOAT: 'FLOAT',
  DOUBLE: 'DOUBLE',
};

/** As MySQL writes it, as far as the description of a result tells: `BIGINT UNSIGNED`, `DECIMAL(10,2)`, `VARCHAR(30)`. */
export function sourceTypeOf(column: MysqlColumn): string {
  const name = fieldTypeName(column);
  const unsigned = isUnsigned(column) ? ' UNSIGNED' : '';
  if (column.extended !== null) return column.extended.toUpperCase();
  switch (column.type) {
    case fieldTypes.DECIMAL:
    case fieldTypes.NEWDECIMAL: {
      const { precision, scale } = decimalSize(column);
      return `DECIMAL(${precision},${scale})${unsigned}`;
    }
    case fieldTypes.TINY:
    case fieldTypes.SHORT:
    case fieldTypes.INT24:
    case fieldTypes.LONG:
    case fieldTypes.LONGLONG:
    case fieldTypes.FLOAT:
    case fieldTypes.DOUBLE:
      return `${PLAIN[name] ?? name}${unsigned}`;
    case fieldTypes.DATETIME:
    case fieldTypes.TIMESTAMP:
    case fieldTypes.TIME:
      return column.decimals === 0 || column.decimals > 6 ? name : `${name}(${column.decimals})`;
    case fieldTypes.BIT:
      return `BIT(${column.length})`;
    case fieldTypes.VAR_STRING:
    case fieldTypes.VARCHAR:
    case fieldTypes.STRING:
      return stringType(column);
    case fieldTypes.TINY_BLOB:
    case fieldTypes.MEDIUM_BLOB:
    case fieldTypes.LONG_BLOB:
    case fieldTypes.BLOB:
      return longType(column);
    default:
      return PLAIN[name] ?? name;
  }
}

function stringType(column: MysqlColumn): string {
  const oneOf = isOneOf(column);
  if (oneOf !== null) return oneOf.toUpperCase();
  const fixed = column.type === fieldTypes.STRING;
  if (isBinary(column)) return `${fixed ? 'BINARY' : 'VARBINARY'}(${column.length})`;
  return `${fixed ? 'CHAR' : 'VARCHAR'}(${Math.floor(column.length / CHARACTER_BYTES)})`;
}

/** The largest of each, in bytes; a LONGTEXT's does not grow with the character set. */
const SIZES = [
  ['TINY', 0xff],
  ['', 0xffff],
  ['MEDIUM', 0xff_ffff],
] as const;

function longType(column: MysqlColumn): string {
  const [word, factor] = isBinary(column) ? ['BLOB', 1] : ['TEXT', CHARACTER_BYTES];
  const size = SIZES.find(([, bytes]) => column.length <= bytes * factor)?.[0] ?? 'LONG';
  return `${size}${word}`;
}
