/**
 * Where the parts of a Parquet file begin and end, as its footer says: the offsets that a reader of ranges asks by
 * (ColumnChunk and ColumnMetaData of parquet.thrift). Whoever knows them can tell which file a range was meant for.
 */
import type { ThriftStruct, ThriftValue } from './thrift.ts';

/** Beyond this many a file tells enough by the first ones. */
const BOUNDARIES_MAX = 200_000;

/** @param ends where data ends, where the footer ends, where the file ends */
export function boundariesOf(meta: ThriftStruct, ends: readonly number[]): Float64Array {
  const found = new Set(ends);
  for (const group of structs(meta.get(4))) {
    for (const chunk of structs(group.get(1))) {
      if (found.size > BOUNDARIES_MAX) break;
      addChunk(found, chunk);
    }
  }
  return Float64Array.from(found).toSorted();
}

function addChunk(found: Set<number>, chunk: ThriftStruct): void {
  const meta = chunk.get(3);
  if (!(meta instanceof Map)) return;
  const [data, dictionary, size] = [meta.get(9), meta.get(11), meta.get(7)] as readonly unknown[];
  if (typeof data !== 'number') return;
  found.add(data);
  const start = typeof dictionary === 'number' && dictionary > 0 ? Math.min(dictionary, data) : data;
  add(found, start, size);
  // Offset index, column index and bloom filter: each an offset and a length, where the file has them.
  add(found, chunk.get(4), chunk.get(5));
  add(found, chunk.get(6), chunk.get(7));
  add(found, meta.get(14), meta.get(15));
}

function add(found: Set<number>, offset: unknown, length: unknown): void {
  if (typeof offset !== 'number') return;
  found.add(offset);
  if (typeof length === 'number') found.add(offset + length);
}

function structs(value: ThriftValue | undefined): readonly ThriftStruct[] {
  return Array.isArray(value) ? value.filter((item): item is ThriftStruct => item instanceof Map) : [];
}
