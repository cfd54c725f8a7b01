/**
 * Reads an answer's Parquet bytes with a decoder that shares no code with the writer, and says what is wrong with
 * them. A sound answer holds rows of one revision only, ids from 0 without a gap, and the bytes its ETag names.
 */
import { createHash } from 'node:crypto';
import { decompress } from 'fzstd';
import { parquetReadObjects } from 'hyparquet';
import type { AnswerShape } from './messages.ts';

export interface Reading {
  readonly revision: number | null;
  readonly problem: string | null;
}

export async function readAnswer(bytes: Uint8Array, etag: string | null, shape: AnswerShape): Promise<Reading> {
  const { rows } = shape;
  const digest = createHash('sha256').update(bytes).digest('hex');
  const promised = etag?.replace(/^W\//, '').replaceAll('"', '') ?? '';
  const revisions = new Set<number>();
  const seen = new Uint8Array(rows);
  let count = 0;
  const objects = await parquetReadObjects({
    file: copyToBuffer(bytes),
    columns: [shape.id, ...shape.revisions],
    compressors: { ZSTD: (input, length) => decompress(input, new Uint8Array(length)) },
  });
  for (const row of objects) {
    count += 1;
    for (const column of shape.revisions) revisions.add(Number(row[column]));
    const id = Number(row[shape.id]);
    if (id < rows) seen[id] = 1;
  }
  const [first] = revisions;
  const revision = first ?? null;
  if (revisions.size > 1)
    return { revision, problem: `rows of revisions ${[...revisions].join(' and ')} in one answer` };
  if (count !== rows) return { revision, problem: `${count} rows instead of ${rows}` };
  if (seen.includes(0)) return { revision, problem: `row ${seen.indexOf(0)} is missing` };
  if (!promised.includes(digest))
    return { revision, problem: `bytes with hash ${digest} under ETag ${etag ?? 'none'}` };
  return { revision, problem: null };
}

function copyToBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
