/** The body of resolve and query: a dataset with parameters, or an undeclared question to a source. */
import type { FastifyRequest } from 'fastify';
import { FILE_FORMATS, ParqueueError, type CsvOptions, type FileFormat } from '@parqueue/core';
import { parseDuration, type FreshnessWish, type RawBinds, type Resolved } from '@parqueue/core/config';
import { datasetFor, requireScope } from './auth.ts';
import { directivesOf } from './caller.ts';
import type { ApiContext } from './context.ts';
import { named } from './openapi/schema.ts';

export interface QuestionBody {
  readonly dataset?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly source?: string;
  readonly path?: string;
  readonly format?: FileFormat;
  readonly csv?: Partial<CsvOptions>;
  readonly sql?: string;
  readonly binds?: RawBinds;
  readonly columns?: readonly string[];
  readonly freshness?: {
    readonly noCache?: boolean;
    readonly maxAge?: string | number;
    readonly maxStale?: string | number;
    readonly onlyIfCached?: boolean;
  };
  readonly pin?: string | number;
}

const duration = { type: ['string', 'number'], description: 'A duration such as 60s, or seconds' } as const;
const nullableText = { type: ['string', 'null'] } as const;

export const QUESTION_BODY_SCHEMA = named('Question', {
  type: 'object',
  additionalProperties: false,
  description: 'Either dataset and params, or source and path, or source and sql.',
  properties: {
    dataset: { type: 'string', maxLength: 128, description: 'Name of a declared dataset' },
    params: { type: 'object', additionalProperties: true, description: 'Parameters of the dataset by name' },
    source: { type: 'string', maxLength: 128, description: 'Name of a source that may be asked ad hoc' },
    path: { type: 'string', maxLength: 4096, description: "Below the source's root" },
    format: { type: 'string', enum: [...FILE_FORMATS], description: "The file's format; default: by its extension" },
    csv: {
      type: 'object',
      additionalProperties: false,
      description: 'How a CSV is read; what is missing or null is detected',
      properties: {
        header: { type: ['boolean', 'null'], description: 'Whether the first line names the columns' },
        delimiter: { ...nullableText, description: 'One character' },
        quote: { ...nullableText, description: 'One character; empty: none' },
        escape: { ...nullableText, description: 'One character' },
        nullText: { ...nullableText, description: 'What stands for NULL' },
      },
    },
    sql: { type: 'string', description: 'One SELECT or WITH statement, for a source that is a database' },
    binds: {
      type: ['object', 'array'],
      additionalProperties: true,
      items: {},
      description:
        'Values of the placeholders: by name, or in the order in which they first occur. A JSON value, or { type, value } '
        + 'with a type of parameters, such as { "type": "date", "value": "2026-01-31" }',
    },
    columns: { type: 'array', items: { type: 'string' }, description: 'Wanted columns in the wanted order' },
    freshness: {
      type: 'object',
      additionalProperties: false,
      description: 'Narrows or widens freshness within the policy, as the Cache-Control header does',
      properties: {
        noCache: { type: 'boolean', description: 'Verify now' },
        maxAge: { ...duration, description: `Nothing older. ${duration.description}` },
        maxStale: { ...duration, description: `So much older is good enough. ${duration.description}` },
        onlyIfCached: {
          type: 'boolean',
          description: 'Never touch the source; 504 when nothing in the cache may answer',
        },
      },
    },
    pin: {
      ...duration,
      description: 'Of /v1/resolve: keep the generation readable by path for so long; 1s to an hour',
    },
  },
  examples: [
    { dataset: 'prices', params: { market: 'xetra' } },
    { source: 'lake', path: '2026/11.csv', columns: ['id', 'word'] },
    {
      source: 'erp',
      sql: 'select * from sales where day >= :since',
      binds: { since: { type: 'date', value: '2026-01-31' } },
    },
  ],
});

/** @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNKNOWN_DATASET, PQ_UNKNOWN_SOURCE, PQ_FORBIDDEN */
export function resolveQuestion({ catalog }: ApiContext, request: FastifyRequest, body: QuestionBody): Resolved {
  const { dataset, source, path, sql, columns } = body;
  const freshness = wishOf(body, directivesOf(request).wish);
  if (dataset !== undefined) {
    const foreign = (['source', 'path', 'sql', 'binds', 'format', 'csv'] as const).find(
      (name) => body[name] !== undefined,
    );
    if (foreign !== undefined)
      throw invalid(`dataset and ${foreign} exclude each other: a dataset declares its source itself`);
    datasetFor(request.principal, catalog, dataset);
    return catalog.resolveDataset(dataset, body.params ?? {}, { columns, freshness });
  }
  if (source === undefined) throw invalid('name a dataset, or a source and a path or sql');
  requireScope(request.principal, 'adhoc');
  const { kind } = catalog.source(source);
  if (body.params !== undefined) throw invalid('params belong to a dataset; sql has binds');
  if (sql !== undefined) {
    const foreign = (['path', 'format', 'csv'] as const).find((name) => body[name] !== undefined);
    if (foreign !== undefined)
      throw invalid(`sql and ${foreign} exclude each other: one is for databases, one for files`);
    return catalog.resolveAdhoc({ source, sql, binds: body.binds, columns, freshness });
  }
  if (path === undefined)
    throw invalid(kind === 'file' ? 'name the path of the file below the source' : 'name the sql to ask the source');
  if (body.binds !== undefined) throw invalid('binds go with sql');
  return catalog.resolveAdhoc({ source, path, columns, freshness, format: body.format, csv: body.csv });
}

function wishOf({ freshness = {} }: QuestionBody, header: FreshnessWish): FreshnessWish {
  const maxAgeMs = freshness.maxAge === undefined ? header.maxAgeMs : durationMs('freshness.maxAge', freshness.maxAge);
  const maxStaleMs =
    freshness.maxStale === undefined ? header.maxStaleMs : durationMs('freshness.maxStale', freshness.maxStale);
  return { noCache: freshness.noCache ?? header.noCache, maxAgeMs, maxStaleMs };
}

/** Text with a unit, or a number of seconds. */
export function durationMs(name: string, value: string | number): number {
  const text = String(value);
  const ms = /^[0-9]{1,9}(\.[0-9]{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text);
  if (ms === null) throw invalid(`${name} must be a duration such as 250ms, 60s, 10m or 4h, or a number of seconds`);
  return ms;
}

export function invalid(message: string): ParqueueError {
  return new ParqueueError('PQ_INVALID_REQUEST', message);
}
