/**
 * The columns of a Parquet schema in the words of Arrow: `int64`, `decimal128(18, 2)`, `timestamp[us, UTC]`,
 * `list<utf8>`. Parquet stores the schema as a flat list in depth-first order (SchemaElement in parquet.thrift).
 */
import type { ThriftStruct, ThriftValue } from './thrift.ts';

export interface FooterColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

interface Walk {
  readonly elements: readonly ThriftStruct[];
  at: number;
}

const PHYSICAL = ['bool', 'int32', 'int64', 'timestamp[ns]', 'float32', 'float64', 'binary', 'fixed_size_binary'];
const UNITS: Readonly<Record<number, string>> = { 1: 'ms', 2: 'us', 3: 'ns' };
const REPEATED = 2;
const DEPTH_MAX = 100;

export function columnsOf(elements: readonly ThriftStruct[]): readonly FooterColumn[] {
  const walk: Walk = { elements, at: 1 };
  const root = elements[0];
  if (root === undefined) throw new RangeError('its schema is empty');
  return Array.from({ length: childrenOf(root) }, () => columnAt(walk, 0));
}

function columnAt(walk: Walk, depth: number): FooterColumn {
  const element = walk.elements[walk.at];
  if (element === undefined || depth > DEPTH_MAX) throw new RangeError('its schema ends early');
  walk.at += 1;
  const repetition = element.get(3) ?? 0;
  const inner = childrenOf(element) > 0 ? groupType(element, walk, depth) : leafType(element);
  const type = repetition === REPEATED ? `list<${inner}>` : inner;
  return { name: text(element.get(4)), type, nullable: repetition === 1 };
}

function groupType(element: ThriftStruct, walk: Walk, depth: number): string {
  const children = Array.from({ length: childrenOf(element) }, () => columnAt(walk, depth + 1));
  const logical = logicalOf(element);
  const converted = element.get(6);
  const only = children[0];
  if ((logical?.has(3) ?? converted === 3) && only !== undefined) return listType(only);
  if (logical?.has(2) ?? (converted === 1 || converted === 2)) return `map<${only?.type ?? ''}>`;
  return `struct<${children.map((child) => `${child.name}: ${child.type}`).join(', ')}>`;
}

/** The three-level form: a repeated group of one field around the element. */
function listType(repeated: FooterColumn): string {
  const wrapped = /^list<struct<[^:<>]+: (.*)>>$/s.exec(repeated.type);
  return wrapped === null ? repeated.type : `list<${wrapped[1]}>`;
}

function leafType(element: ThriftStruct): string {
  const logical = logicalOf(element);
  return (logical === null ? null : logicalType(logical)) ?? convertedType(element) ?? physicalType(element);
}

function physicalType(element: ThriftStruct): string {
  const name = PHYSICAL[numberOr(element.get(1), -1)];
  if (name === undefined) throw new RangeError('its schema has a column without a type');
  return name === 'fixed_size_binary' ? `fixed_size_binary(${numberOr(element.get(2), 0)})` : name;
}

function logicalType(logical: ThriftStruct): string | null {
  const [[kind, raw] = [0, false]] = logical;
  const detail: ThriftStruct = raw instanceof Map ? raw : new Map();
  switch (kind) {
    case 1:
    case 4:
    case 12:
      return 'utf8';
    case 5:
      return `decimal128(${numberOr(detail.get(2), 0)}, ${numberOr(detail.get(1), 0)})`;
    case 6:
      return 'date32';
    case 7:
      return `time${unitOf(detail) === 'ms' ? 32 : 64}[${unitOf(detail)}]`;
    case 8:
      return `timestamp[${unitOf(detail)}${detail.get(1) === true ? ', UTC' : ''}]`;
    case 10:
      return `${detail.get(2) === true ? '' : 'u'}int${numberOr(detail.get(1), 0)}`;
    case 11:
      return 'null';
    case 14:
      return 'uuid';
    case 15:
      return 'float16';
    default:
      return null;
  }
}

/** The types of older writers (ConvertedType); newer ones write both. Their times count in UTC by definition. */
function convertedType(element: ThriftStruct): string | null {
  switch (element.get(6)) {
    case 0:
    case 4:
    case 19:
      return 'utf8';
    case 5:
      return `decimal128(${numberOr(element.get(8), 0)}, ${numberOr(element.get(7), 0)})`;
    case 6:
      return 'date32';
    case 7:
      return 'time32[ms]';
    case 8:
      return 'time64[us]';
    case 9:
      return 'timestamp[ms, UTC]';
    case 10:
      return 'timestamp[us, UTC]';
    case 11:
      return 'uint8';
    case 12:
      return 'uint16';
    case 13:
      return 'uint32';
    case 14:
      return 'uint64';
    case 15:
      return 'int8';
    case 16:
      return 'int16';
    case 17:
      return 'int32';
    case 18:
      return 'int64';
    default:
      return null;
  }
}

function unitOf(detail: ThriftStruct): string {
  const unit = detail.get(2);
  const [[kind] = [2]] = unit instanceof Map ? (unit as ThriftStruct) : new Map<number, ThriftValue>();
  return UNITS[kind] ?? 'us';
}

function logicalOf(element: ThriftStruct): ThriftStruct | null {
  const logical = element.get(10);
  return logical instanceof Map && logical.size > 0 ? (logical as ThriftStruct) : null;
}

function childrenOf(element: ThriftStruct): number {
  return numberOr(element.get(5), 0);
}

function numberOr(value: ThriftValue | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}

function text(value: ThriftValue | undefined): string {
  if (!(value instanceof Uint8Array)) throw new RangeError('its schema has a column without a name');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}
