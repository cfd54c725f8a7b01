/**
 * Binds of undeclared statements: JSON values become typed values in canonical text (I1). The type is part of the key: the
 * text '7' and the number 7 compare differently in a database. No message ever repeats a value.
 */
import { PARAM_TYPES, type ParamType, type TypedValue } from '../model/request.ts';
import type { Statement } from '../sql/statement.ts';
import { didYouMean } from './did-you-mean.ts';
import { readValue } from './param-values.ts';
import { hasNames, moreThanTold, quoted, told, type RequestProblem } from './request-parts.ts';
import { foldCase } from './sql-names.ts';

/** By name, or in the order in which the placeholders first occur. */
export type RawBinds = Readonly<Record<string, unknown>> | readonly unknown[];

export type Binds = Readonly<Record<string, TypedValue>>;

export function readBinds(statement: Statement, raw: RawBinds | undefined, problems: RequestProblem[]): Binds {
  const given = isList(raw) ? byPosition(statement, raw, problems) : byName(statement, raw ?? {}, problems);
  const binds: [string, TypedValue][] = [];
  for (const [placeholder, { name, value }] of given) {
    const bind = readBind(name, value, problems);
    if (bind !== null) binds.push([placeholder, bind]);
  }
  return sortedBinds(binds);
}

/** Equal binds are one value, whatever their order was. */
export function sortedBinds(binds: readonly (readonly [string, TypedValue])[]): Binds {
  return Object.fromEntries(binds.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

interface Given {
  /** As the caller knows it, for messages. */
  readonly name: string;
  readonly value: unknown;
}

function byPosition(
  { placeholders, repeatsPlaceholders }: Statement,
  raw: readonly unknown[],
  problems: RequestProblem[],
): ReadonlyMap<string, Given> {
  if (repeatsPlaceholders) {
    problems.push({
      name: 'binds',
      message: 'may not be a list where a placeholder occurs twice; bind by name: {"since": …}',
    });
  } else if (raw.length !== placeholders.length) {
    problems.push({
      name: 'binds',
      message: `has ${raw.length} values, but the statement has ${placeholders.length} placeholders`,
    });
  } else {
    return new Map(placeholders.map((placeholder, at) => [placeholder, { name: `binds[${at}]`, value: raw[at] }]));
  }
  return new Map();
}

function byName(
  { placeholders }: Statement,
  raw: Readonly<Record<string, unknown>>,
  problems: RequestProblem[],
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  const known = new Set(placeholders);
  const unknown: string[] = [];
  const twice: RequestProblem[] = [];
  for (const [name, value] of Object.entries(raw)) {
    const folded = foldCase(name);
    if (!known.has(folded)) {
      unknown.push(name);
    } else if (given.has(folded)) {
      twice.push({ name: 'binds', message: `has :${folded} twice, in other letters; give it once` });
    } else {
      given.set(folded, { name: `binds.${name}`, value });
    }
  }
  const names = hasNames(placeholders.map((name) => `:${name}`));
  for (const name of told(unknown))
    problems.push({
      name: 'binds',
      message: `has ${quoted(name)}, which is no placeholder of the statement${didYouMean(foldCase(name), placeholders)}; ${names}`,
    });
  const more = moreThanTold(unknown);
  if (more !== null) problems.push({ name: 'binds', message: `has ${more} more that are no placeholders` });
  problems.push(...told(twice));
  for (const placeholder of placeholders)
    if (!given.has(placeholder))
      problems.push({ name: 'binds', message: `has no value for :${placeholder}; null is SQL NULL` });
  return given;
}

function readBind(name: string, raw: unknown, problems: RequestProblem[]): TypedValue | null {
  const typed = typeOf(raw);
  if (typed === null) {
    problems.push({
      name,
      message: `must be a text, number, boolean or null, or {"type": …, "value": …} with one of ${PARAM_TYPES.join(', ')}`,
    });
    return null;
  }
  const { type, value } = typed;
  if (value === null) return { type, value: null };
  const reading = readValue(type, value);
  if (reading.ok) return { type, value: reading.text };
  problems.push({ name, message: `must be ${reading.expected}` });
  return null;
}

function typeOf(raw: unknown): { readonly type: ParamType; readonly value: unknown } | null {
  switch (typeof raw) {
    case 'string':
      return { type: 'string', value: raw };
    case 'boolean':
      return { type: 'boolean', value: raw };
    case 'number':
      return { type: Number.isInteger(raw) ? 'integer' : 'number', value: raw };
    case 'object':
      return raw === null ? { type: 'string', value: null } : declaredType(raw);
    default:
      return null;
  }
}

function declaredType(raw: object): { readonly type: ParamType; readonly value: unknown } | null {
  if (Array.isArray(raw) || Object.keys(raw).some((key) => key !== 'type' && key !== 'value')) return null;
  const type = 'type' in raw ? PARAM_TYPES.find((known) => known === raw.type) : undefined;
  return type === undefined || !('value' in raw) ? null : { type, value: raw.value };
}

function isList(raw: RawBinds | undefined): raw is readonly unknown[] {
  return Array.isArray(raw);
}
