/** Type names of Oracle as they stand in CREATE TABLE and CAST. */
import type { OraType } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { TokenReader } from './token-reader.ts';

/** @throws OraError 00902 for a type that this engine does not have */
export function parseType(reader: TokenReader): OraType {
  const { at } = reader;
  const token = reader.take();
  const word = token.kind === 'word' ? token.text : '';
  switch (word) {
    case 'NUMBER':
    case 'NUMERIC':
    case 'DECIMAL':
    case 'DEC':
      return number(reader, word !== 'NUMBER');
    case 'INTEGER':
    case 'INT':
    case 'SMALLINT':
      return { kind: 'NUMBER', precision: 38, scale: 0 };
    case 'FLOAT':
      return { kind: 'FLOAT', precision: size(reader) ?? 126 };
    case 'REAL':
      return { kind: 'FLOAT', precision: 63 };
    case 'DOUBLE':
      reader.expect('PRECISION');
      return { kind: 'FLOAT', precision: 126 };
    case 'BINARY_FLOAT':
    case 'BINARY_DOUBLE':
    case 'DATE':
    case 'CLOB':
    case 'NCLOB':
    case 'BLOB':
    case 'BOOLEAN':
    case 'JSON':
    case 'ROWID':
      return { kind: word };
    case 'UROWID':
      size(reader);
      return { kind: 'UROWID' };
    case 'VARCHAR2':
    case 'VARCHAR':
      return { kind: 'VARCHAR2', chars: size(reader) ?? 4000 };
    case 'NVARCHAR2':
      return { kind: 'NVARCHAR2', chars: size(reader) ?? 2000 };
    case 'CHAR':
    case 'CHARACTER':
      if (reader.accept('VARYING')) return { kind: 'VARCHAR2', chars: size(reader) ?? 4000 };
      return { kind: 'CHAR', chars: size(reader) ?? 1 };
    case 'NCHAR':
      return { kind: 'NCHAR', chars: size(reader) ?? 1 };
    case 'RAW':
      return { kind: 'RAW', bytes: size(reader) ?? 2000 };
    case 'LONG':
      return { kind: reader.accept('RAW') ? 'LONG RAW' : 'LONG' };
    case 'TIMESTAMP':
      return timestamp(reader);
    case 'INTERVAL':
      return interval(reader);
    case 'XMLTYPE':
      return { kind: 'OBJECT', schema: 'SYS', name: 'XMLTYPE' };
    case 'SYS':
      if (reader.acceptOperator('.') && reader.accept('XMLTYPE'))
        return { kind: 'OBJECT', schema: 'SYS', name: 'XMLTYPE' };
      break;
    case 'SDO_GEOMETRY':
      return { kind: 'OBJECT', schema: 'MDSYS', name: 'SDO_GEOMETRY' };
    default:
  }
  throw new OraError(902, `invalid datatype ${word}`, { offset: at });
}

function size(reader: TokenReader): number | null {
  if (!reader.acceptOperator('(')) return null;
  const value = reader.integer();
  if (!reader.accept('CHAR')) reader.accept('BYTE');
  reader.expectOperator(')');
  return value;
}

function number(reader: TokenReader, standard: boolean): OraType {
  // NUMERIC and DECIMAL mean 38 digits; NUMBER alone has no precision at all.
  if (!reader.acceptOperator('(')) return { kind: 'NUMBER', precision: standard ? 38 : null, scale: 0 };
  const precision = reader.acceptOperator('*') ? 38 : reader.integer();
  let scale = 0;
  if (reader.acceptOperator(',')) {
    const negative = reader.acceptOperator('-');
    scale = reader.integer() * (negative ? -1 : 1);
  }
  reader.expectOperator(')');
  if (precision < 1 || precision > 38)
    throw new OraError(1727, 'numeric precision specifier is out of range (1 to 38)');
  if (scale < -84 || scale > 127) throw new OraError(1728, 'numeric scale specifier is out of range (-84 to 127)');
  return { kind: 'NUMBER', precision, scale };
}

function timestamp(reader: TokenReader): OraType {
  const fraction = size(reader) ?? 6;
  if (fraction > 9) throw new OraError(30088, 'datetime/interval precision is out of range');
  if (reader.accept('WITH', 'TIME', 'ZONE')) return { kind: 'TIMESTAMP WITH TIME ZONE', fraction };
  if (reader.accept('WITH', 'LOCAL', 'TIME', 'ZONE')) return { kind: 'TIMESTAMP WITH LOCAL TIME ZONE', fraction };
  return { kind: 'TIMESTAMP', fraction };
}

function interval(reader: TokenReader): OraType {
  if (reader.accept('YEAR')) {
    const leading = size(reader) ?? 2;
    reader.expect('TO', 'MONTH');
    return { kind: 'INTERVAL YEAR TO MONTH', leading };
  }
  reader.expect('DAY');
  const leading = size(reader) ?? 2;
  reader.expect('TO', 'SECOND');
  return { kind: 'INTERVAL DAY TO SECOND', leading, fraction: size(reader) ?? 6 };
}
