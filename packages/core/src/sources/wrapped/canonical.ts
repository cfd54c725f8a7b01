/**
 * Arguments and version tokens of wrapped functions → JSON of one spelling per value (I1): equal values give equal
 * text, unequal ones unequal text. What JSON cannot tell apart is written as an object of one member whose name begins
 * with `$`; names of the application's own that begin so get another `$`, so that nothing can pass for something else.
 */
import type { Json } from '../../model/canonical-json.ts';
import { ParqueueError } from '../../model/errors.ts';

/** Deeper values are nearly always rings or whole object graphs passed by mistake. */
const DEPTH_MAX = 32;

/**
 * @param what how errors name the value, such as `argument 2 of wrapped function prices`
 * @throws ParqueueError PQ_INVALID_REQUEST where the value has no canonical form
 */
export function canonicalValue(value: unknown, what: string, depth = 0): Json {
  if (depth > DEPTH_MAX) throw refused(what, `is nested more than ${DEPTH_MAX} deep, or holds itself`);
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      if (!value.isWellFormed()) throw refused(what, 'holds half a surrogate pair');
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'object':
      return value === null ? null : canonicalObject(value, what, depth);
    default:
      throw refused(what, `is a ${typeof value}`);
  }
}

function canonicalObject(value: object, what: string, depth: number): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A subclass, or a member set on it, may mean more than the instant or the items: a time zone, a unit.
  if (prototype === Date.prototype) {
    const date = value as Date;
    if (Number.isNaN(date.getTime())) throw refused(what, 'is an invalid Date');
    if (Object.keys(date).length > 0) throw refused(what, 'is a Date that has members of its own');
    return { $date: date.toISOString() };
  }
  if (prototype === Array.prototype) {
    const items = value as readonly unknown[];
    // Members that are no items come last.
    const last = Object.keys(items).at(-1);
    if (last !== undefined && !(Number(last) < items.length))
      throw refused(what, 'is an array that has members beside its items');
    return Array.from(items, (item) => canonicalValue(item, what, depth + 1));
  }
  if (value instanceof AbortSignal) {
    throw refused(
      what,
      'is an AbortSignal, which a load may not depend on: use currentLoad().signal inside the function',
    );
  }
  if (prototype !== Object.prototype && prototype !== null)
    throw refused(what, `is an object of class ${className(value)}`);
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(what, 'has members named by symbols');
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (!name.isWellFormed()) throw refused(what, 'has a member whose name holds half a surrogate pair');
      return [name.startsWith('$') ? `$${name}` : name, canonicalValue(member, what, depth + 1)];
    }),
  );
}

/** Arguments that are left out and those given as undefined are the same call. */
export function canonicalArguments(args: readonly unknown[], name: string): Json {
  const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
  return given.map((arg, at) => canonicalValue(arg, `argument ${at + 1} of wrapped function ${name}`));
}

function className(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'its own';
}

function refused(what: string, why: string): ParqueueError {
  return new ParqueueError(
    'PQ_INVALID_REQUEST',
    `${what} ${why}, so it cannot be part of a key: pass plain values (text, numbers, booleans, null, bigint, Date, `
      + 'arrays and objects of them), or give `key` a function that makes such a value of the arguments',
  );
}
