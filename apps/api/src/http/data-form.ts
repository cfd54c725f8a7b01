/** How the rows are wanted: representation, window, projection and coding, from the path, the query and the headers. */
import type { FastifyRequest } from 'fastify';
import type { Manifest } from '@parqueue/core';
import { chooseCoding, type CodingChoice } from './encoding.ts';
import { chooseFormat, notOffered, type ConvertedFormat, type DataFormat } from './formats.ts';
import { HttpRefusal } from './problem.ts';

/** Rows made from the stored Parquet while they are sent. */
export interface ConvertedForm {
  readonly format: ConvertedFormat;
  /** A projection made while sending; null: all. */
  readonly columns: readonly string[] | null;
  readonly offset: number;
  /** null: all rows. */
  readonly limit: number | null;
  readonly numbers: 'exact' | 'text';
  /** What Accept-Encoding asked for; a small body may do without. */
  readonly codings: CodingChoice;
  /** Accept decided: another caller of the same URL may get another format. */
  readonly negotiated: boolean;
}

export type DataForm = { readonly format: 'parquet'; readonly negotiated: boolean } | ConvertedForm;

export interface FormQuery {
  readonly format?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly numbers?: string;
  readonly columns?: string;
  readonly at?: string;
}

const rowCount = (description: string) =>
  ({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }) as const;

export const FORM_QUERY_PROPERTIES = {
  columns: { type: 'string', description: 'Wanted columns, separated by commas, in this order' },
  limit: rowCount('At most so many rows; without it all of them. Not for Parquet'),
  offset: rowCount('Rows to pass over. Not for Parquet'),
  numbers: {
    type: 'string',
    enum: ['exact', 'string'],
    description: 'string: every int64 and decimal as text. For JSON, NDJSON and CSV',
  },
} as const;

export const FORMAT_QUERY_PROPERTY = {
  format: { type: 'string', description: 'parquet, arrow, csv, json or ndjson; wins over Accept' },
} as const;

export interface FormChoice {
  /** The format in the path, which allows no other. */
  readonly suffix?: DataFormat;
  readonly accept?: string | undefined;
  readonly acceptEncoding: string | undefined;
  /** `columns` chooses from what is stored, instead of being part of the question. */
  readonly projects?: boolean;
}

/** What the headers say about it. */
export function wishesOf({ headers }: Pick<FastifyRequest, 'headers'>): FormChoice {
  const { accept, 'accept-encoding': coding } = headers;
  return { accept, acceptEncoding: Array.isArray(coding) ? coding.join(', ') : coding };
}

/** @throws HttpRefusal 400, 406 */
export function readForm(query: FormQuery, choice: FormChoice): DataForm {
  const { suffix, accept, acceptEncoding, projects = false } = choice;
  if (query.at !== undefined)
    throw invalid('at is reserved: answers of the past are not offered, generations are (see Content-Location)');
  if (suffix !== undefined && query.format !== undefined && query.format !== suffix)
    throw invalid(`the path says ${suffix}, format says otherwise: leave format out`);
  const format = suffix ?? chooseFormat(accept, query.format);
  const negotiated = suffix === undefined && query.format === undefined;
  const codings = chooseCoding(acceptEncoding, format === 'parquet' || format === 'arrow' ? 'bytes' : 'text');
  if (format === 'parquet') {
    refuseForParquet(query, projects);
    return { format, negotiated };
  }
  if (query.numbers !== undefined && format === 'arrow')
    throw invalid('numbers is for json, ndjson and csv; Arrow carries every number in its own type: leave it out');
  return {
    format,
    columns: projects ? (readColumns(query.columns) ?? null) : null,
    offset: query.offset ?? 0,
    limit: query.limit ?? null,
    numbers: query.numbers === 'string' ? 'text' : 'exact',
    codings,
    negotiated,
  };
}

/** Parquet goes out as it is stored: its readers choose rows and columns themselves, by Range. */
function refuseForParquet(query: FormQuery, projects: boolean): void {
  const windowed = (['limit', 'offset', 'numbers'] as const).find((name) => query[name] !== undefined);
  if (windowed !== undefined)
    throw invalid(
      `${windowed} is for arrow, csv, json and ndjson; Parquet comes as it is stored: leave it out, and let the reader take the rows it needs by Range`,
    );
  if (projects && query.columns !== undefined)
    throw invalid(
      'columns here is for arrow, csv, json and ndjson; Parquet comes as it is stored: leave it out, and let the reader take the columns it needs by Range, or ask the dataset itself with columns',
    );
}

export function readColumns(columns: string | undefined): readonly string[] | undefined {
  return columns?.split(',').map((column) => column.trim());
}

/** @throws HttpRefusal 400 where the projection names what is not there, or names it twice */
export function requireColumns(form: DataForm, { columns }: Pick<Manifest, 'columns'>): void {
  if (form.format === 'parquet' || form.columns === null) return;
  const wanted = form.columns;
  const unknown = wanted.filter((name) => !columns.some((column) => column.name === name));
  const twice = wanted.filter((name, at) => wanted.indexOf(name) !== at);
  if (unknown.length > 0)
    throw invalid(`columns: ${unknown.map((name) => JSON.stringify(name)).join(', ')} not among the columns here`);
  if (twice.length > 0)
    throw invalid(`columns: ${twice.map((name) => JSON.stringify(name)).join(', ')} named more than once`);
}

/** A suffix of a dataset's name that stands for no format. */
export function refuseSuffix(suffix: string): HttpRefusal {
  return notOffered(`.${suffix}`);
}

function invalid(message: string): HttpRefusal {
  return new HttpRefusal(400, 'PQ_INVALID_REQUEST', message);
}
