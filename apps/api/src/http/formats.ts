/** The representations of a data answer, their media types, and the choice among them (RFC 9110 section 12). */
import { HttpRefusal } from './problem.ts';

export const DATA_FORMATS = ['parquet', 'json', 'ndjson', 'csv'] as const;
export type DataFormat = (typeof DATA_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<DataFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

const BY_TYPE: ReadonlyMap<string, DataFormat> = new Map([
  ['application/vnd.apache.parquet', 'parquet'],
  ['application/parquet', 'parquet'],
  ['application/x-parquet', 'parquet'],
  ['application/octet-stream', 'parquet'],
  ['application/*', 'parquet'],
  ['*/*', 'parquet'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['text/csv', 'csv'],
  ['text/*', 'csv'],
]);

export function isDataFormat(text: string): text is DataFormat {
  return DATA_FORMATS.some((format) => format === text);
}

/** @throws HttpRefusal 406 naming what is offered. */
export function chooseFormat(accept: string | undefined, wanted: string | undefined): DataFormat {
  if (wanted !== undefined) {
    if (isDataFormat(wanted)) return wanted;
    throw notOffered(`format ${JSON.stringify(wanted)}`);
  }
  if (accept === undefined || accept.trim() === '') return 'parquet';
  let best: { readonly format: DataFormat; readonly quality: number; readonly precision: number } | null = null;
  for (const part of accept.split(',')) {
    const [type = '', ...params] = part.split(';').map((text) => text.trim().toLowerCase());
    const format = BY_TYPE.get(type);
    const quality = qualityOf(params);
    if (format === undefined || quality === 0) continue;
    // Of equal qualities the more precise range wins: `application/json, */*` is a wish for JSON.
    const precision = type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2;
    if (best === null || quality > best.quality || (quality === best.quality && precision > best.precision)) {
      best = { format, quality, precision };
    }
  }
  if (best === null) throw notOffered(`a type matching Accept: ${accept}`);
  return best.format;
}

function qualityOf(params: readonly string[]): number {
  const q = params.find((param) => param.startsWith('q='));
  if (q === undefined) return 1;
  const value = Number(q.slice(2));
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 1) : 1;
}

export function notOffered(wanted: string): HttpRefusal {
  return new HttpRefusal(
    406,
    'PQ_INVALID_REQUEST',
    `${wanted} is not offered; ask for one of ${DATA_FORMATS.join(', ')}`,
    {
      details: { offered: DATA_FORMATS },
    },
  );
}
