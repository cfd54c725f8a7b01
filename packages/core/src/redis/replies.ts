/** From Redis's strings to the words of the model. A field that is missing where it must be is a defect: assert. */
import { assertInvariant } from '../model/errors.ts';
import type { Consistency, Head } from '../model/generation.ts';
import type { LeaseHolder } from '../ports/coordination.ts';
import type { Marker } from '../ports/epochs.ts';

export function asArray(reply: unknown): readonly unknown[] {
  assertInvariant(Array.isArray(reply), 'a script that returns a list returned none');
  return reply;
}

/** @returns null for a nil reply. */
export function asNumberOrNull(reply: unknown): number | null {
  if (reply === null || reply === undefined) return null;
  const number = Number(reply);
  assertInvariant(Number.isSafeInteger(number), `a script returned ${String(reply)} for a whole number`);
  return number;
}

export function asNumber(reply: unknown): number {
  const number = asNumberOrNull(reply);
  assertInvariant(number !== null, 'a script returned nil for a number');
  return number;
}

/** A flat list of fields and values, as HGETALL gives inside scripts. */
export function fieldsOf(flat: unknown): Readonly<Record<string, string>> {
  const list = asArray(flat);
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) fields[String(list[i])] = String(list[i + 1]);
  return fields;
}

/** @returns null where the hash does not exist. */
export function headOf(fields: Readonly<Record<string, string>>): Head | null {
  if (fields['fence'] === undefined) return null;
  return {
    fence: asNumber(fields['fence']),
    fillId: text(fields, 'fillId'),
    version: text(fields, 'version'),
    sha256: text(fields, 'sha256'),
    bytes: asNumber(fields['bytes']),
    rows: asNumber(fields['rows']),
    // Written by commit and reconcile alone, from values of this type.
    consistency: text(fields, 'consistency') as Consistency,
    source: text(fields, 'source'),
    dataset: text(fields, 'dataset') === '' ? null : text(fields, 'dataset'),
    verified: asNumber(fields['verified']),
    verifiedAtMs: asNumber(fields['verifiedAt']),
    committedAtMs: asNumber(fields['committedAt']),
    damaged: fields['damaged'] ?? null,
  };
}

/** @returns null for the empty list that stands for no lease. */
export function leaseHolderOf(reply: unknown): LeaseHolder | null {
  const [fence, fillId, holder, expiresAt] = asArray(reply);
  if (fence === undefined) return null;
  return { fence: asNumber(fence), fillId: String(fillId), holder: String(holder), expiresAtMs: asNumber(expiresAt) };
}

export function markerOf(fields: Readonly<Record<string, string>>): Marker | null {
  if (fields['epoch'] === undefined) return null;
  return {
    epoch: asNumber(fields['epoch']),
    runId: text(fields, 'runId'),
    incarnation: text(fields, 'incarnation'),
    storeId: text(fields, 'storeId'),
  };
}

export function text(fields: Readonly<Record<string, string>>, name: string): string {
  const value = fields[name];
  assertInvariant(value !== undefined, `a hash in Redis lacks its field ${name}`);
  return value;
}
