/** Parquet files for tests of conversions, and what becomes of them. */
import { statSync, writeFileSync } from 'node:fs';
import { tableToIPC, type Table } from 'apache-arrow';
import * as parquet from 'parquet-wasm';
import { openConversion, type ConversionWish } from '../parquet/conversion.ts';

export interface Converted {
  readonly bytes: Buffer;
  readonly chunks: readonly Uint8Array[];
  readonly rows: number;
  readonly rowsTotal: number;
}

/** Writes the table, and wishes all of it as JSON. */
export function writeTable(path: string, table: Table, rowGroupRows = 1000): ConversionWish {
  const properties = new parquet.WriterPropertiesBuilder().setMaxRowGroupSize(rowGroupRows).build();
  writeFileSync(path, parquet.writeParquet(parquet.Table.fromIPCStream(tableToIPC(table, 'stream')), properties));
  return wishFor(path);
}

export function wishFor(path: string): ConversionWish {
  return {
    path,
    bytes: statSync(path).size,
    format: 'json',
    columns: null,
    offset: 0,
    limit: null,
    numbers: 'exact',
  };
}

export async function convert(wish: ConversionWish): Promise<Converted> {
  await using conversion = await openConversion(wish);
  const chunks: Uint8Array[] = [];
  for await (const chunk of conversion.chunks()) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), chunks, rows: conversion.rows, rowsTotal: conversion.rowsTotal };
}

export async function convertToText(wish: ConversionWish): Promise<string> {
  return (await convert(wish)).bytes.toString();
}
