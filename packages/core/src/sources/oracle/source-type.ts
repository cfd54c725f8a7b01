/** A column's type as Oracle writes it: `NUMBER(10,2)`, `VARCHAR2(30)`, `TIMESTAMP(6) WITH TIME ZONE`. */
import type { DescribedColumn } from './types.ts';

const UNDECLARED_SCALE = -127;

export function sourceTypeOf(column: DescribedColumn): string {
  const { dbType, dbTypeName, precision, scale, byteSize } = column;
  const kind = dbType?.name ?? '';
  const name = dbTypeName ?? (kind === '' ? 'unknown' : kind.replace(/^DB_TYPE_/, '').replaceAll('_', ' '));
  switch (kind) {
    case 'DB_TYPE_NUMBER':
      return numberType(precision ?? 0, scale ?? 0);
    case 'DB_TYPE_VARCHAR':
    case 'DB_TYPE_NVARCHAR':
    case 'DB_TYPE_CHAR':
    case 'DB_TYPE_NCHAR':
    case 'DB_TYPE_RAW':
      return byteSize === undefined ? name : `${name}(${byteSize})`;
    case 'DB_TYPE_TIMESTAMP':
    case 'DB_TYPE_TIMESTAMP_TZ':
    case 'DB_TYPE_TIMESTAMP_LTZ':
      return precision === undefined ? name : name.replace(/^TIMESTAMP/, `TIMESTAMP(${precision})`);
    default:
      return name;
  }
}

function numberType(precision: number, scale: number): string {
  if (precision === 0) return 'NUMBER';
  if (scale === UNDECLARED_SCALE) return `FLOAT(${precision})`;
  return scale === 0 ? `NUMBER(${precision})` : `NUMBER(${precision},${scale})`;
}
