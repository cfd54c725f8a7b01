/** An NDJSON, cold: Parqueue's fill against DuckDB's COPY. */
import { textFill } from '../files/text-fill.ts';
import { atLeast, type Section } from '../section.ts';

export const ndjsonFill: Section = {
  name: 'ndjson-fill',
  title: 'NDJSON fill',
  about:
    'One NDJSON of ten mixed columns. Floor: DuckDB COPY of the same file to Parquet (zstd). Parqueue: private copy, SHA-256 of it, types that hold for all rows, '
    + 'Parquet (zstd), SHA-256 of it, fsync, manifest, publication.',
  goals: [atLeast('overCopy', 0.9, '≥ 0.9 of DuckDB COPY')],
  run: (bench) =>
    textFill(bench, 'ndjson', {
      writing: 'FORMAT json',
      reading: (path) => `read_json('${path}', format = 'newline_delimited')`,
    }),
};
