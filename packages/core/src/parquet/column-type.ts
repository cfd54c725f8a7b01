/** The column types Parqueue writes, and their Arrow counterparts. */
import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  Schema,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  Utf8,
  type DataType,
} from 'apache-arrow';
import type { ManifestColumn } from '../model/manifest.ts';

export type TimeUnit = 'ms' | 'us' | 'ns';

export type ColumnType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'float32' }
  | { readonly kind: 'float64' }
  /** 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision. */
  | { readonly kind: 'decimal128'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'utf8' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'date32' }
  /** utc: an instant; otherwise what a wall clock showed somewhere. */
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly utc: boolean };

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

export function arrowType(type: ColumnType): DataType {
  switch (type.kind) {
    case 'bool':
      return new Bool();
    case 'int32':
      return new Int32();
    case 'int64':
      return new Int64();
    case 'float32':
      return new Float32();
    case 'float64':
      return new Float64();
    case 'decimal128':
      return new Decimal(type.scale, type.precision, 128);
    case 'utf8':
      return new Utf8();
    case 'binary':
      return new Binary();
    case 'date32':
      return new DateDay();
    case 'timestamp':
      return timestampType(type);
  }
}

function timestampType({ unit, utc }: { readonly unit: TimeUnit; readonly utc: boolean }): DataType {
  const zone = utc ? 'UTC' : null;
  switch (unit) {
    case 'ms':
      return new TimestampMillisecond(zone);
    case 'us':
      return new TimestampMicrosecond(zone);
    case 'ns':
      return new TimestampNanosecond(zone);
  }
}

export function arrowSchema(columns: readonly Column[]): Schema {
  return new Schema(columns.map(({ name, type, nullable }) => new Field(name, arrowType(type), nullable)));
}

/** The type as manifests and error messages write it. */
export function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal128':
      return `decimal128(${type.precision}, ${type.scale})`;
    case 'timestamp':
      return `timestamp[${type.unit}${type.utc ? ', UTC' : ''}]`;
    default:
      return type.kind;
  }
}

export function manifestColumn(column: Column, sourceType: string): ManifestColumn {
  return { name: column.name, sourceType, type: typeName(column.type), nullable: column.nullable };
}
