import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { decodeManifest, encodeManifest, MANIFEST_FORMAT, PART_NAME, type Manifest } from './manifest.ts';
import { DEFAULT_PARQUET } from './request.ts';

const manifest: Manifest = {
  manifestFormat: MANIFEST_FORMAT,
  storeId: '0f'.repeat(16),
  key: `prices-${'ab'.repeat(16)}`,
  fence: 3_000_000_000_042,
  fillId: 'cd'.repeat(16),
  version: `checksum:${'12'.repeat(32)}`,
  consistency: 'exact',
  dataset: 'prices',
  source: 'lake',
  request: {
    keyFormat: 1,
    sourceKind: 'file',
    sourceIdentity: 'file:/data',
    question: { kind: 'file', path: 'prices/ü.csv', format: 'csv', csv: null },
    columns: ['a'],
    columnTypes: { a: 'decimal(18,2)' },
    parquet: DEFAULT_PARQUET,
  },
  part: { name: PART_NAME, bytes: 4096, rows: 10, sha256: '34'.repeat(32), mtimeNs: '1790000000123456789' },
  columns: [
    { name: 'a', sourceType: 'csv:DECIMAL(18,2)', type: 'decimal128(18, 2)', nullable: true, note: 'declared' },
  ],
  sourceDetails: { inode: '12', size: 55 },
  startedAtMs: 1_790_000_000_000,
  sealedAtMs: 1_790_000_000_500,
  host: 'host-1',
  writer: 'parqueue 0.1.0',
};

const text = encodeManifest(manifest);

describe('a manifest', () => {
  it('reads back as it was written', () => {
    expect(decodeManifest(text)).toEqual({ ok: true, manifest });
  });

  it('keeps a detail that is called like the prototype', () => {
    const named = { ...manifest, sourceDetails: JSON.parse('{"__proto__":{"size":1}}') as Manifest['sourceDetails'] };
    const reading = decodeManifest(encodeManifest(named));
    expect(reading.ok && encodeManifest(reading.manifest)).toBe(encodeManifest(named));
  });

  it('has the same bytes however it was put together', () => {
    const shuffled = Object.fromEntries(Object.entries(manifest).toReversed()) as Manifest;
    expect(encodeManifest(shuffled)).toBe(text);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('with one bit flipped anywhere is refused, unless the flip changed nothing in it', () => {
    const bytes = Buffer.from(text);
    // Every byte, and of each byte another bit than of the one before.
    for (let bit = 0; bit < bytes.length * 8; bit += 9) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const reading = decodeManifest(flipped.toString());
      if (reading.ok) expect(canonicalJson(reading.manifest)).toBe(canonicalJson(manifest));
    }
  });

  it('cut off anywhere is refused', () => {
    // The line break at the end is the one character it can do without.
    for (let length = 0; length < text.length - 1; length += 1)
      expect(decodeManifest(text.slice(0, length)).ok).toBe(false);
  });

  it('whose part was swapped for that of another is refused', () => {
    expect(decodeManifest(text.replace('34'.repeat(32), '35'.repeat(32)))).toEqual({
      ok: false,
      reason: 'the manifest does not match its digest',
    });
  });

  it('of another format is refused with the reason, even where its digest is right', () => {
    const foreign = encodeManifest({ ...manifest, manifestFormat: 2 } as unknown as Manifest);
    expect(decodeManifest(foreign)).toMatchObject({ ok: false, reason: expect.stringMatching(/not of format 1/) });
    const negative = encodeManifest({ ...manifest, fence: -1 });
    expect(decodeManifest(negative).ok).toBe(false);
  });

  it('never makes its reader throw', () => {
    const strange = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((inner) => `{"digest":"${'0'.repeat(64)}","manifest":${JSON.stringify(inner)}}`),
      fc.constantFrom(
        `{"digest":"${'0'.repeat(64)}","manifest":"\\ud800"}`,
        `{"digest":"${'0'.repeat(64)}","manifest":{"\\udfff":1}}`,
        `{"digest":"${'0'.repeat(64)}","manifest":1e999}`,
        `{"digest":"${'0'.repeat(64)}","manifest":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
        `{"digest":"${'0'.repeat(64)}"}`,
      ),
    );
    fc.assert(
      fc.property(strange, (input) => {
        expect(decodeManifest(input).ok).toBe(false);
      }),
    );
  });
});
