import { gunzipSync } from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { expect, test } from 'vitest';
import type { Coding } from '../http/encoding.ts';
import { codedChunks } from './coded-chunks.ts';

type Chunk = Uint8Array<ArrayBuffer>;

async function* texts(count: number, seen: { returned: boolean } = { returned: false }) {
  try {
    for (let at = 0; at < count; at += 1) yield new Uint8Array(Buffer.from(`${at},row of ${at % 7}\n`.repeat(8_000)));
  } finally {
    seen.returned = true;
  }
}

async function collect(chunks: AsyncIterable<Chunk>): Promise<readonly Chunk[]> {
  const all: Chunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/** Decoders of others than those that encoded: Node's inflate for Node's deflate is zlib's both times, fzstd is its own. */
const DECODERS: Readonly<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes),
  zstd: (bytes) => unzstd(bytes),
};

test.each(['identity', 'gzip', 'zstd'] as const)(
  '%s comes back as it was, in chunks that own their buffers',
  async (coding) => {
    const plain = Buffer.concat(await collect(texts(40)));
    const coded = await collect(codedChunks(texts(40), coding));
    expect(coded.every(({ byteLength, buffer }) => buffer.byteLength === byteLength)).toBe(true);
    const bytes = Buffer.concat(coded);
    expect(plain.equals(DECODERS[coding](bytes))).toBe(true);
    if (coding !== 'identity') expect(bytes.length).toBeLessThan(plain.length / 4);
  },
);

test('zstd is one frame, also of bodies that are made by turns: decoders there are that end with the first', async () => {
  const bodies = [codedChunks(texts(20), 'zstd'), codedChunks(texts(30), 'zstd')];
  const coded: Chunk[][] = [[], []];
  for (let ended = 0; ended < bodies.length;) {
    ended = 0;
    for (const [at, body] of bodies.entries()) {
      const { done, value } = await body.next();
      if (done === true) ended += 1;
      else coded[at]?.push(value);
    }
  }
  for (const [at, count] of [20, 30].entries()) {
    const bytes = Buffer.concat(coded[at] ?? []);
    expect(bytes.lastIndexOf(Buffer.from('28b52ffd', 'hex'))).toBe(0);
    expect(Buffer.concat(await collect(texts(count))).equals(unzstd(bytes))).toBe(true);
  }
});

test.each(['gzip', 'zstd'] as const)('%s of nothing is a body too', async (coding) => {
  const coded = Buffer.concat(await collect(codedChunks(texts(0), coding)));
  if (coding === 'gzip' || coded.length > 0) expect(DECODERS[coding](coded)).toHaveLength(0);
});

test.each(['gzip', 'zstd'] as const)('what leaves %s early ends what it was made from', async (coding) => {
  const seen = { returned: false };
  const coded = codedChunks(texts(1_000, seen), coding);
  await coded.next();
  await coded.return();
  expect(seen.returned).toBe(true);
});

test.each(['gzip', 'zstd'] as const)('an error of what %s is made from is not taken for its end', async (coding) => {
  async function* broken(): AsyncGenerator<Chunk, void, undefined> {
    yield* texts(3);
    throw new Error('read error');
  }
  await expect(collect(codedChunks(broken(), coding))).rejects.toThrow('read error');
});
