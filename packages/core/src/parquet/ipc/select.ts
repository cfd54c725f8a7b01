/**
 * Arrow messages with some of their columns, in another order. The metadata is changed where it lies, so every type,
 * flag and key-value of the format passes as it is, also those that nothing here understands: a vector of a flatbuffer
 * may become shorter, and its entries may point to any table that comes after it.
 */
import { childrenInBatch, isView, ownBuffers, type Field } from './field.ts';
import { FlatTable, type FlatVector } from './flatbuffer.ts';
import type { Message } from './message.ts';

/** Bodies are padded so that every buffer begins at a multiple of this (Columnar.rst: 8 or 64). */
const ALIGNMENT = 64;
const ZEROS = new Uint8Array(ALIGNMENT);

/** The nodes and buffers of a field and its children: from, and up to but not including. */
interface Share {
  readonly nodes: readonly [number, number];
  readonly buffers: readonly [number, number];
}

/** The metadata of a schema message with the columns of these positions only. */
export function selectSchema(message: Message, columns: readonly number[]): Uint8Array {
  const metadata = message.metadata.slice();
  const schema = headerOf(metadata);
  const { view } = schema;
  const { at } = schema.vector(1);
  const places = columns.map((column) => at + 4 * column + view.getUint32(at + 4 * column, true));
  places.forEach((place, item) => {
    view.setUint32(at + 4 * item, place - (at + 4 * item), true);
  });
  view.setUint32(at - 4, columns.length, true);
  return metadata;
}

function headerOf(metadata: Uint8Array): FlatTable {
  const header = FlatTable.root(metadata).table(2);
  if (header === null) throw new TypeError('an Arrow message has no header');
  return header;
}

/** A record batch with the columns of these positions: its metadata, and the pieces of its body. */
export function selectBatch(
  message: Message,
  fields: readonly Field[],
  columns: readonly number[],
): readonly Uint8Array[] {
  const metadata = message.metadata.slice();
  const batch = headerOf(metadata);
  const { view } = batch;
  const counts = variadicCounts(batch);
  const shares = sharesOf(fields, counts);
  const chosen = columns.map((column) => shares[column] ?? { nodes: [0, 0] as const, buffers: [0, 0] as const });
  keep(
    view,
    { ...batch.vector(1), width: 16 },
    chosen.map(({ nodes }) => nodes),
  );
  const buffers = batch.vector(2);
  keep(
    view,
    { ...buffers, width: 16 },
    chosen.map((share) => share.buffers),
  );
  if (counts.length > 0) keepCounts(batch, { fields, columns, counts });

  const pieces: Uint8Array[] = [metadata];
  let offset = 0;
  const { length } = batch.vector(2);
  for (let buffer = 0; buffer < length; buffer += 1) {
    const at = buffers.at + 16 * buffer;
    const from = Number(view.getBigInt64(at, true));
    const bytes = Number(view.getBigInt64(at + 8, true));
    view.setBigInt64(at, BigInt(offset), true);
    const padding = (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
    pieces.push(message.body.subarray(from, from + bytes), ZEROS.subarray(0, padding));
    offset += bytes + padding;
  }
  // A length of 0 is the default and left out; a part of an empty body is empty as well.
  if (message.lengthAt !== 0) view.setBigInt64(message.lengthAt, BigInt(offset), true);
  return pieces;
}

function variadicCounts(batch: FlatTable): readonly number[] {
  const { at, length } = batch.vector(4);
  return Array.from({ length }, (_, item) => Number(batch.view.getBigInt64(at + 8 * item, true)));
}

function sharesOf(fields: readonly Field[], counts: readonly number[]): readonly Share[] {
  let nodes = 0;
  let buffers = 0;
  let views = 0;
  const walk = (field: Field): void => {
    nodes += 1;
    buffers += ownBuffers(field);
    if (isView(field)) {
      buffers += counts[views] ?? 0;
      views += 1;
    }
    childrenInBatch(field).forEach(walk);
  };
  return fields.map((field) => {
    const before = { nodes, buffers };
    walk(field);
    return { nodes: [before.nodes, nodes], buffers: [before.buffers, buffers] };
  });
}

/** The items of a vector from each range, one range after the other. */
function keep(
  view: DataView,
  { at, width }: FlatVector & { readonly width: number },
  ranges: readonly (readonly [number, number])[],
): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset);
  const kept = ranges.map(([from, to]) => bytes.slice(at + from * width, at + to * width));
  let length = 0;
  for (const items of kept) {
    bytes.set(items, at + length);
    length += items.length;
  }
  view.setUint32(at - 4, length / width, true);
}

function keepCounts(
  batch: FlatTable,
  {
    fields,
    columns,
    counts,
  }: { readonly fields: readonly Field[]; readonly columns: readonly number[]; readonly counts: readonly number[] },
): void {
  const viewsIn = (field: Field): number =>
    (isView(field) ? 1 : 0) + childrenInBatch(field).reduce((sum, child) => sum + viewsIn(child), 0);
  const { at } = batch.vector(4);
  let item = 0;
  for (const column of columns) {
    const before = fields.slice(0, column).reduce((sum, field) => sum + viewsIn(field), 0);
    const field = fields[column];
    for (let view = 0; field !== undefined && view < viewsIn(field); view += 1) {
      batch.view.setBigInt64(at + 8 * item, BigInt(counts[before + view] ?? 0), true);
      item += 1;
    }
  }
  batch.view.setUint32(at - 4, item, true);
}
