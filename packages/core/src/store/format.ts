/**
 * The identity of a store and the version of its format, both in `parqueue.json`. Two numbers tell what a release may do
 * with a store (ADR 0034): `storeFormat`, in which it is written, and `needs`, the lowest format a release has to
 * understand to use it. A step that only adds something leaves `needs` alone, so that releases of before and after it
 * may work side by side, and an upgrade can be taken back.
 */
import * as z from 'zod';
import { ParqueueError } from '../model/errors.ts';
import type { Disk } from './disk.ts';
import { IDENTITY_FILE } from './layout.ts';

/** What this release writes. A higher one needs a step in migrations.ts that leads to it. */
export const STORE_FORMAT = 2;
/** What a new store asks of those who use it: its additions since format 1 may be ignored. */
export const NEEDS = 1;

export interface StoreIdentity {
  readonly storeId: string;
  readonly storeFormat: number;
  /** Releases that understand formats up to here and beyond may use the store. */
  readonly needs: number;
}

const formatSchema = z.object({ storeFormat: z.number().int(), needs: z.number().int().optional() });
const identitySchema = formatSchema.extend({ storeId: z.string().regex(/^[0-9a-f]{32}$/) });

/** @returns null where there is none. @throws ParqueueError PQ_CONFIG for one that this release must not touch. */
export async function readIdentity(disk: Disk, understood = STORE_FORMAT): Promise<StoreIdentity | null> {
  const text = await disk.readText(IDENTITY_FILE);
  if (text === null) return null;
  const json = jsonOrNull(text);
  // The format is judged first: a later one may write all else differently.
  const format = formatSchema.safeParse(json).data;
  if (format !== undefined) refuseNewer(format.storeFormat, format.needs ?? format.storeFormat, understood);
  const identity = identitySchema.safeParse(json);
  if (identity.success) {
    const { storeId, storeFormat, needs = storeFormat } = identity.data;
    return { storeId, storeFormat, needs };
  }
  throw new ParqueueError(
    'PQ_CONFIG',
    `${IDENTITY_FILE} in store.root is not readable as a store's identity: `
      + 'restore it from a backup, or point store.root at another directory',
  );
}

export function encodeIdentity({ storeFormat, needs, storeId }: StoreIdentity): string {
  return `${JSON.stringify({ storeFormat, needs, storeId })}\n`;
}

function refuseNewer(storeFormat: number, needs: number, understood: number): void {
  if (needs <= understood) return;
  throw new ParqueueError(
    'PQ_CONFIG',
    `the store has format ${storeFormat} and needs a release of Parqueue that understands format ${needs}; this one understands `
      + `up to ${understood} and changed nothing in it: run the release that wrote it, or point store.root at another directory`,
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
