/**
 * Arguments as they are when a call is made. Its key is made and its function run some time after that, and the caller
 * may change an array or object meanwhile: the rows of one question would be filed under the key of another.
 */

/** As deep as a key may be (core's canonical.ts); what is deeper is refused there. */
const DEPTH_MAX = 32;

/** Copies what keys are made of; anything else is given on as it is, for core to refuse it by name. */
export function plainCopy(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return value;
  if (Object.getOwnPropertySymbols(value).length > 0) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return copyOfArray(value as readonly unknown[], depth);
  if (prototype === Date.prototype) return Object.keys(value).length > 0 ? value : new Date((value as Date).getTime());
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainCopy(member, depth + 1)]));
}

function copyOfArray(items: readonly unknown[], depth: number): readonly unknown[] {
  // Members that are no items come last.
  const last = Object.keys(items).at(-1);
  const hasItemsOnly = last === undefined || Number(last) < items.length;
  return hasItemsOnly ? Array.from(items, (item) => plainCopy(item, depth + 1)) : items;
}
