/** A CSV, cold: Parqueue's fill against DuckDB's COPY. */
import { textFill } from '../files/text-fill.ts';
import { atLeast, type Section } from '../section.ts';

export const csvFill: Section = {
  name: 'csv-fill',
  title: 'CSV fill',
  about:
    'One CSV of ten mixed columns. Floor: DuckDB COPY of the same file to Parquet (zstd), with all that it does by itself. Parqueue: private copy, SHA-256 of it, types that hold '
    + 'for all rows and lose nothing of any text, Parquet (zstd), SHA-256 of it, fsync, manifest, publication.',
  goals: [atLeast('overCopy', 0.9, '≥ 0.9 of DuckDB COPY')],
  run: (bench) => textFill(bench, 'csv', { writing: 'FORMAT csv, HEADER', reading: (path) => `read_csv('${path}')` }),
};
