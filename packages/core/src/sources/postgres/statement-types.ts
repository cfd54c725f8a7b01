/**
 * Types of somebody's own that a statement names: labels of an enum, attributes of a composite type, the digits of a
 * domain may change while no table does. Those of the tables and views behind the statement are in their versions
 * (structure.ts); of any other there is no version, and so none of the statement. Those of an extension change with the
 * extension only, as built-in ones do with the server.
 */
import { tokenize, type Token } from '../../sql/index.ts';
import { untrackable } from '../sql/untrackable.ts';
import { nameOf } from './functions.ts';
import type { Ask } from './relations.ts';
import { TYPES_BEHIND, type RelationFacts } from './structure.ts';

export interface TypeName {
  /** null: the source's, unless the catalogue has one of that name. */
  readonly schema: string | null;
  readonly name: string;
  /** Before a parenthesis: `mood('sad')` converts, but for tables, whose names are those of their rows' types. */
  readonly called: boolean;
}

const STRANGERS = `
${TYPES_BEHIND}
SELECT pg_catalog.format('%I.%I', n.nspname, t.typname)
FROM pg_catalog.json_to_recordset($2::json) AS w(schema text, name text, called boolean)
JOIN pg_catalog.pg_type t ON t.typname = w.name AND t.oid >= 16384 AND NOT (w.called AND t.typtype = 'c')
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace AND n.nspname = coalesce(w.schema, $3)
WHERE NOT EXISTS (SELECT FROM used u WHERE u.id IN (t.oid, t.typelem))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::regclass
      AND d.objid IN (t.oid, t.typelem) AND d.deptype = 'e')
  AND NOT (w.schema IS NULL AND EXISTS (
    SELECT FROM pg_catalog.pg_type b WHERE b.typname = w.name AND b.typnamespace = 'pg_catalog'::regnamespace))
LIMIT 1`;

/** `behind`: every relation behind the statement's parts. @throws ParqueueError PQ_UNTRACKABLE naming the type */
export async function refuseTypes(
  ask: Ask,
  { text, schema }: { readonly text: string; readonly schema: string },
  behind: Iterable<RelationFacts>,
): Promise<void> {
  const types = typesNamed(text);
  if (types.length === 0) return;
  const oids = `{${[...behind].map(({ oid }) => oid).join(',')}}`;
  const [found] = await ask(STRANGERS, [oids, JSON.stringify(types), schema]);
  if (found === undefined) return;
  throw untrackable(
    { label: 'the statement' },
    `it names the type ${found[0] ?? ''}, which may get another definition while its tables stay as they are`,
    'name it in a view, whose version has the definition',
  );
}

/** What may stand before a name in parentheses without making a type of it. */
const NO_COLUMNS = new Set(['SELECT', 'DISTINCT', 'ALL', 'NOT', 'CASE', 'LATERAL', 'ONLY', 'TABLE']);

/** By where they stand; a few that are none may be among them, which matters only where there is a type of that name. */
export function typesNamed(statement: string): readonly TypeName[] {
  const tokens = tokenize(statement, 'postgres').filter(({ kind }) => kind !== 'hint');
  const types: TypeName[] = [];
  for (const [i, token] of tokens.entries()) {
    const name = nameOf(token);
    const after = tokens[i + 1];
    if (name === null || after?.text === '.') continue;
    const qualifier = tokens[i - 1]?.text === '.' ? tokens[i - 2] : undefined;
    const first = qualifier === undefined ? i : i - 2;
    const called = after?.text === '(';
    if (!called && after?.kind !== 'string' && !isCast(tokens, first, after) && !isColumn(tokens, first)) continue;
    const isCalled = called && tokens[first - 1]?.text !== '::';
    types.push({ schema: qualifier === undefined ? null : nameOf(qualifier), name, called: isCalled });
  }
  return types;
}

/** `x::mood`, CAST(x AS mood). */
function isCast(tokens: readonly Token[], first: number, after: Token | undefined): boolean {
  const before = tokens[first - 1];
  if (before?.text === '::') return true;
  return isWord(before, 'AS') && (after?.text === ')' || after?.text === '[' || isWord(after, 'ARRAY'));
}

/** AS x(a mood, b mood), XMLTABLE(… COLUMNS a mood PATH …). */
function isColumn(tokens: readonly Token[], first: number): boolean {
  const [begin, column] = [tokens[first - 2], tokens[first - 1]];
  if (column === undefined || nameOf(column) === null) return false;
  if (column.kind === 'word' && NO_COLUMNS.has(column.text.toUpperCase())) return false;
  return begin?.text === '(' || begin?.text === ',' || isWord(begin, 'COLUMNS');
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}
