/** How the rows are wanted: representation and window, from the path's suffix, the query and Accept. */
import type { RowsFormat } from '@parqueue/core/parquet';
import { chooseFormat, notOffered, type DataFormat } from './formats.ts';
import { HttpRefusal } from './problem.ts';

export type DataForm =
  | { readonly format: 'parquet' }
  | {
      readonly format: RowsFormat;
      readonly offset: number;
      readonly limit: number;
      readonly numbers: 'exact' | 'text';
    };

export interface FormQuery {
  readonly format?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly numbers?: string;
  readonly columns?: string;
  readonly at?: string;
}

/** A look, not a download: Parquet is for that. */
export const ROWS_DEFAULT = 1_000;
export const ROWS_MAX = 10_000;

export const FORM_QUERY_PROPERTIES = {
  columns: { type: 'string', description: 'Wanted columns, separated by commas, in this order' },
  limit: {
    type: 'integer',
    minimum: 0,
    maximum: ROWS_MAX,
    description: `Rows of a JSON, NDJSON or CSV answer; default ${ROWS_DEFAULT}`,
  },
  offset: { type: 'integer', minimum: 0, description: 'Rows to pass over in a JSON, NDJSON or CSV answer' },
  numbers: { type: 'string', enum: ['exact', 'string'], description: 'string: every int64 and decimal as text' },
} as const;

export const FORMAT_QUERY_PROPERTY = {
  format: { type: 'string', description: 'parquet, json, ndjson or csv; wins over Accept' },
} as const;

/** @param suffix the format in the path, which allows no other */
export function readForm(
  query: FormQuery,
  choice: { readonly suffix: DataFormat } | { readonly accept: string | undefined },
): DataForm {
  if (query.at !== undefined)
    throw new HttpRefusal(
      400,
      'PQ_INVALID_REQUEST',
      'at is reserved: answers of the past are not offered, generations are (see Content-Location)',
    );
  if ('suffix' in choice && query.format !== undefined && query.format !== choice.suffix) {
    throw new HttpRefusal(
      400,
      'PQ_INVALID_REQUEST',
      `the path says ${choice.suffix}, format says otherwise: leave format out`,
    );
  }
  const format = 'suffix' in choice ? choice.suffix : chooseFormat(choice.accept, query.format);
  if (format !== 'parquet') {
    return {
      format,
      offset: query.offset ?? 0,
      limit: query.limit ?? ROWS_DEFAULT,
      numbers: query.numbers === 'string' ? 'text' : 'exact',
    };
  }
  const windowed = (['limit', 'offset', 'numbers'] as const).find((name) => query[name] !== undefined);
  if (windowed !== undefined)
    throw new HttpRefusal(
      400,
      'PQ_INVALID_REQUEST',
      `${windowed} is for json, ndjson and csv; Parquet comes whole (or use Range)`,
    );
  return { format };
}

export function readColumns(columns: string | undefined): readonly string[] | undefined {
  return columns?.split(',').map((column) => column.trim());
}

/** `.arrow` is a suffix we know and do not offer. */
export function refuseSuffix(suffix: string): HttpRefusal {
  return notOffered(`.${suffix}`);
}
