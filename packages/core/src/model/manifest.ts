/**
 * The Manifest stands beside the part and tells all that the Parquet bytes must not: who, when, from what. It is
 * canonical JSON with a digest of itself, so that a flipped bit in it is noticed (I4, I5).
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from './canonical-json.ts';
import type { CanonicalRequest } from './request.ts';

export const MANIFEST_FORMAT = 1;
export const PART_NAME = 'part-000.parquet';

const whole = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Kept as it is: zod would leave out a member that is called like the prototype, which the digest counts. */
function mapping<T extends object>(): z.ZodCustom<T, T> {
  return z.custom<T>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
}

const columnSchema = z.strictObject({
  name: z.string(),
  /** The type in the source's own words, e.g. `NUMBER(10,2)` or `csv:VARCHAR`. */
  sourceType: z.string(),
  /** The Arrow type written, e.g. `int64`, `decimal128(18, 2)`, `timestamp[us, UTC]`. */
  type: z.string(),
  nullable: z.boolean(),
  note: z.string().optional(),
});

const manifestSchema = z.strictObject({
  manifestFormat: z.literal(MANIFEST_FORMAT),
  storeId: z.string().min(1),
  key: z.string().min(1),
  fence: whole,
  fillId: z.string().min(1),
  version: z.string().min(1),
  consistency: z.enum(['exact', 'statement', 'best-effort']),
  dataset: z.string().nullable(),
  source: z.string(),
  request: mapping<CanonicalRequest>(),
  part: z.strictObject({
    name: z.literal(PART_NAME),
    bytes: whole,
    rows: whole,
    sha256,
    /** Modification time of the synced part as the store's filesystem stamped it, ns, decimal text. */
    mtimeNs: z.string().regex(/^-?[0-9]+$/),
  }),
  columns: z.array(columnSchema),
  /** What the source wants to remember of the load, e.g. the file's identity or the SCN. */
  sourceDetails: mapping<Record<string, unknown>>(),
  /** When the fence was granted (Redis's clock) and when the part was sealed (the filling host's), ms. */
  startedAtMs: z.number(),
  sealedAtMs: z.number(),
  host: z.string(),
  writer: z.string(),
});

const envelopeSchema = z.strictObject({ digest: sha256, manifest: z.unknown() });

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestColumn = z.infer<typeof columnSchema>;

export type ManifestReading =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly reason: string };

export function encodeManifest(manifest: Manifest): string {
  const body = canonicalJson(manifest);
  return `{"digest":"${digestOf(body)}","manifest":${body}}\n`;
}

/** Never throws: a reading that fails says why, in words fit for a log line. */
export function decodeManifest(text: string): ManifestReading {
  let outer: unknown;
  try {
    outer = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the manifest is not JSON' };
  }
  const envelope = envelopeSchema.safeParse(outer);
  if (!envelope.success) return { ok: false, reason: 'the manifest has no digest' };
  if (digestOfValue(envelope.data.manifest) !== envelope.data.digest) {
    return { ok: false, reason: 'the manifest does not match its digest' };
  }
  const parsed = manifestSchema.safeParse(envelope.data.manifest);
  if (!parsed.success)
    return { ok: false, reason: `the manifest is not of format ${MANIFEST_FORMAT}: ${z.prettifyError(parsed.error)}` };
  return { ok: true, manifest: parsed.data };
}

/** null for what was never encoded here: JSON can spell lone surrogates, 1e999 and bottomless nesting. */
function digestOfValue(value: unknown): string | null {
  try {
    return digestOf(canonicalJson(value));
  } catch {
    return null;
  }
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
