/** Bind values as expressions, by the type they were sent with, never by how they look. */
import type { OraTime } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Context } from './context.ts';
import { canonicalNumber } from './decimal.ts';
import { nanosOf } from './time-format.ts';
import type { Typed } from './typed.ts';
import { BOOLEAN, nullOf, NUMBER, quoteText, VARCHAR2 } from './typed.ts';
import { numberLiteral } from './functions-number.ts';

/** @throws OraError 01008 where there is no value for the placeholder */
export function bindValue(index: number, context: Context): Typed {
  // While a statement is only described nothing is known of its binds.
  if (context.binds === null)
    return { sql: 'CAST(NULL AS VARCHAR)', type: VARCHAR2(4000), form: 'text', nullable: true };
  const bind = context.binds[index];
  if (bind === undefined) throw new OraError(1008, 'not all variables bound');
  const { value } = bind;
  if (value === null || value === '' || bind.kind === 'null')
    return nullOf(bind.kind === 'number' ? NUMBER : VARCHAR2(32));
  switch (bind.kind) {
    case 'number': {
      const text = canonicalNumber(String(value));
      return text.startsWith('-') ? negated(numberLiteral(text.slice(1), null)) : numberLiteral(text, null);
    }
    case 'double':
      return {
        sql: `CAST(${quoteText(String(value))} AS DOUBLE)`,
        type: { kind: 'BINARY_DOUBLE' },
        form: 'double',
        nullable: false,
      };
    case 'boolean':
      return { sql: String(value === true), type: BOOLEAN, form: 'truth', nullable: false };
    case 'bytes': {
      const bytes = value as Uint8Array;
      return {
        sql: `${parameter(bytes, context)}::BLOB`,
        type: { kind: 'RAW', bytes: Math.max(1, bytes.length) },
        form: 'bytes',
        nullable: false,
      };
    }
    case 'time':
      return {
        sql: `${nanosOf(value as OraTime)}::HUGEINT`,
        type: { kind: 'TIMESTAMP', fraction: 9 },
        form: 'nanos',
        nullable: false,
      };
    case 'text': {
      const text = String(value);
      return {
        sql: `${parameter(text, context)}::VARCHAR`,
        type: VARCHAR2(text.length),
        form: 'text',
        nullable: false,
        constant: text,
      };
    }
  }
}

function negated(value: Typed): Typed {
  if (value.form === 'digits')
    return { ...value, sql: quoteText(`-${value.constant ?? ''}`), constant: `-${value.constant ?? ''}` };
  return { ...value, sql: `(-${value.sql})`, constant: `-${value.constant ?? ''}` };
}

function parameter(value: string | Uint8Array, context: Context): string {
  context.parameters.push(value);
  return `$p${context.parameters.length}`;
}
