/** The catalog, and the rows of a dataset under URLs that plain readers can use. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { datasetFor, mayUseDataset } from '../auth.ts';
import { askCallOf, directivesOf } from '../caller.ts';
import type { ApiContext } from '../context.ts';
import { answerAsk } from '../data-answer.ts';
import { orNull } from '../dataset-facts.ts';
import {
  FORM_QUERY_PROPERTIES,
  FORMAT_QUERY_PROPERTY,
  readColumns,
  readForm,
  refuseSuffix,
  wishesOf,
  type DataForm,
  type FormQuery,
} from '../http/data-form.ts';
import { json, PENDING_ANSWER, rowsIn } from '../openapi/answers.ts';
import { ASK_ERRORS, READ_ERRORS } from '../openapi/errors.ts';
import { ASK_HEADERS, DATA_REQUEST_HEADERS, RANGE_HEADERS } from '../openapi/headers.ts';
import { DATA_FORMATS, MEDIA_TYPES, type DataFormat } from '../http/formats.ts';
import { asksView, askSeriesView, storedView } from '../views/asks-view.ts';
import { datasetDetails, datasetView } from '../views/dataset-view.ts';
import { entryView, type EntryView } from '../views/entry-view.ts';
import { CATALOG, DATASET_DETAILS } from '../views/dataset-schema.ts';
import { refreshOf } from '../views/refresh-view.ts';

interface DatasetRoute {
  Params: { name: string };
  Querystring: FormQuery & Readonly<Record<string, unknown>>;
}

/** Every answer of one dataset lists at most so many of its entries; /v1/entries?dataset= pages through all. */
const LATEST_ENTRIES = 20;

const FORM_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FORM_QUERY_PROPERTIES),
  ...Object.keys(FORMAT_QUERY_PROPERTY),
  'at',
]);

const NAME_PARAM = {
  type: 'object',
  properties: { name: { type: 'string', description: 'Name of the dataset', examples: ['sales'] } },
} as const;

/** The query of a dataset holds its parameters beside those that every dataset has. */
const DATASET_PARAMS = {
  description: 'Parameters of the dataset, by name; GET /v1/datasets/{name} lists them',
} as const;

/** Of all routes that load where nothing is there. */
const LOADING_NOTE = 'Parameters of the dataset go into the query. What is not in the cache needs scope `fill`.';

export function datasetRoutes(app: FastifyInstance, context: ApiContext): void {
  catalogRoutes(app, context);
  for (const format of DATA_FORMATS) suffixRoute(app, context, format);

  app.route<DatasetRoute>({
    method: ['GET', 'HEAD'],
    url: '/v1/datasets/:name/data',
    config: {
      access: 'read',
      operation: {
        id: 'getDatasetData',
        tag: 'datasets',
        summary: 'The rows, in the representation that Accept or format asks for',
        description: `${LOADING_NOTE} Answers 202 with the fill's URL when the rows are not ready within Prefer: wait.`,
        answers: { ...rowsIn(DATA_FORMATS, { prefers: true, degrades: true }), 202: PENDING_ANSWER },
        errors: READ_ERRORS,
        refusals: [406, 412, 416],
        requestHeaders: ['Accept', ...ASK_HEADERS, ...DATA_REQUEST_HEADERS, ...RANGE_HEADERS],
      },
    },
    schema: {
      params: NAME_PARAM,
      querystring: {
        type: 'object',
        properties: { ...FORM_QUERY_PROPERTIES, ...FORMAT_QUERY_PROPERTY },
        additionalProperties: DATASET_PARAMS,
      },
    },
    handler: (request, reply) => {
      const form = readForm(request.query, wishesOf(request));
      return answerDataset(context, { request, reply }, { form, neverPending: false });
    },
  });
}

function suffixRoute(app: FastifyInstance, context: ApiContext, suffix: DataFormat): void {
  app.route<DatasetRoute>({
    method: ['GET', 'HEAD'],
    url: `/v1/datasets/:name.${suffix}`,
    config: {
      access: 'read',
      operation: {
        id: `getDataset${suffix[0]?.toUpperCase()}${suffix.slice(1)}`,
        tag: 'datasets',
        summary: `The rows as ${MEDIA_TYPES[suffix].split(';')[0]}`,
        description: `${LOADING_NOTE} Never answers 202: waits until the fill's time-out, then 503.`,
        answers: rowsIn([suffix], { degrades: true }),
        errors: suffix === 'parquet' ? READ_ERRORS : ASK_ERRORS,
        refusals: suffix === 'parquet' ? [406, 412, 416] : [406, 412],
        requestHeaders: [
          'Cache-Control',
          'Parqueue-Fill',
          ...DATA_REQUEST_HEADERS,
          ...(suffix === 'parquet' ? RANGE_HEADERS : []),
        ],
      },
    },
    schema: {
      params: NAME_PARAM,
      querystring: { type: 'object', properties: FORM_QUERY_PROPERTIES, additionalProperties: DATASET_PARAMS },
    },
    handler: (request, reply) =>
      answerDataset(
        context,
        { request, reply },
        { form: readForm(request.query, { ...wishesOf(request), suffix }), neverPending: true },
      ),
  });
}

async function answerDataset(
  context: ApiContext,
  { request, reply }: { readonly request: FastifyRequest<DatasetRoute>; readonly reply: FastifyReply },
  { form, neverPending }: { readonly form: DataForm; readonly neverPending: boolean },
): Promise<FastifyReply> {
  const { name } = request.params;
  datasetFor(request.principal, context.catalog, name);
  const params = Object.fromEntries(Object.entries(request.query).filter(([key]) => !FORM_NAMES.has(key)));
  const resolved = context.catalog.resolveDataset(name, params, {
    columns: readColumns(request.query.columns),
    freshness: directivesOf(request).wish,
  });
  const asking = askCallOf({ context, request, reply }, resolved, {
    patience: neverPending ? 'until-fill-timeout' : 'preferred',
    ranges: form.format === 'parquet',
  });
  return await answerAsk({ context, request, reply, form }, asking, { neverPending });
}

function catalogRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/datasets', {
    config: {
      access: 'read',
      operation: {
        id: 'listDatasets',
        tag: 'datasets',
        summary: 'The catalog',
        answers: { 200: json(CATALOG, 'What the caller may use.') },
      },
    },
    handler: async (request) => {
      const { catalog, datasetFacts } = context;
      const datasets = catalog.datasets().filter(({ name }) => mayUseDataset(request.principal, name));
      const history = await datasetFacts.asks();
      const views = datasets.map(async (dataset) => ({
        ...datasetView(dataset),
        asks: history === null ? null : asksView(history, dataset.name),
        stored: await storedOf(context, dataset.name),
        refresh: await refreshOf(context, dataset),
      }));
      return { datasets: await Promise.all(views) };
    },
  });

  app.get<{ Params: { name: string } }>('/v1/datasets/:name', {
    config: {
      access: 'read',
      operation: {
        id: 'getDataset',
        tag: 'datasets',
        summary: 'One dataset: parameters, policy, its latest entries',
        answers: { 200: json(DATASET_DETAILS, 'The dataset.') },
        errors: ['PQ_UNKNOWN_DATASET'],
        refusals: [406],
      },
    },
    schema: { params: NAME_PARAM },
    handler: async (request) => {
      const { name } = request.params;
      const { principal } = request;
      const [base = '', suffix] = name.split('.', 2);
      const isOwn = mayUseDataset(principal, base) && context.catalog.datasets().some((one) => one.name === base);
      if (suffix !== undefined && isOwn) throw refuseSuffix(suffix);
      const dataset = datasetFor(principal, context.catalog, name);
      const [history, stored, refresh, entries] = await Promise.all([
        context.datasetFacts.asks(),
        storedOf(context, name),
        refreshOf(context, dataset),
        latestEntries(context, name),
      ]);
      const asks = history === null ? null : askSeriesView(history, name);
      return { ...datasetDetails(context.catalog, dataset), asks, stored, refresh, entries };
    },
  });
}

async function storedOf({ datasetFacts }: ApiContext, name: string) {
  const sum = await datasetFacts.stored(name);
  return sum === null ? null : storedView(sum);
}

async function latestEntries({ link, catalog }: ApiContext, dataset: string): Promise<readonly EntryView[] | null> {
  const alike = catalog.askers.alike(dataset);
  const filter = { prefix: '', dataset, alike, limit: LATEST_ENTRIES, after: null };
  const page = await orNull(async () => await link.run(({ coordination }) => coordination.entries.list(filter)));
  return page?.entries.map((entry) => ({ ...entryView(entry), dataset })) ?? null;
}
