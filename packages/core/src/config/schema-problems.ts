/** Words for what the schema found: zod's issues become problems that say what to write. */
import type * as z from 'zod';
import { SOURCE_KINDS } from '../model/request.ts';
import { didYouMean } from './did-you-mean.ts';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { hintOf, kindMeant } from './key-hints.ts';
import type { Problems, YamlPath } from './problems.ts';

export interface IssueContext {
  readonly problems: Problems;
  readonly raw: unknown;
  /** Whether the complaint is about a value whose reference had no value, which was told already. */
  isUnresolved(path: YamlPath): boolean;
}

export function addSchemaProblems(issues: readonly z.core.$ZodIssue[], context: IssueContext): void {
  for (const issue of issues) addIssue(issue, issue.path.map(yamlPart), context);
}

function addIssue(issue: z.core.$ZodIssue, path: YamlPath, context: IssueContext): void {
  const { problems } = context;
  if (context.isUnresolved(path)) return;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeysAt(path, context.raw);
      const kind = valueAt(context.raw, [...path, 'kind']);
      for (const key of issue.keys) problems.addForKey([...path, key], unknownKey(key, { known, kind }));
      return;
    }
    case 'invalid_key':
      problems.addForKey(path, 'is not a name; write lower-case letters, digits and _, starting with a letter');
      return;
    case 'invalid_union':
      addUnionIssue(issue, path, context);
      return;
    default:
      problems.add(path, issue.message);
  }
}

function unknownKey(
  key: string,
  { known, kind }: { readonly known: readonly string[]; readonly kind: unknown },
): string {
  const hint = hintOf(key, kind);
  return `is not known here${hint === null ? didYouMean(key, known) : `: ${hint}`}; known: ${known.join(', ')}`;
}

/** Of a union, the branch for mappings is meant where a mapping was written. */
function addUnionIssue(issue: z.core.$ZodIssueInvalidUnion, path: YamlPath, context: IssueContext): void {
  const raw = valueAt(context.raw, path);
  const branch = isMapping(raw) ? issue.errors.find((issues) => !issues.some(refusesWhole)) : undefined;
  if (branch !== undefined) {
    for (const inner of branch) addIssue(inner, [...path, ...inner.path.map(yamlPart)], context);
    return;
  }
  if (path.at(-1) === 'kind') {
    context.problems.add(path, problemOfKind(raw));
    return;
  }
  context.problems.add(path, issue.message);
}

function problemOfKind(raw: unknown): string {
  const kinds = SOURCE_KINDS.join(', ');
  if (raw === undefined) return `is missing; write one of ${kinds}`;
  const meant = kindMeant(raw);
  const suggestion = meant === null ? didYouMean(String(raw), SOURCE_KINDS) : ` (did you mean "${meant}"?)`;
  return `is not a kind of source${suggestion}; known: ${kinds}`;
}

function refusesWhole({ path, code }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

/** The keys that a mapping at that path may have, read off the JSON Schema. `root`: the whole configuration. */
export function knownKeysAt(path: YamlPath, root: unknown): readonly string[] {
  let schemas = meant([configJsonSchema()], root);
  for (const [depth, part] of path.entries()) {
    const members = schemas.flatMap((schema) => [
      memberOf(schema, 'properties', String(part))
        ?? asSchema(schema['additionalProperties'])
        ?? asSchema(schema['items']),
    ]);
    schemas = meant(
      members.filter((schema) => schema !== null),
      valueAt(root, path.slice(0, depth + 1)),
    );
  }
  return [...new Set(schemas.flatMap((schema) => Object.keys(schema['properties'] ?? {})))];
}

/** Of several kinds of mapping, those whose fixed values (`kind: file`) are the ones written. */
function meant(schemas: readonly JsonSchema[], value: unknown): readonly JsonSchema[] {
  const branches = schemas.flatMap(alternatives);
  const fitting = branches.filter((schema) =>
    Object.entries(schema['properties'] ?? {}).every(([name, member]) => {
      const fixed = asSchema(member)?.['const'];
      return fixed === undefined || valueAt(value, [name]) === fixed;
    }),
  );
  return fitting.length > 0 ? fitting : branches;
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const branches = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(branches) ? branches.map(asSchema).filter((branch) => branch !== null) : [schema];
}

function memberOf(schema: JsonSchema, name: string, part: string): JsonSchema | null {
  const members = asSchema(schema[name]);
  return members !== null && Object.hasOwn(members, part) ? asSchema(members[part]) : null;
}

function asSchema(value: unknown): JsonSchema | null {
  return isMapping(value) ? value : null;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(value: unknown, path: YamlPath): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)];
    return isMapping(at) && Object.hasOwn(at, String(part)) ? at[String(part)] : undefined;
  }, value);
}

function yamlPart(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}
