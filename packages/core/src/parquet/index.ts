/** Parquet: what all sources share. */
export {
  CONVERTER_VERSION,
  openConversion,
  type Conversion,
  type ConversionFormat,
  type ConversionWish,
} from './conversion.ts';
export {
  openStatistics,
  STATISTICS_VERSION,
  type PartStatistics,
  type StatisticsWish,
} from './statistics/part-statistics.ts';
export type { ColumnStatistics, Histogram, Lengths, TopValue } from './statistics/column-statistics.ts';
export { arrowSchema, manifestColumn, typeName, type Column, type ColumnType, type TimeUnit } from './column-type.ts';
export { readFooter, readFooterOf, type FooterColumn, type ParquetFooter, type RowGroupFooter } from './footer.ts';
export { BATCH_ROWS, batchesOf, RowAppender } from './row-appender.ts';
export { writeParquetBeside } from './thread/beside.ts';
export { FileThread } from './thread/file-thread.ts';
export { writeParquetFile, type WriteOptions, type Written } from './writer.ts';
export { generateFile, type Generated, type GenerateFile } from './generate.ts';
export { GENERATED_COLUMNS, generateRows, type GenerateRows } from './generate-rows.ts';
