/**
 * What the catalogue says of the relations behind a part: which there are, of what kind, whether they may be read, and a
 * digest of all that makes other rows, columns or values of the same stored rows (columns, defaults of added columns, types
 * and labels of enums, definitions of views and the types that they name).
 *
 * The digests hold the transactions (xmin) that wrote the catalogue's rows: a definition that was changed and changed
 * back is another one. Catalogue rows are read as the snapshot shows them, while the server itself runs by the newest:
 * what changed between the snapshot and our lock makes the version older than the rows, never newer (I2), and by xmin
 * no later version equals it.
 */
import { qualified, type Ask, type RelationName } from './relations.ts';

/** One way to a relation: from a part itself, from a view that reads it, from the table that it is a part or child of. */
export interface Member extends RelationName {
  readonly oid: string;
  /** pg_class.relkind */
  readonly kind: string;
  readonly way: 'part' | 'view' | 'child';
  /** oid of the view or parent; null for the part itself. */
  readonly above: string | null;
}

export interface RelationFacts extends RelationName {
  readonly oid: string;
  readonly kind: string;
  readonly isTemporary: boolean;
  /** Of tables and materialized views: pg_am.amname. */
  readonly accessMethod: string | null;
  readonly isReadable: boolean;
  readonly rowSecurity: 'none' | 'for others' | 'active';
  /** The snapshot shows the relation that queries read now, with the same file behind it. */
  readonly isSettled: boolean;
  readonly structure: string;
}

/** Recursive: views of views, partitions of partitions. What stands behind a materialized view is not read with it. */
const MEMBERS = `
WITH RECURSIVE behind(oid, above, way) AS (
  SELECT pg_catalog.to_regclass($1)::oid, NULL::oid, 'part'
  UNION
  SELECT x.oid, b.oid, x.way FROM behind b CROSS JOIN LATERAL (
    SELECT i.inhrelid, 'child' FROM pg_catalog.pg_inherits i WHERE i.inhparent = b.oid AND NOT i.inhdetachpending
    UNION ALL
    SELECT d.refobjid, 'view'
    FROM pg_catalog.pg_class v
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> v.oid
    WHERE v.oid = b.oid AND v.relkind = 'v'
  ) AS x(oid, way)
)
SELECT b.oid::text, b.above::text, b.way, c.relkind::text, n.nspname::text, c.relname::text
FROM behind b JOIN pg_catalog.pg_class c ON c.oid = b.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

/** `written`: the part's name as a query writes it. Empty where the snapshot does not show it. */
export async function membersOf(ask: Ask, written: string): Promise<readonly Member[]> {
  const rows = await ask(MEMBERS, [written]);
  return rows.map(([oid, above, way, kind, schema, name]) => ({
    oid: oid ?? '',
    above: above ?? null,
    way: way === 'view' || way === 'child' ? way : 'part',
    kind: kind ?? '',
    schema: schema ?? '',
    name: name ?? '',
  }));
}

/** Types of a relation `c`'s columns; of a view also those that its definition names, and that functions it calls give. */
const TYPES_OF_RELATION = `
  SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
  UNION
  SELECT coalesce(f.prorettype, d.refobjid) FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
    AND d.refclassid IN ('pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass)
  LEFT JOIN pg_catalog.pg_proc f ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.refobjid
  WHERE r.ev_class = c.oid AND c.relkind = 'v'`;

/** used(id): those of the types that `seed` gives which somebody made, and what they are made of. */
const ownTypes = (seed: string): string => `
WITH RECURSIVE used(id) AS (
  SELECT s.id FROM (${seed}) AS s(id) WHERE s.id >= 16384
  UNION
  SELECT x.id FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.id CROSS JOIN LATERAL (
    SELECT t.typelem UNION ALL SELECT t.typbasetype
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0
  ) AS x(id) WHERE x.id >= 16384
)`;

/** $1: oids of relations. used(id): types whose definition is in the digest of one of them. */
export const TYPES_BEHIND = ownTypes(`
  SELECT x.id FROM pg_catalog.pg_class c CROSS JOIN LATERAL (
    SELECT c.reltype UNION ${TYPES_OF_RELATION}
  ) AS x(id) WHERE c.oid = ANY ($1::pg_catalog.oid[])`);

/**
 * Lines that a relation's digest is made of, each beginning with what it is about. Row security that was switched on
 * between the snapshot and our lock filters what a view reads, and the snapshot shows it off: where there are policies,
 * the switch has left its transaction in pg_class.
 */
const LINES = `
SELECT pg_catalog.concat_ws(' ', 'column', a.attnum, a.xmin, a.atttypid, a.atttypmod, a.attisdropped, a.attname)
FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
UNION ALL
SELECT pg_catalog.concat_ws(' ', 'generated', d.adnum, d.xmin)
FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE d.adrelid = c.oid AND a.attgenerated <> ''
UNION ALL
SELECT pg_catalog.concat_ws(' ', 'rule', r.oid, r.xmin, pg_catalog.hashtextextended(r.ev_action::text COLLATE "C", 0))
FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND c.relkind = 'v'
UNION ALL
SELECT pg_catalog.concat_ws(' ', 'security', c.xmin)
WHERE EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
UNION ALL
SELECT * FROM (${ownTypes(TYPES_OF_RELATION)}
  SELECT pg_catalog.concat_ws(' ', 'type', t.oid, t.xmin) FROM used u JOIN pg_catalog.pg_type t ON t.oid = u.id
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'label', e.oid, e.xmin, e.enumsortorder, e.enumlabel)
  FROM used u JOIN pg_catalog.pg_enum e ON e.enumtypid = u.id
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'field', a.attrelid, a.attnum, a.xmin) FROM used u
  JOIN pg_catalog.pg_type t ON t.oid = u.id JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
) types`;

/**
 * TRUNCATE, VACUUM FULL, a refresh and ALTER TABLE put another file in place of a table's, for every snapshot at once: one
 * that was taken before finds the new file empty, or full of rows that it should not see. pg_class is read as the
 * snapshot shows it, pg_relation_filenode and to_regclass by the newest catalogue, so a difference tells. The plans
 * that were made before hold locks to the end of the transaction, so there can be none later.
 */
const FACTS = `
SELECT w.schema, w.name, c.oid::text, c.relkind::text, (c.relpersistence = 't')::text, m.amname::text,
  (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))::text,
  CASE WHEN pg_catalog.row_security_active(c.oid) THEN 'active' WHEN c.relrowsecurity THEN 'for others' ELSE 'none' END,
  ((c.relfilenode = 0 OR c.relfilenode = pg_catalog.pg_relation_filenode(c.oid)) AND (
    NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    OR pg_catalog.to_regclass(pg_catalog.format('%I.%I', w.schema, w.name))::oid = c.oid))::text,
  (SELECT pg_catalog.to_hex(pg_catalog.hashtextextended(
    pg_catalog.string_agg(s.line, E'\\n' ORDER BY s.line COLLATE "C") COLLATE "C", 0)) FROM (${LINES}) AS s(line))
FROM pg_catalog.json_to_recordset($1::json) AS w(schema text, name text)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam AND c.relkind IN ('r', 'm')`;

/** By `qualified` name. `names` were planned in this transaction, so they are locked. */
export async function factsOf(ask: Ask, names: readonly RelationName[]): Promise<ReadonlyMap<string, RelationFacts>> {
  const wanted = new Map(names.map(({ schema, name }) => [qualified({ schema, name }), { schema, name }]));
  const rows = wanted.size === 0 ? [] : await ask(FACTS, [JSON.stringify([...wanted.values()])]);
  return new Map(
    rows.map(([schema, name, oid, kind, temporary, method, readable, security, settled, structure]) => {
      const relation = { schema: schema ?? '', name: name ?? '' };
      return [
        qualified(relation),
        {
          ...relation,
          oid: oid ?? '',
          kind: kind ?? '',
          isTemporary: temporary === 'true',
          accessMethod: method ?? null,
          isReadable: readable === 'true',
          rowSecurity: security === 'active' || security === 'for others' ? security : 'none',
          isSettled: settled === 'true',
          structure: structure ?? '',
        },
      ];
    }),
  );
}
