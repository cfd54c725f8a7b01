/** Parquet: what all sources share. */
export { readFooter, readFooterOf, type FooterColumn, type ParquetFooter, type RowGroupFooter } from './footer.ts';
