/**
 * What the store's files and names are read as, when they hold anything at all. A manifest carries its own digest, and
 * the part's size, time and hash; a mark's name is the mark, and of a scope its file repeats it; head.json is a hint
 * without a digest, and whatever it names is judged by its manifest.
 */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isParqueueError } from '@parqueue/core';
import { openStore, type FileStore } from '@parqueue/core/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { canonicalJson } from '../../packages/core/src/model/canonical-json.ts';
import { fenceOfGenerationName, generationName } from '../../packages/core/src/model/generation.ts';
import {
  decodeManifest,
  encodeManifest,
  MANIFEST_FORMAT,
  PART_NAME,
  type Manifest,
} from '../../packages/core/src/model/manifest.ts';
import { markName, markOfName, stagingRefOf } from '../../packages/core/src/store/layout.ts';
import { asyncClaim, claim } from './fuzz.ts';

const KEY = `prices-${'ab'.repeat(16)}`;
const STORE_ID = '0f'.repeat(16);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const digits = fc.stringMatching(/^[0-9]{1,18}$/);
const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

const manifest: fc.Arbitrary<Manifest> = fc.record({
  manifestFormat: fc.constant(MANIFEST_FORMAT),
  storeId: hex(32),
  key: fc.constant(KEY),
  fence: fc.maxSafeNat(),
  fillId: hex(24),
  version: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  consistency: fc.constantFrom('exact' as const, 'statement' as const, 'best-effort' as const),
  dataset: fc.option(text, { nil: null }),
  source: text,
  request: fc.constant({ question: { kind: 'file' } } as unknown as Manifest['request']),
  part: fc.record({
    name: fc.constant(PART_NAME),
    bytes: fc.maxSafeNat(),
    rows: fc.maxSafeNat(),
    sha256: hex(64),
    mtimeNs: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  }),
  columns: fc.array(fc.record({ name: text, sourceType: text, type: text, nullable: fc.boolean() }), { maxLength: 3 }),
  sourceDetails: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
  startedAtMs: fc.nat(),
  sealedAtMs: fc.nat(),
  host: text,
  writer: text,
});

/** One change of some bytes: flipped, cut off, doubled, or replaced. */
const damage = fc.record({
  at: fc.nat(4000),
  kind: fc.constantFrom('flip' as const, 'cut' as const, 'insert' as const, 'drop' as const, 'zero' as const),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
});

function damaged(
  whole: Buffer,
  { at, kind, bytes }: { readonly at: number; readonly kind: string; readonly bytes: Uint8Array },
): Buffer {
  const from = at % whole.length;
  if (kind === 'cut') return whole.subarray(0, from);
  if (kind === 'insert') return Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from)]);
  if (kind === 'drop') return Buffer.concat([whole.subarray(0, from), whole.subarray(from + bytes.length)]);
  const other = Buffer.from(whole);
  for (const [i, byte] of bytes.entries())
    if (from + i < other.length) other[from + i] = kind === 'zero' ? 0 : (other[from + i] as number) ^ byte;
  return other;
}

/** JSON as people and attackers write it: names of prototypes, huge numbers, depth. */
const strangeJson = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.nat(30_000).map((depth) => '['.repeat(depth)),
  fc.nat(6000).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.constantFrom(
    '{"__proto__":{"fence":1}}',
    '{"constructor":{"prototype":{}}}',
    '1e999',
    '"\\ud800"',
    '\0',
    '\ufeff{}',
    '-0',
  ),
);

describe('a manifest', () => {
  claim('reads back as it was written', { runs: 300, values: manifest }, (value) => {
    // JSON's own spelling of a number: there is no -0.
    expect(decodeManifest(encodeManifest(value))).toEqual({ ok: true, manifest: JSON.parse(JSON.stringify(value)) });
  });

  claim(
    'damaged anywhere is refused, unless the damage changed nothing in it',
    { runs: 700, values: fc.tuple(manifest, fc.array(damage, { minLength: 1, maxLength: 3 })) },
    ([value, damages]) => {
      const bytes = damages.reduce<Buffer>(
        (whole, each) => (whole.length === 0 ? whole : damaged(whole, each)),
        Buffer.from(encodeManifest(value)),
      );
      const reading = decodeManifest(bytes.toString());
      if (reading.ok) expect(canonicalJson(reading.manifest)).toBe(canonicalJson(value));
    },
  );

  claim(
    'with any value in any place, its digest right, is one of this format or refused with the reason',
    {
      runs: 700,
      values: fc.tuple(
        manifest,
        fc.constantFrom('manifestFormat', 'fence', 'part', 'columns', 'consistency', 'sourceDetails', 'key', 'request'),
        fc.jsonValue({ maxDepth: 2, noUnicodeString: true }),
      ),
    },
    ([value, name, other]) => {
      const changed = { ...value, [name]: other } as Manifest;
      const reading = decodeManifest(encodeManifest(changed));
      if (reading.ok) expect(reading.manifest).toEqual(JSON.parse(canonicalJson(changed)));
      else expect(reading.reason).toMatch(/^the manifest is not of format 1/);
      if (name === 'manifestFormat' && other !== MANIFEST_FORMAT) expect(reading.ok).toBe(false);
    },
  );

  claim(
    'that is anything else is refused',
    { runs: 500, values: fc.tuple(strangeJson, hex(64)) },
    ([inner, digest]) => {
      expect(decodeManifest(inner).ok).toBe(false);
      expect(decodeManifest(`{"digest":"${digest}","manifest":${inner}}`).ok).toBe(false);
    },
  );
});

describe('names on disk', () => {
  const names = fc.oneof(
    digits.map((fence) => `g${fence}`),
    fc.tuple(digits, text).map(([fence, fillId]) => `${fence}-${fillId}`),
    fc.tuple(text, digits, digits).map(([prefix, hard, purge]) => `${prefix}.${hard}-${purge}.json`),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      'g9007199254740993',
      'not-before.9999999999999999-0.json',
      '9007199254740992-a',
      'g-0',
      'g00',
      'g1 ',
      'g1\n',
    ),
  );

  claim('are ours only where we would write the very same', { runs: 1500, values: names }, (name) => {
    const fence = fenceOfGenerationName(name);
    if (fence !== null) expect(generationName(fence)).toBe(name);
    const mark = markOfName(name);
    if (mark !== null) expect(markName(mark.prefix, mark.ticks)).toBe(name);
    const staging = stagingRefOf(KEY, name);
    if (staging !== null) expect(`${staging.fence}-${staging.fillId}`).toBe(name);
  });
});

describe('a store', () => {
  let root = '';
  let store: FileStore;
  const place = (): string => join(root, 'entries', 'ab', KEY);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'parqueue-fuzz-'));
    store = await openStore({ root, fileMode: 0o640, randomId: () => STORE_ID });
    await mkdir(place(), { recursive: true });
  });

  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const head = {
    key: KEY,
    fence: 7,
    version: 'checksum:1',
    sha256: 'cd'.repeat(32),
    verified: 8,
    verifiedAtMs: 1_790_000_000_000,
  };
  const headText = `${JSON.stringify({ ...head, file: 'g7/part-000.parquet' })}\n`;
  const bytes = fc.oneof(
    damage.map((how) => damaged(Buffer.from(headText), how)),
    fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
    strangeJson.map((some) => Buffer.from(some)),
    fc
      .dictionary(
        fc.constantFrom('key', 'fence', 'version', 'sha256', 'verified', 'verifiedAtMs'),
        fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant(KEY)),
        { maxKeys: 6 },
      )
      .map((some) => Buffer.from(JSON.stringify({ ...head, ...some }))),
  );

  asyncClaim(
    'whose head.json holds anything hears of this key, or nothing; and what it names is judged by its files',
    { runs: 150, values: bytes },
    async (some) => {
      await writeFile(join(place(), 'head.json'), some);
      const read = await store.marks.readHead(KEY);
      if (read === null) return;
      expect(read.key).toBe(KEY);
      expect(Number.isSafeInteger(read.fence) && read.fence >= 0).toBe(true);
      expect(await store.reader.inspect(KEY, read.fence)).toEqual({ kind: 'absent' });
    },
  );

  asyncClaim(
    'lists and marks a key whatever else stands in its folder',
    {
      runs: 100,
      values: fc.array(fc.stringMatching(/^(g|not-before\.)?[0-9]{1,17}(-[0-9]{1,17}\.json)?$/), { maxLength: 8 }),
    },
    async (strangers) => {
      await rm(place(), { recursive: true, force: true });
      await mkdir(place(), { recursive: true });
      for (const name of strangers) await writeFile(join(place(), name), '');
      const { generations } = await store.directories.list(KEY);
      for (const fence of generations) expect(strangers).toContain(generationName(fence));
      const before = await store.marks.readMark(KEY);
      await store.marks.raiseMark({ target: `key:${KEY}`, hard: 5, purge: 3 });
      expect(await store.marks.readMark(KEY)).toEqual({
        target: `key:${KEY}`,
        hard: Math.max(5, before?.hard ?? 0),
        purge: Math.max(3, before?.purge ?? 0),
      });
    },
  );

  asyncClaim(
    'takes a mark of a scope from a sound file alone, and refuses to go on without',
    { runs: 100, values: fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 150 }), fc.option(damage)) },
    async ([dataset, how]) => {
      const folder = join(root, 'not-before');
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      const mark = { target: `dataset:${dataset}`, hard: 9, purge: 2 };
      await store.marks.raiseMark(mark);
      if (how === null) return expect(await store.epochs.scopeMarks()).toEqual([mark]);
      const [name = ''] = await readdir(folder);
      const whole = Buffer.from(`${JSON.stringify(mark)}\n`);
      await writeFile(join(folder, name), damaged(whole, how));
      const found = await store.epochs.scopeMarks().catch((error: unknown) => error);
      if (Array.isArray(found)) return expect(found).toEqual([mark]);
      expect(isParqueueError(found) && found.code).toBe('PQ_STORE_IO');
    },
  );

  asyncClaim(
    'whose identity is anything is opened as the store it was, or refused',
    { runs: 100, values: fc.oneof(damage, strangeJson, fc.nat(9)) },
    async (what) => {
      const identity = { storeFormat: 2, needs: 1, storeId: STORE_ID };
      const sound = Buffer.from(`${JSON.stringify(identity)}\n`);
      const written =
        typeof what === 'number'
          ? Buffer.from(JSON.stringify({ ...identity, storeFormat: what, needs: what }))
          : typeof what === 'string'
            ? Buffer.from(what)
            : damaged(sound, what);
      const own = await mkdtemp(join(root, 'trash', 'own-'));
      await writeFile(join(own, 'parqueue.json.new'), written);
      await rename(join(own, 'parqueue.json.new'), join(own, 'parqueue.json'));
      const opened = await openStore({ root: own, fileMode: 0o640, older: 'refuse' }).catch((error: unknown) => error);
      if (opened instanceof Error) expect(isParqueueError(opened) && opened.code).toBe('PQ_CONFIG');
      else expect((opened as FileStore).storeId).toMatch(/^[0-9a-f]{32}$/);
      if (typeof what === 'number' && what > 2)
        expect(opened).toMatchObject({ message: expect.stringContaining('needs a release') as string });
      await rm(own, { recursive: true, force: true });
    },
  );
});
