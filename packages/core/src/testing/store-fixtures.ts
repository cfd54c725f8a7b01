/** Generations for tests of anything that has a store: one way to fill one by hand, with a true manifest. */
import { createHash } from 'node:crypto';
import { DEFAULT_PARQUET } from '../model/request.ts';
import { MANIFEST_FORMAT, PART_NAME, type Manifest } from '../model/manifest.ts';
import type { Tick } from '../model/ticks.ts';
import type { GenerationWriter, Staging } from '../ports/store.ts';

export const KEY = `prices_de-${'0a'.repeat(16)}`;
export const OTHER_KEY = `prices_fr-${'b1'.repeat(16)}`;

export interface WritableStore {
  readonly storeId: string;
  readonly writer: GenerationWriter;
  writePart(partPath: string, text: string): Promise<unknown>;
}

export interface GenerationWish {
  readonly key: string;
  readonly fence: Tick;
  readonly fillId: string;
  /** Bytes of the part; not Parquet, which no store looks into. */
  readonly text?: string;
  readonly version?: string;
  readonly sourceDetails?: Manifest['sourceDetails'];
  readonly startedAtMs?: number;
}

export interface StagedGeneration {
  readonly staging: Staging;
  readonly manifest: Manifest;
}

/** All steps up to the manifest; `afterStep` runs after staging, after the part and after the seal. */
export async function stageGeneration(
  store: WritableStore,
  wish: GenerationWish,
  afterStep: () => Promise<void> = async () => {},
): Promise<StagedGeneration> {
  const { key, fence, fillId } = wish;
  const text = wish.text ?? `rows of ${key} under ${fence}`;
  const staging = await store.writer.stage(key, fence, fillId);
  await afterStep();
  await store.writePart(staging.partPath, text);
  await afterStep();
  const sealed = await store.writer.seal(staging);
  await afterStep();
  const manifest = manifestOf({ ...wish, text }, store.storeId, sealed);
  await store.writer.describe(staging, manifest);
  return { staging, manifest };
}

export async function publishGeneration(store: WritableStore, wish: GenerationWish): Promise<StagedGeneration> {
  const staged = await stageGeneration(store, wish);
  await store.writer.publish(staged.staging);
  return staged;
}

export function manifestOf(
  wish: GenerationWish & { readonly text: string },
  storeId: string,
  { bytes, mtimeNs }: { readonly bytes: number; readonly mtimeNs: string },
): Manifest {
  const { key, fence, fillId, text, version = 'checksum:00', sourceDetails = {}, startedAtMs = 1 } = wish;
  return {
    manifestFormat: MANIFEST_FORMAT,
    storeId,
    key,
    fence,
    fillId,
    version,
    consistency: 'exact',
    dataset: null,
    source: 'lake',
    request: {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'file:lake',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file', path: 'prices.csv', format: 'csv', csv: null },
    },
    part: { name: PART_NAME, bytes, rows: 1, sha256: createHash('sha256').update(text).digest('hex'), mtimeNs },
    columns: [{ name: 'price', sourceType: 'csv:BIGINT', type: 'int64', nullable: true }],
    sourceDetails,
    startedAtMs,
    sealedAtMs: startedAtMs + 1,
    host: 'test',
    writer: 'test',
  };
}
