/** A statement with its binds, as Postgres takes them: `:since` becomes $1, and values travel as texts. */
import { ParqueueError } from '../../model/errors.ts';
import type { TypedValue } from '../../model/request.ts';
import { replacePlaceholders } from '../../sql/index.ts';
import type { Bound } from '../sql/database.ts';

/** Of $1, $2, …; null is NULL. */
export type PostgresBinds = readonly (string | null)[];

/**
 * One number for each name, however often it occurs. Texts and numbers get their type from where they stand, so that
 * they are compared as what they are compared with; what is written in more than one way gets its own type.
 */
export function boundStatement(statement: string, values: Readonly<Record<string, TypedValue>>): Bound<PostgresBinds> {
  const numbers = new Map<string, number>();
  const binds: (string | null)[] = [];
  const text = replacePlaceholders(
    statement,
    (name) => {
      const typed = Object.hasOwn(values, name) ? values[name] : undefined;
      if (typed === undefined) throw refused(name, 'has no value');
      let number = numbers.get(name);
      if (number === undefined) {
        binds.push(bindOf(name, typed));
        number = binds.length;
        numbers.set(name, number);
      }
      return `$${number}${castOf(typed)}`;
    },
    'postgres',
  );
  return { text, binds };
}

function castOf({ type }: TypedValue): string {
  switch (type) {
    case 'date':
      return '::date';
    case 'timestamp':
      return '::timestamptz';
    case 'boolean':
      return '::boolean';
    case 'string':
    case 'integer':
    case 'number':
      return '';
  }
}

function bindOf(name: string, { value }: TypedValue): string | null {
  if (value === null) return null;
  if (value.includes('\0')) throw refused(name, 'holds a zero byte, which no text of Postgres can');
  // Written as UTF-8 it would become another text.
  if (!value.isWellFormed()) throw refused(name, 'holds half of a surrogate pair, which is no character');
  return value;
}

function refused(name: string, why: string): ParqueueError {
  return new ParqueueError('PQ_INVALID_REQUEST', `the placeholder :${name} ${why}`, { details: { placeholder: name } });
}
