/**
 * The fields of an Arrow schema message: names, types, and how many nodes and buffers each takes in a record batch
 * (Schema.fbs and Columnar.rst in apache/arrow). All types of the format are known here, also those that no text can
 * show, since a stream of Arrow passes them on.
 */
import type { FlatTable } from './flatbuffer.ts';

/** Schema.fbs, `union Type`. */
export const TYPE = {
  Null: 1,
  Int: 2,
  Float: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  Interval: 11,
  List: 12,
  Struct: 13,
  Union: 14,
  FixedSizeBinary: 15,
  FixedSizeList: 16,
  Map: 17,
  Duration: 18,
  LargeBinary: 19,
  LargeUtf8: 20,
  LargeList: 21,
  RunEndEncoded: 22,
  BinaryView: 23,
  Utf8View: 24,
  ListView: 25,
  LargeListView: 26,
} as const;

export interface FieldType {
  /** One of TYPE. */
  readonly id: number;
  /** Bits of an integer, a decimal or a time; bytes of a fixed-size binary; items of a fixed-size list. */
  readonly width: number;
  readonly signed: boolean;
  readonly scale: number;
  /** Of floats 0 half, 1 single, 2 double; of times 0 s, 1 ms, 2 µs, 3 ns; of days 0 days, 1 ms. */
  readonly unit: number;
  readonly zoned: boolean;
}

export interface Field {
  readonly name: string;
  /** Of the values: for a dictionary, of what it holds. */
  readonly type: FieldType;
  readonly children: readonly Field[];
  readonly dictionary: { readonly id: number; readonly index: FieldType } | null;
}

export function fieldsOf(schema: FlatTable): readonly Field[] {
  return schema.tables(1).map(fieldOf);
}

function fieldOf(table: FlatTable): Field {
  const encoding = table.table(4);
  const index = encoding?.table(1) ?? null;
  return {
    name: table.text(0),
    type: typeOf(table.byte(2), table.table(3)),
    children: table.tables(5).map(fieldOf),
    dictionary:
      encoding === null
        ? null
        : {
            id: encoding.int64(0),
            index: index === null ? { ...PLAIN, id: TYPE.Int, width: 32, signed: true } : typeOf(TYPE.Int, index),
          },
  };
}

const PLAIN: FieldType = { id: 0, width: 0, signed: false, scale: 0, unit: 0, zoned: false };

function typeOf(id: number, table: FlatTable | null): FieldType {
  const type = { ...PLAIN, id };
  if (table === null) return type;
  switch (id) {
    case TYPE.Int:
      return { ...type, width: table.int32(0), signed: table.byte(1) !== 0 };
    case TYPE.Float:
      return { ...type, unit: table.int16(0) };
    case TYPE.Decimal:
      return { ...type, scale: table.int32(1), width: table.int32(2, 128) };
    case TYPE.Date:
      return { ...type, unit: table.int16(0, 1) };
    case TYPE.Time:
      return { ...type, unit: table.int16(0, 1), width: table.int32(1, 32) };
    case TYPE.Timestamp:
      return { ...type, unit: table.int16(0), zoned: table.vector(1).length > 0 };
    case TYPE.Interval:
      return { ...type, unit: table.int16(0) };
    case TYPE.Duration:
      return { ...type, unit: table.int16(0, 1) };
    case TYPE.Union:
      return { ...type, unit: table.int16(0) };
    case TYPE.FixedSizeBinary:
    case TYPE.FixedSizeList:
      return { ...type, width: table.int32(0) };
    default:
      return type;
  }
}

/** How many buffers a field's own node has, beside the variadic ones of views; the validity bitmap is one of them. */
export function ownBuffers(field: Field): number {
  if (field.dictionary !== null) return 2;
  switch (field.type.id) {
    case TYPE.Null:
    case TYPE.RunEndEncoded:
      return 0;
    case TYPE.Struct:
    case TYPE.FixedSizeList:
      return 1;
    case TYPE.Union:
      // Sparse ones have no offsets. Since version 5 of the format none has a validity bitmap.
      return field.type.unit === 0 ? 1 : 2;
    case TYPE.Binary:
    case TYPE.Utf8:
    case TYPE.LargeBinary:
    case TYPE.LargeUtf8:
    case TYPE.ListView:
    case TYPE.LargeListView:
      return 3;
    default:
      return 2;
  }
}

/** Its children come after it in a batch; those of a dictionary are in the dictionary's own batch. */
export function childrenInBatch(field: Field): readonly Field[] {
  return field.dictionary === null ? field.children : [];
}

export function isView(field: Field): boolean {
  return field.dictionary === null && (field.type.id === TYPE.Utf8View || field.type.id === TYPE.BinaryView);
}

/** Every field that is a dictionary, in depth-first order: what their ids are given by. */
export function dictionariesOf(fields: readonly Field[]): readonly Field[] {
  return fields.flatMap((field) => [...(field.dictionary === null ? [] : [field]), ...dictionariesOf(field.children)]);
}

/** Whether a field or one inside it is of a type. */
export function holds({ type, children }: Field, id: number): boolean {
  return type.id === id || children.some((child) => holds(child, id));
}
