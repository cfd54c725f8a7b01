/** Readers of integers and floating numbers in the bytes of the machine, in either order of bytes. */
import type { ColumnType } from '../../../parquet/column-type.ts';
import type { Float32Builder, Float64Builder, Int32Builder } from '../../../parquet/columns/fixed.ts';
import type { Int64Builder } from '../../../parquet/columns/int64.ts';
import { eachOfWidth, type ColumnReader, type ColumnReading, type Wire } from './fields.ts';

/** The lowest byte first: MySQL. */
type Order = 'little' | 'big';

/** Unsigned ones of 64 bits have no reader. */
export function integerWire(bits: 8 | 16 | 32 | 64, order: Order, signed = true): Wire {
  const little = order === 'little';
  const into = ({ kind }: ColumnType): ColumnReader | null => {
    if (bits === 64) return kind === 'int64' && signed ? (reading) => readLongs(reading, little) : null;
    const at = smallAt(bits, signed, little);
    if (kind === 'int32' && (signed || bits < 32)) return (reading) => readIntegers(reading, bits / 8, at);
    return kind === 'int64' ? (reading) => readWider(reading, bits / 8, at) : null;
  };
  return { into };
}

export function floatWire(bits: 32 | 64, order: Order): Wire {
  const little = order === 'little';
  const into = ({ kind }: ColumnType): ColumnReader | null => {
    if (bits === 32) return kind === 'float32' ? (reading) => readFloats(reading, little) : null;
    return kind === 'float64' ? (reading) => readDoubles(reading, little) : null;
  };
  return { into };
}

type NumberAt = (view: DataView, at: number) => number;

function smallAt(bits: 8 | 16 | 32, signed: boolean, little: boolean): NumberAt {
  switch (bits) {
    case 8:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 16:
      return signed ? (view, at) => view.getInt16(at, little) : (view, at) => view.getUint16(at, little);
    case 32:
      return signed ? (view, at) => view.getInt32(at, little) : (view, at) => view.getUint32(at, little);
  }
}

function readIntegers(reading: ColumnReading, width: number, numberAt: NumberAt): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Int32Builder;
  eachOfWidth(reading, width, (row, start) => builder.put(row, numberAt(view, start)));
}

function readWider(reading: ColumnReading, width: number, numberAt: NumberAt): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Int64Builder;
  eachOfWidth(reading, width, (row, start) => {
    const value = numberAt(view, start);
    builder.putWords(row, value, value < 0 ? -1 : 0);
  });
}

function readLongs(reading: ColumnReading, little: boolean): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Int64Builder;
  const [low, high] = little ? [0, 4] : [4, 0];
  eachOfWidth(reading, 8, (row, start) =>
    builder.putWords(row, view.getInt32(start + low, little), view.getInt32(start + high, little)),
  );
}

function readFloats(reading: ColumnReading, little: boolean): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Float32Builder;
  eachOfWidth(reading, 4, (row, start) => builder.put(row, view.getFloat32(start, little)));
}

function readDoubles(reading: ColumnReading, little: boolean): void {
  const { view } = reading.rows;
  const builder = reading.sink.builder as Float64Builder;
  eachOfWidth(reading, 8, (row, start) => builder.put(row, view.getFloat64(start, little)));
}
