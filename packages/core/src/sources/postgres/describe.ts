/** The columns of a statement, without running it: what the server describes, and the types behind the numbers in that. */
import { ParqueueError } from '../../model/errors.ts';
import type { Bound } from '../sql/database.ts';
import { columnsChanged } from '../sql/rows.ts';
import type { PostgresBinds } from './bind.ts';
import type { TextRow } from './connection.ts';
import type { PostgresSession } from './driver.ts';
import { ask } from './query.ts';
import type { DescribedField } from './statement-reader.ts';
import type { PostgresColumn, PostgresType } from './types.ts';

/** Numbers below are given by Postgres' own sources and never mean another type (FirstGenbkiObjectId in transam.h). */
const OID_OF_ITS_OWN_MAX = 9_999;

/** Sizes of built-in types that were met: `numeric(10,2)`. */
const KNOWN_MAX = 1000;

const TYPES = `
SELECT n.nspname, t.typname, t.typtype, t.typcategory, en.nspname, e.typname, e.typtype, e.typcategory,
  pg_catalog.format_type(c.id, c.mod)
FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.int4[]) WITH ORDINALITY AS c(id, mod, at)
JOIN pg_catalog.pg_type t ON t.oid = c.id
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
ORDER BY c.at`;

type KnownType = Pick<PostgresColumn, 'type' | 'typeName'>;

/** One per source: it remembers the built-in types it met. */
export class ColumnDescriber {
  readonly #known = new Map<string, KnownType>();

  /** @throws ParqueueError PQ_INVALID_REQUEST where there is none, and what a session throws */
  async describe(session: PostgresSession, { text }: Bound<PostgresBinds>): Promise<readonly PostgresColumn[]> {
    const fields = await session.call((connection) => connection.describe(text));
    // `SELECT FROM t` is a statement here, and no file of rows has no columns.
    if (fields.length === 0) {
      throw new ParqueueError('PQ_INVALID_REQUEST', 'the statement gives no columns; select one');
    }
    const types = await this.#typesOf(session, fields);
    return fields.map((field) => {
      const type = types.get(keyOf(field));
      if (type === undefined) throw columnsChanged('42704');
      return { name: field.name, typeId: field.dataTypeID, typmod: field.dataTypeModifier, ...type };
    });
  }

  async #typesOf(session: PostgresSession, fields: readonly DescribedField[]): Promise<ReadonlyMap<string, KnownType>> {
    const found = new Map<string, KnownType>();
    const asked = new Map<string, DescribedField>();
    for (const field of fields) {
      const key = keyOf(field);
      const known = this.#known.get(key);
      if (known === undefined) asked.set(key, field);
      else found.set(key, known);
    }
    if (asked.size === 0) return found;
    const wanted = [...asked.values()];
    const rows = await ask(session, TYPES, [
      arrayOf(wanted.map(({ dataTypeID }) => dataTypeID)),
      arrayOf(wanted.map(({ dataTypeModifier }) => dataTypeModifier)),
    ]);
    // One was dropped: a type that is only named in the statement is not locked.
    if (rows.length !== asked.size) throw columnsChanged('42704');
    for (const [at, [key, { dataTypeID }]] of [...asked].entries()) {
      const type = typeOf(rows[at] as TextRow);
      found.set(key, type);
      if (dataTypeID <= OID_OF_ITS_OWN_MAX && this.#known.size < KNOWN_MAX) this.#known.set(key, type);
    }
    return found;
  }
}

function keyOf({ dataTypeID, dataTypeModifier }: DescribedField): string {
  return `${dataTypeID}:${dataTypeModifier}`;
}

function arrayOf(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

function typeOf(row: TextRow): KnownType {
  const element = row[5] === null ? null : pgType(row.slice(4, 8), null);
  return { type: pgType(row, element), typeName: row[8] ?? '' };
}

function pgType([schema, name, kind, category]: TextRow, element: PostgresType | null): PostgresType {
  return {
    schema: schema ?? '',
    name: name ?? '',
    kind: kind as PostgresType['kind'],
    category: category ?? '',
    element,
  };
}
