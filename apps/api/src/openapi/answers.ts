/** What a route promises to answer, in the words that routes use; document.ts makes OpenAPI of it. */
import type { ErrorCode } from '@parqueue/core';
import { MEDIA_TYPES, type DataFormat } from '../http/formats.ts';
import { DATA_HEADERS, type AnswerHeader, type RequestHeader } from './headers.ts';
import { PENDING } from '../views/fill-schema.ts';
import { text, type Schema } from './schema.ts';

export interface Answer {
  readonly description: string;
  readonly headers: readonly AnswerHeader[];
  /** By media type; empty: no body. */
  readonly content: Readonly<Record<string, Schema>>;
  /** Under this name in `components`, for answers that many routes give. */
  readonly shared?: string;
}

/** Beside what its parameters and body are. */
export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes answered with their own status (http/problem.ts). What every route of its kind can meet is added. */
  readonly errors?: readonly ErrorCode[];
  /** Codes met only while a body is being made; HEAD has none. */
  readonly bodyErrors?: readonly ErrorCode[];
  /** Statuses that HTTP itself decides. */
  readonly refusals?: readonly (406 | 412 | 416)[];
  readonly requestHeaders?: readonly RequestHeader[];
}

export function json(schema: Schema, description: string, headers: readonly AnswerHeader[] = []): Answer {
  return { description, headers, content: { 'application/json': schema } };
}

export function empty(description: string, headers: readonly AnswerHeader[] = []): Answer {
  return { description, headers, content: {} };
}

/** The rows are not ready. */
export const PENDING_ANSWER: Answer = {
  ...json(PENDING, 'Not ready within `Prefer: wait`: come back.', [
    'Location',
    'Retry-After',
    'Cache-Control',
    'Parqueue-Fill',
    'Preference-Applied',
  ]),
  shared: 'NotReady',
};

const ROWS: Readonly<Record<DataFormat, Schema>> = {
  parquet: { description: 'The stored file.', contentMediaType: 'application/vnd.apache.parquet' },
  arrow: { description: 'An Arrow IPC stream.', contentMediaType: 'application/vnd.apache.arrow.stream' },
  json: {
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      'One object a row. Whole numbers and decimals that no double holds exactly are text, timestamps keep their microseconds, '
      + 'bytes are base64, NaN and the infinities are text.',
  },
  ndjson: text('One JSON object a line, as in JSON.', '{"id":1,"amount":12.5}\n'),
  csv: text('RFC 4180 with a header. NULL is empty, the empty text is "".', 'id,word\r\n1,one\r\n'),
};

/** The answers of a route that sends rows in these forms; ranges are of Parquet. */
export function rowsIn(
  formats: readonly DataFormat[],
  wish: { readonly immutable?: boolean; readonly prefers?: boolean; readonly degrades?: boolean } = {},
): Record<number, Answer> {
  const { immutable = false, prefers = false, degrades = false } = wish;
  const content = Object.fromEntries(formats.map((format) => [bareType(MEDIA_TYPES[format]), ROWS[format]]));
  const parquet = formats.includes('parquet');
  const converted = formats.some((format) => format !== 'parquet');
  const coded = formats.some((format) => format !== 'parquet' && format !== 'arrow');
  const common: readonly AnswerHeader[] = [
    ...DATA_HEADERS,
    ...(immutable ? [] : (['Age'] as const)),
    ...(degrades ? (['Parqueue-Degraded'] as const) : []),
    ...(prefers ? (['Preference-Applied'] as const) : []),
  ];
  const answered: readonly AnswerHeader[] = [
    ...common,
    'Content-Length',
    ...(parquet ? (['Content-Location', 'Repr-Digest'] as const) : []),
    ...(converted ? (['Link'] as const) : []),
    ...(coded ? (['Content-Encoding'] as const) : []),
  ];
  const part = {
    description: 'One range of the Parquet file.',
    shared: 'Range',
    headers: [...common, 'Content-Location', 'Repr-Digest', 'Content-Length', 'Content-Range'],
    content: { [MEDIA_TYPES.parquet]: ROWS.parquet },
  } as const satisfies Answer;
  return {
    200: { description: 'The rows.', shared: 'Rows', headers: answered, content },
    ...(parquet ? { 206: part } : {}),
    304: {
      ...empty('The caller has them already.', parquet ? [...common, 'Content-Location'] : common),
      shared: 'NotModified',
    },
  };
}

/** Without its parameters, as documents name a media type. */
export function bareType(type: string): string {
  return type.split(';')[0] ?? '';
}
