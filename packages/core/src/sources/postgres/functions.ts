/**
 * Functions of somebody's own. One that is not IMMUTABLE may read tables, the clock, or another server, so what calls it
 * has no version; of an IMMUTABLE one the owner has promised that its arguments are all it depends on. Of a view the
 * catalogue knows every function, operator and cast; of a statement only names are known, and every function that such
 * a name can mean counts, since an overload of a built-in name in the schema may be the one that is called.
 */
import type { ParqueueError } from '../../model/errors.ts';
import { isParqueueError } from '../../model/errors.ts';
import { readStatement, tellObstacles, tokenize, type FunctionCall, type Token } from '../../sql/index.ts';
import { untrackable } from '../sql/untrackable.ts';
import { named, type Ask, type Labelled, type RelationName } from './relations.ts';

const NOT_OURS = `('pg_catalog', 'information_schema')`;

/** Not IMMUTABLE, or an aggregate (which always is) of a function that is not. */
const IS_LOOSE = `(f.provolatile <> 'i' OR EXISTS (
  SELECT FROM pg_catalog.pg_aggregate g
  JOIN pg_catalog.pg_proc s ON s.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggmtransfn, g.aggmfinalfn)
  JOIN pg_catalog.pg_namespace sn ON sn.oid = s.pronamespace
  WHERE g.aggfnoid = f.oid AND s.provolatile <> 'i' AND sn.nspname NOT IN ${NOT_OURS}))`;

export interface ViewName extends RelationName {
  readonly oid: string;
}

const OF_VIEWS = `
WITH used AS (
  SELECT DISTINCT r.ev_class, coalesce(o.oprcode, d.refobjid) AS id
  FROM pg_catalog.json_array_elements_text($1::json) AS v(id)
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.id::oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
    AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
  LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
)
SELECT u.ev_class::text, pg_catalog.format('%I.%I()', n.nspname, f.proname), ${IS_LOOSE}::text, f.oid::text || ' ' || f.xmin::text
FROM used u JOIN pg_catalog.pg_proc f ON f.oid = u.id JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname NOT IN ${NOT_OURS} ORDER BY 4`;

/**
 * Lines for the digest of a part that these views are behind: the definitions of the functions they call.
 * @throws ParqueueError PQ_UNTRACKABLE
 */
export async function functionsOfViews(
  ask: Ask,
  part: Labelled,
  views: readonly ViewName[],
): Promise<readonly string[]> {
  if (views.length === 0) return [];
  const rows = await ask(OF_VIEWS, [JSON.stringify(views.map(({ oid }) => oid))]);
  const loose = rows.find((row) => row[2] === 'true');
  if (loose !== undefined) {
    const view = views.find(({ oid }) => oid === loose[0]);
    throw untrackable(
      part,
      `${view === undefined ? 'a view' : `the view ${named(view)}`} calls ${whyLoose(loose[1] ?? '')}`,
    );
  }
  return rows.map((row) => `function ${row[3] ?? ''}`);
}

/** Relations of the catalogue among those that views name: what they show changes without a trace. */
const OF_CATALOGUE = `
SELECT coalesce(w.schema, 'pg_catalog'), w.name FROM pg_catalog.json_to_recordset($1::json) AS w(schema text, name text)
WHERE pg_catalog.to_regclass(pg_catalog.format('%I.%I', coalesce(w.schema, 'pg_catalog'), w.name)) IS NOT NULL
  AND coalesce(w.schema, 'pg_catalog') IN ${NOT_OURS} LIMIT 1`;

const DEFINITIONS = `
SELECT v.id, pg_catalog.pg_get_viewdef(v.id::oid) FROM pg_catalog.json_array_elements_text($1::json) AS v(id)`;

/** Built-in functions in the texts of views, and the catalogue. @throws ParqueueError PQ_UNTRACKABLE */
export async function refuseDefinitions(ask: Ask, part: Labelled, views: readonly ViewName[]): Promise<void> {
  if (views.length === 0) return;
  const texts = await ask(DEFINITIONS, [JSON.stringify(views.map(({ oid }) => oid))]);
  const named = new Map<string, { readonly schema: string | null; readonly name: string }>();
  for (const view of views) {
    const text = texts.find(([oid]) => oid === view.oid)?.[1] ?? '';
    for (const { schema, name } of readsOf(part, view, text)) named.set(`${schema ?? ''}.${name}`, { schema, name });
  }
  const [found] = await ask(OF_CATALOGUE, [JSON.stringify([...named.values()])]);
  if (found !== undefined) throw ofCatalogue(part, { schema: found[0] ?? '', name: found[1] ?? '' });
}

export function ofCatalogue(part: Labelled, { schema, name }: RelationName): ParqueueError {
  return untrackable(
    part,
    `${named({ schema, name })} belongs to the server's own catalogue, whose rows have no version`,
  );
}

function readsOf(part: Labelled, view: ViewName, text: string): ReturnType<typeof readStatement>['reads'] {
  try {
    const { reads, obstacles } = readStatement(text.trim().replace(/;$/, ''), 'postgres');
    if (obstacles.length === 0) return reads;
    throw untrackable(part, `the view ${named(view)} uses ${tellObstacles(obstacles)}`);
  } catch (error) {
    if (!isParqueueError(error) || error.code === 'PQ_UNTRACKABLE') throw error;
    throw untrackable(part, `the definition of the view ${named(view)} cannot be analysed: ${error.message}`);
  }
}

/** What a statement's names and operators can mean. */
export interface Words {
  /** Before a parenthesis. */
  readonly called: readonly string[];
  /** After a dot: `t.rate` calls rate(t) where t has no such column. */
  readonly selected: readonly string[];
  /** Before a dot: schemas, among others. */
  readonly qualifiers: readonly string[];
  readonly operators: readonly string[];
}

/**
 * An operator counts where its function is written in a procedural language or SQL. Those of extensions, in C, are often
 * STABLE for a setting's sake (`%` of pg_trgm), and a statement that divides must not suffer for them.
 */
const OF_STATEMENT = `
WITH w AS (SELECT $1::json AS words), schemas AS (
  SELECT n.oid, n.nspname FROM w, pg_catalog.pg_namespace n
  WHERE n.nspname NOT IN ${NOT_OURS}
    AND n.nspname IN (SELECT pg_catalog.json_array_elements_text(w.words->'qualifiers'))
)
SELECT pg_catalog.format('%I.%I()', n.nspname, f.proname)
FROM w, schemas n JOIN pg_catalog.pg_proc f ON f.pronamespace = n.oid
WHERE f.prokind <> 'p' AND ${IS_LOOSE} AND (
  f.proname IN (SELECT pg_catalog.json_array_elements_text(w.words->'called'))
  OR (f.pronargs = 1 AND f.proname IN (SELECT pg_catalog.json_array_elements_text(w.words->'selected'))
    AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = f.proargtypes[0] AND t.typtype IN ('c', 'p'))))
UNION ALL
SELECT pg_catalog.format('%I.%I() by the operator %s', fn.nspname, f.proname, o.oprname)
FROM w, schemas n JOIN pg_catalog.pg_operator o ON o.oprnamespace = n.oid
JOIN pg_catalog.pg_proc f ON f.oid = o.oprcode JOIN pg_catalog.pg_language l ON l.oid = f.prolang
JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
WHERE o.oprname IN (SELECT pg_catalog.json_array_elements_text(w.words->'operators'))
  AND l.lanname NOT IN ('c', 'internal') AND fn.nspname NOT IN ${NOT_OURS} AND ${IS_LOOSE}
LIMIT 1`;

/** @throws ParqueueError PQ_UNTRACKABLE naming the function */
export async function refuseFunctions(ask: Ask, statement: string, schema: string): Promise<void> {
  const words = wordsOf(statement);
  const [found] = await ask(OF_STATEMENT, [JSON.stringify({ ...words, qualifiers: [schema, ...words.qualifiers] })]);
  if (found !== undefined) throw untrackable(THE_STATEMENT, `it may call ${whyLoose(found[0] ?? '')}`);
}

/**
 * What the names that our reader does not know can mean: in pg_catalog those of a server newer than our list, elsewhere
 * somebody's own. The latter may be redefined while no table changes, IMMUTABLE or not; those of an extension change with
 * the extension only, as built-in ones do with the server.
 */
const UNKNOWN_CALLS = `
SELECT pg_catalog.format('%I.%I()', n.nspname, f.proname), ${IS_LOOSE}::text
FROM pg_catalog.json_to_recordset($1::json) AS w(schema text, name text)
JOIN pg_catalog.pg_proc f ON f.proname = w.name
JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
  AND (n.nspname = w.schema OR (w.schema IS NULL AND n.nspname IN ('pg_catalog', $2)))
WHERE f.prokind <> 'p' AND (${IS_LOOSE} OR (n.nspname NOT IN ${NOT_OURS} AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')))
ORDER BY 2 DESC LIMIT 1`;

/** @throws ParqueueError PQ_UNTRACKABLE naming the function */
export async function refuseUnknownCalls(ask: Ask, calls: readonly FunctionCall[], schema: string): Promise<void> {
  const unknown = calls.filter(({ isKnown }) => !isKnown);
  if (unknown.length === 0) return;
  const [found] = await ask(UNKNOWN_CALLS, [JSON.stringify(unknown), schema]);
  if (found === undefined) return;
  const [name = '', loose] = found;
  if (loose === 'true') throw untrackable(THE_STATEMENT, `it may call ${whyLoose(name ?? '')}`);
  throw untrackable(
    THE_STATEMENT,
    `it calls ${name}, which may be replaced by another definition while its tables stay as they are`,
    'call it in a view, whose version has the definition',
  );
}

const THE_STATEMENT: Labelled = { label: 'the statement' };

/** Functions that a plan reads rows from. @throws ParqueueError PQ_UNTRACKABLE */
export async function refuseRowFunctions(ask: Ask, of: Labelled, functions: readonly RelationName[]): Promise<void> {
  const own = functions.filter(({ schema }) => schema !== 'pg_catalog');
  if (own.length === 0) return;
  const [found] = await ask(
    `SELECT pg_catalog.format('%I.%I()', n.nspname, f.proname)
    FROM pg_catalog.json_to_recordset($1::json) AS w(schema text, name text)
    JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
    JOIN pg_catalog.pg_proc f ON f.pronamespace = n.oid AND f.proname = w.name WHERE ${IS_LOOSE} LIMIT 1`,
    [JSON.stringify(own)],
  );
  if (found !== undefined) throw untrackable(of, `it calls ${whyLoose(found[0] ?? '')}`);
}

function whyLoose(named: string): string {
  return `${named}, which is not IMMUTABLE and may read anything`;
}

export function wordsOf(statement: string): Words {
  const words = {
    called: new Set<string>(),
    selected: new Set<string>(),
    qualifiers: new Set<string>(),
    operators: new Set<string>(),
  };
  const tokens = tokenize(statement, 'postgres').filter(({ kind }) => kind !== 'hint');
  for (const [i, token] of tokens.entries()) {
    const name = nameOf(token);
    if (name === null) {
      if (token.kind === 'operator') words.operators.add(token.text);
      continue;
    }
    const [before, after] = [tokens[i - 1]?.text, tokens[i + 1]?.text];
    if (after === '(') words.called.add(name);
    if (after === '.') words.qualifiers.add(name);
    if (before === '.') words.selected.add(name);
  }
  return {
    called: [...words.called],
    selected: [...words.selected],
    qualifiers: [...words.qualifiers],
    operators: [...words.operators],
  };
}

/** As the catalogue spells it; null for what is no name. */
export function nameOf({ kind, text }: Token): string | null {
  if (kind === 'word') return text.toLowerCase();
  return kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : null;
}
