/** Writers of one column's values, by its type; nested ones are JSON in every form of text. */
import { ParqueueError } from '../../model/errors.ts';
import { TYPE, type Field } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';
import { decimalWriter, floatWriter, int64Writer, wholeWriter, type TextOptions, type WriteValue } from './numbers.ts';
import { ByteSink } from './sink.ts';
import { offsetsOf, spansOf } from './spans.ts';
import { base64Writer, textWriter, writeCsvText } from './strings.ts';
import { dateWriter, timestampWriter, timeWriter } from './times.ts';

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const CLOSE_STRUCT = 0x7d;
const COMMA = 0x2c;

const NOTHING = new Uint8Array(0);

/** The types that have no text: intervals have no agreed one, the others nothing here can make or test. */
const WITHOUT_TEXT: readonly number[] = [TYPE.Interval, TYPE.Union, TYPE.RunEndEncoded];
const LISTS: readonly number[] = [
  TYPE.List,
  TYPE.LargeList,
  TYPE.FixedSizeList,
  TYPE.ListView,
  TYPE.LargeListView,
  TYPE.Map,
];

/** @throws ParqueueError PQ_UNSUPPORTED_TYPE, before anything was read */
export function assertText(fields: readonly Field[]): void {
  for (const field of fields) {
    const wrong = withoutText(field);
    if (wrong === null) continue;
    const name = Object.entries(TYPE).find(([, id]) => id === wrong)?.[0] ?? `of number ${wrong}`;
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `column ${JSON.stringify(field.name)} holds values of Arrow's type ${name}, which have no text; leave it out by naming columns, or ask for Parquet`,
    );
  }
}

/**
 * Readers of JSON keep one of two members of the same name, and say nothing.
 * @throws ParqueueError PQ_UNSUPPORTED_TYPE, before anything was read
 */
export function assertDistinct(fields: readonly Field[], style: TextOptions['style']): void {
  const names = fields.map(({ name }) => name);
  const twin = style === 'csv' ? undefined : names.find((name, at) => names.indexOf(name) !== at);
  if (twin !== undefined)
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `there is more than one ${JSON.stringify(twin)}, and JSON keeps only one of a name: name them apart at the source, or ask for Parquet or Arrow`,
    );
  for (const { type, children } of fields) assertDistinct(children, type.id === TYPE.Struct ? 'json' : 'csv');
}

function withoutText({ type, children }: Field): number | null {
  if (WITHOUT_TEXT.includes(type.id) || type.id > TYPE.LargeListView) return type.id;
  return children.map(withoutText).find((wrong) => wrong !== null) ?? null;
}

/** Writes a row's value, and of NULL `null` in JSON and nothing in CSV. */
export function valueWriter(sink: ByteSink, vector: Vector, options: TextOptions): WriteValue {
  const present = presentWriter(sink, vector, options);
  const { validity } = vector;
  if (validity === null) return present;
  const writesNull = options.style === 'json';
  return (row) => {
    if ((((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1) present(row);
    else if (writesNull) sink.ascii('null');
  };
}

function presentWriter(sink: ByteSink, vector: Vector, options: TextOptions): WriteValue {
  const { field, buffers, dictionary } = vector;
  const { type } = field;
  const [values = NOTHING] = buffers;
  if (field.dictionary !== null) return dictionaryWriter(sink, { vector, dictionary }, options);
  switch (type.id) {
    case TYPE.Null:
      return () => {
        if (options.style === 'json') sink.ascii('null');
      };
    case TYPE.Bool:
      return (row) => sink.ascii((((values[row >> 3] ?? 0) >> (row & 7)) & 1) === 1 ? 'true' : 'false');
    case TYPE.Int:
      if (type.width === 64) return int64Writer(sink, { values, signed: type.signed }, options);
      return wholeWriter(sink, wholesOf(values, type));
    case TYPE.Duration:
      return int64Writer(sink, { values, signed: true }, options);
    case TYPE.Float:
      return floatWriter(sink, { values, unit: type.unit }, options);
    case TYPE.Decimal:
      return decimalWriter(sink, { values, bits: type.width, scale: type.scale }, options);
    case TYPE.Date:
      return dateWriter(sink, { values, unit: type.unit }, options);
    case TYPE.Time:
      return timeWriter(sink, { values, unit: type.unit, bits: type.width }, options);
    case TYPE.Timestamp:
      return timestampWriter(sink, { values, unit: type.unit, zoned: type.zoned }, options);
    case TYPE.Utf8:
    case TYPE.LargeUtf8:
    case TYPE.Utf8View:
      return textWriter(sink, spansOf(vector), options);
    case TYPE.Binary:
    case TYPE.LargeBinary:
    case TYPE.BinaryView:
    case TYPE.FixedSizeBinary:
      return base64Writer(sink, spansOf(vector), options);
    default:
      return options.style === 'csv' ? nestedCsvWriter(sink, vector, options) : nestedWriter(sink, vector, options);
  }
}

export function wholesOf(
  values: Uint8Array,
  { width, signed }: { readonly width: number; readonly signed: boolean },
): ArrayLike<number> {
  const { buffer, byteOffset, byteLength } = values;
  if (width === 8) return signed ? new Int8Array(buffer, byteOffset, byteLength) : values;
  const length = byteLength / (width / 8);
  if (width === 16)
    return signed ? new Int16Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
  if (width === 32)
    return signed ? new Int32Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length);
  return offsetsOf(values, true);
}

function dictionaryWriter(
  sink: ByteSink,
  { vector, dictionary }: { readonly vector: Vector; readonly dictionary: Vector | null },
  options: TextOptions,
): WriteValue {
  if (dictionary === null) throw new TypeError(`the dictionary of column ${vector.field.name} is missing`);
  const write = valueWriter(sink, dictionary, options);
  const indexes = wholesOf(vector.buffers[0] ?? NOTHING, vector.field.dictionary?.index ?? { width: 32, signed: true });
  return (row) => write(indexes[row] ?? 0);
}

/** JSON first, then that text as a field. */
function nestedCsvWriter(sink: ByteSink, vector: Vector, options: TextOptions): WriteValue {
  const json = new ByteSink();
  const write = nestedWriter(json, vector, { ...options, style: 'json' });
  return (row) => {
    json.at = 0;
    write(row);
    writeCsvText(sink, json.bytes, { start: 0, end: json.at });
  };
}

function nestedWriter(sink: ByteSink, vector: Vector, options: TextOptions): WriteValue {
  const { field, children } = vector;
  if (field.type.id === TYPE.Struct) {
    const members = children.map((child) => valueWriter(sink, child, options));
    const labels = labelsOf(children.map((child) => child.field.name));
    return (row) => {
      for (let at = 0; at < members.length; at += 1) {
        sink.copy(labels[at] ?? NOTHING);
        members[at]?.(row);
      }
      if (members.length === 0) sink.ascii('{');
      sink.byte(CLOSE_STRUCT);
    };
  }
  const [items] = children;
  if (!LISTS.includes(field.type.id) || items === undefined)
    throw new TypeError(`column ${field.name} has a type without text`);
  const item = field.type.id === TYPE.Map ? pairWriter(sink, items, options) : valueWriter(sink, items, options);
  const bounds = boundsOf(vector);
  return (row) => {
    const [start, end] = bounds(row);
    sink.byte(OPEN_LIST);
    for (let at = start; at < end; at += 1) {
      if (at > start) sink.byte(COMMA);
      item(at);
    }
    sink.byte(CLOSE_LIST);
  };
}

/** Pairs, not an object: the keys of a map may repeat and need not be text. */
function pairWriter(sink: ByteSink, { children }: Vector, options: TextOptions): WriteValue {
  const [key, value] = children.map((child) => valueWriter(sink, child, options));
  return (at) => {
    sink.byte(OPEN_LIST);
    key?.(at);
    sink.byte(COMMA);
    value?.(at);
    sink.byte(CLOSE_LIST);
  };
}

export function boundsOf({ field, buffers }: Vector): (row: number) => readonly [number, number] {
  const { id, width } = field.type;
  if (id === TYPE.FixedSizeList) return (row) => [row * width, (row + 1) * width];
  const large = id === TYPE.LargeList || id === TYPE.LargeListView;
  const offsets = offsetsOf(buffers[0] ?? NOTHING, large);
  if (id === TYPE.ListView || id === TYPE.LargeListView) {
    const sizes = offsetsOf(buffers[1] ?? NOTHING, large);
    return (row) => [offsets[row] ?? 0, (offsets[row] ?? 0) + (sizes[row] ?? 0)];
  }
  return (row) => [offsets[row] ?? 0, offsets[row + 1] ?? 0];
}

/** `{"first":` and `,"next":` */
export function labelsOf(names: readonly string[]): readonly Uint8Array[] {
  return names.map((name, at) => Buffer.from(`${at === 0 ? '{' : ','}${JSON.stringify(name)}:`));
}
