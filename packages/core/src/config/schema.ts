/**
 * The shape of the configuration file, with defaults and descriptions: the one source of both the checks and the
 * published JSON Schema. What needs more than one value to judge is in datasets.ts and load.ts.
 */
import * as z from 'zod';
import { COMPRESSIONS, FILE_FORMATS, PARAM_TYPES } from '../model/request.ts';
import { API_SCOPES } from './config.ts';
import {
  columnList,
  duration,
  fileMode,
  flag,
  mapping,
  name,
  NAME_PATTERN,
  oneCharacter,
  paramScalar,
  percent,
  port,
  positive,
  says,
  size,
  text,
} from './schema-values.ts';

const listenSchema = (defaultPort: number, what: string) =>
  z
    .strictObject(
      {
        host: text('a host name or address')
          .prefault('127.0.0.1')
          .describe('Address to listen on. Anything but loopback needs auth.apiKeys.'),
        port: port.prefault(defaultPort).describe('TCP port; 0 takes any free one.'),
      },
      mapping,
    )
    .prefault({})
    .describe(what);

const storeSchema = z
  .strictObject(
    {
      root: text('the folder of the store')
        .prefault('./var/store')
        .describe("Folder of the cache, on the filesystem all hosts share. Relative to this file's folder."),
      quota: size.optional().describe('Bytes the store may hold. Accepted, not acted on yet.'),
      retention: z
        .strictObject(
          {
            generations: positive.prefault(3).describe('Generations kept per entry, the current one included.'),
            maxAge: duration
              .prefault('7d')
              .describe('Generations replaced longer ago than this are removed, however few there are.'),
            grace: duration.prefault('10m').describe('A replaced generation stays readable at least this long.'),
          },
          mapping,
        )
        .prefault({})
        .describe('When replaced generations are removed.'),
      fileMode: fileMode.prefault('0640').describe('Permission bits of published files, octal, in quotes.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Where generations are kept, and for how long.');

const redisSchema = z
  .strictObject(
    {
      url: z
        .string(says('a URL such as redis://host:6379/0'))
        .refine(
          (value) => value === '' || /^rediss?:\/\/.+/.test(value),
          says('a URL such as redis://host:6379/0 or rediss://…'),
        )
        .optional()
        .describe('Redis of the cluster. Not given, empty, or an unset ${REDIS_URL}: an embedded Redis.'),
      durable: flag.prefault(true).describe('Refuse a Redis without persistence. Set false to accept one.'),
    },
    mapping,
  )
  .prefault({})
  .describe('The coordination state.');

const apiKeySchema = z.strictObject(
  {
    name: text('a name for the key, for logs'),
    sha256: z
      .string(says('the SHA-256 of the key, 64 hex digits'))
      .regex(/^[0-9a-fA-F]{64}$/, says('the SHA-256 of the key, 64 hex digits; `parqueue key new` prints it'))
      .transform((hex) => hex.toLowerCase())
      .describe("SHA-256 of the key's text, hex. `parqueue key new` prints key and hash."),
    scopes: z
      .array(z.enum(API_SCOPES, says('read, fill, adhoc or admin')), says('a list such as [read, fill]'))
      .min(1, says('a list with at least one scope, such as [read]'))
      .describe('read: cached rows. fill: also start loads. adhoc: also undeclared questions. admin: also manage.'),
    datasets: z
      .array(text('a dataset name or pattern such as "sales_*"'), says('a list of dataset names or patterns'))
      .prefault(['*'])
      .describe('Datasets the key may use; * stands for any characters.'),
  },
  mapping,
);

const authSchema = z
  .strictObject(
    {
      apiKeys: z
        .array(apiKeySchema, says('a list of keys'))
        .prefault([])
        .describe('Without keys only loopback addresses may be listened on.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Who may ask.');

const limitsSchema = z
  .strictObject(
    {
      rows: positive.prefault(2e9).describe('Rows of one fill.'),
      bytes: size.prefault('200GiB').describe('Bytes of one generation.'),
      sqlBytes: size.prefault('64KiB').describe('Bytes of one statement.'),
      queuePerSource: positive
        .prefault(1000)
        .describe('Jobs that may wait per source; more are refused with PQ_QUEUE_FULL.'),
      waiters: positive.prefault(10_000).describe('Requests that may wait in one API process.'),
      fillTimeout: duration.prefault('4h').describe('Duration of one fill.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Everything has a limit; beyond it requests fail at once with a code.');

const workerSchema = z
  .strictObject(
    {
      listen: listenSchema(8788, 'Health and metrics of the worker.'),
      threads: positive.prefault(2).describe('Loads and probes run in this many threads per worker process.'),
      threadMemory: size.prefault('1GiB').describe('Memory limit of one thread.'),
      leaseTtl: duration
        .refine((ms) => ms >= 1000, says('a duration of at least 1s'))
        .prefault('30s')
        .describe('A fill whose worker is silent this long may be taken over. Renewed three times as often.'),
      drain: z
        .strictObject(
          {
            finish: duration
              .prefault('10m')
              .describe('On SIGTERM running loads may finish for this long; then they are handed on.'),
          },
          mapping,
        )
        .prefault({})
        .describe('What a stopping worker does.'),
      scratch: text('a folder')
        .optional()
        .describe("Folder for private copies while files are loaded. Default: the system's temporary folder."),
    },
    mapping,
  )
  .prefault({})
  .describe('Worker processes.');

export const FILE_VERSION_KINDS = ['checksum', 'ttl', 'manual'] as const;

const freshnessFields = {
  version: z
    .enum(FILE_VERSION_KINDS, says('checksum, ttl or manual (a file source has no other versions)'))
    .prefault('checksum')
    .describe('checksum: SHA-256 of the file. ttl: right for maxAge, unasked. manual: right until invalidated.'),
  maxAge: duration
    .prefault(0)
    .describe('Answer without asking the source up to this age. 0, the default, verifies on every request.'),
  staleWhileRevalidate: duration
    .prefault(0)
    .describe('Beyond maxAge: answer what was there while the changed source is loaded behind.'),
  staleIfError: duration.prefault(0).describe('Beyond maxAge: answer what was there when the source cannot be asked.'),
};

const freshnessSchema = z
  .strictObject(freshnessFields, mapping)
  .refine((freshness) => freshness.version !== 'ttl' || freshness.maxAge > 0, {
    path: ['maxAge'],
    error: 'is needed with version: ttl; write how long an answer stays right, such as maxAge: 10m',
  });

export const fileSourceSchema = z.strictObject(
  {
    kind: z.literal('file'),
    root: text('the folder with the files').describe(
      "Nothing outside this folder is ever read. Relative to this file's folder.",
    ),
    maxConcurrentFills: positive.prefault(2).describe('Loads of this source at one time, in the whole cluster.'),
    maxConcurrentProbes: positive
      .prefault(4)
      .describe('Version checks of this source at one time, in the whole cluster.'),
    adhoc: z
      .union([z.boolean(), freshnessSchema], says('true, or a mapping such as { maxAge: 5m }'))
      .optional()
      .describe(
        'Allow questions that no dataset declares. true: strict; a mapping: with this freshness. Refused where it is not given.',
      ),
  },
  mapping,
);

export const SUPPORTED_SOURCE_KINDS = ['file'] as const;

export const paramSchema = z.strictObject(
  {
    type: z.enum(PARAM_TYPES, says(`one of ${PARAM_TYPES.join(', ')}`)),
    description: z.string(says('text')).optional(),
    required: flag.optional().describe('Default: true unless there is a default.'),
    default: paramScalar('a value of the type').optional(),
    enum: z
      .array(paramScalar('a value of the type'), says('a list of values'))
      .min(1, says('a list with at least one value'))
      .optional()
      .describe('The only values allowed.'),
    pattern: text('a regular expression')
      .optional()
      .describe('For type string: a regular expression that the whole value must match.'),
    min: paramScalar('a value of the type').optional().describe('For numbers, dates and timestamps.'),
    max: paramScalar('a value of the type').optional().describe('For numbers, dates and timestamps.'),
    maxLength: positive.prefault(255).describe('For type string: characters.'),
  },
  mapping,
);

export const csvSchema = z.strictObject(
  {
    header: flag.optional().describe('Whether the first line names the columns. Detected where it is not given.'),
    delimiter: oneCharacter('one character')
      .optional()
      .describe('Between values. Detected where it is not given; a tab for .tsv.'),
    quote: z
      .union([z.literal(''), oneCharacter('one character, or "" for none')], says('one character, or "" for none'))
      .optional()
      .describe('Around values; "" for none.'),
    escape: oneCharacter('one character').optional().describe('Before a quote inside a quoted value.'),
    nullText: z.string(says('text')).optional().describe('The text that means NULL.'),
  },
  mapping,
);

export const datasetSchema = z.strictObject(
  {
    source: name.describe('Name of the source.'),
    description: z.string(says('text')).optional(),
    path: text("the file's path below the source's root, such as prices/{market}.csv").describe(
      "Path below the source's root; {name} is replaced by a parameter.",
    ),
    format: z
      .enum(FILE_FORMATS, says(`one of ${FILE_FORMATS.join(', ')}`))
      .optional()
      .describe("Default: by the path's extension."),
    csv: csvSchema.optional().describe('How a CSV is read.'),
    params: z.record(z.string(), paramSchema, mapping).prefault({}).describe('Typed parameters by name.'),
    select: columnList.optional().describe('Columns of the answer, in this order. Default: all.'),
    columns: z
      .record(z.string(), text('a column type such as decimal(18,2)'), mapping)
      .prefault({})
      .describe('Types by column, where the file does not tell them.'),
    freshness: freshnessSchema.prefault({}).describe('Strict where it is not given.'),
    parquet: z
      .strictObject(
        {
          compression: z.enum(COMPRESSIONS, says(`one of ${COMPRESSIONS.join(', ')}`)).prefault('zstd'),
          rowGroupRows: positive.prefault(1_000_000).describe('Rows per row group at most.'),
        },
        mapping,
      )
      .prefault({})
      .describe('How the Parquet is written.'),
    refresh: z
      .strictObject(
        {
          every: duration
            .refine((ms) => ms > 0, says('a duration such as 15m'))
            .describe('Interval between refreshes.'),
          jitter: percent.prefault('0%').describe('Share of the interval by which refreshes are spread.'),
        },
        mapping,
      )
      .optional()
      .describe('Accepted and kept, not acted on yet.'),
  },
  mapping,
);

const sourceSchema = z.discriminatedUnion('kind', [fileSourceSchema], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? 'must be a kind this release supports: file'
      : 'must be a mapping with a kind, such as { kind: file, root: ./data }',
});

export const configSchema = z
  .strictObject(
    {
      listen: listenSchema(8787, 'Where the API listens.'),
      store: storeSchema,
      redis: redisSchema,
      auth: authSchema,
      limits: limitsSchema,
      worker: workerSchema,
      sources: z
        .record(z.string().regex(NAME_PATTERN), sourceSchema, mapping)
        .prefault({})
        .describe('Systems of record by name.'),
      datasets: z
        .record(z.string().regex(NAME_PATTERN), datasetSchema, mapping)
        .prefault({})
        .describe('Declared questions by name.'),
    },
    mapping,
  )
  .describe('Configuration of Parqueue');

export type ConfigInput = z.output<typeof configSchema>;
export type DatasetInput = z.output<typeof datasetSchema>;
export type ParamInput = DatasetInput['params'][string];
export type FreshnessInput = z.output<typeof freshnessSchema>;
