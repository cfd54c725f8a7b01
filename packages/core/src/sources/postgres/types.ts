/**
 * What is known of a column of a Postgres statement: the words that the driver's side (describe.ts) and the rules of
 * types (types-rules.ts) share.
 */
import type { Described } from '../sql/types.ts';

/**
 * As the server describes it. It describes the type under a domain in place of the domain itself (SendRowDescription in
 * printtup.c asks for the base type and its modifier), so that no column is ever of one.
 */
export interface PostgresColumn extends Described {
  /** Of its type. */
  readonly typeId: number;
  /** As in pg_attribute.atttypmod; −1: none. */
  readonly typmod: number;
  /** The server's own words, format_type(typeId, typmod): `numeric(10,2)`, `character varying(30)`, `integer[]`. */
  readonly typeName: string;
  readonly type: PostgresType;
}

/** A row of pg_type. */
export interface PostgresType {
  /** nspname of its schema: `pg_catalog` for what every server has. */
  readonly schema: string;
  /** typname: `numeric`, `_int4`. */
  readonly name: string;
  /** typtype: base, composite, domain, enum, multirange, pseudo, range. */
  readonly kind: 'b' | 'c' | 'd' | 'e' | 'm' | 'p' | 'r';
  /** typcategory: one letter; A for arrays, S for texts. */
  readonly category: string;
  /** Of arrays (category A), the type of typelem; else null. */
  readonly element: PostgresType | null;
}

export const CATALOG = 'pg_catalog';

/** A column of a type that every server has, for examples and tests. */
export function builtIn(name: string, more: Partial<PostgresColumn> = {}): PostgresColumn {
  const type: PostgresType = { schema: CATALOG, name, kind: 'b', category: 'U', element: null };
  return { name: 'c', typeId: 0, typmod: -1, typeName: name, type, ...more };
}
