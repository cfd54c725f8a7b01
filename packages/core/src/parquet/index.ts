/** Parquet: what all sources share. */
export { readFooter, readFooterOf, type FooterColumn, type ParquetFooter, type RowGroupFooter } from './footer.ts';
export { readRows, type RowsText, type RowsWish } from './read-rows.ts';
export type { RowsFormat } from './row-texts.ts';
