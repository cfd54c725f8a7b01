/**
 * The shape of the configuration file, with defaults and descriptions: the one source of both the checks and the
 * published JSON Schema. Sources and datasets are in files of their own; what needs more than one value to judge is in
 * source.ts, datasets.ts and load.ts.
 */
import * as z from 'zod';
import { authSchema } from './schema-auth.ts';
import { datasetSchema } from './schema-datasets.ts';
import { sourceSchema } from './schema-sources.ts';
import { storeSchema } from './schema-store.ts';
import { logSchema, telemetrySchema } from './schema-telemetry.ts';
import { duration, flag, mapping, NAME_PATTERN, port, positive, says, size, text } from './schema-values.ts';

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

/** Passwords come from files and variables as they are, and some of what generators make is no part of a URL. */
function isReadable(url: string): boolean {
  try {
    const { username, password } = new URL(url);
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

const redisSchema = z
  .strictObject(
    {
      url: z
        .string(says('a URL such as redis://host:6379/0'))
        .refine(
          (value) => value === '' || /^rediss?:\/\/.+/.test(value),
          says('a URL such as redis://host:6379/0 or rediss://…'),
        )
        .refine(
          (value) => !/^rediss?:\/\/.+/.test(value) || isReadable(value),
          says('a URL; in a password write / as %2F, # as %23, ? as %3F, % as %25'),
        )
        .optional()
        .describe('Redis of the cluster. Not given, empty, or an unset ${REDIS_URL}: an embedded Redis.'),
      durable: flag.prefault(true).describe('Refuse a Redis without persistence. Set false to accept one.'),
    },
    mapping,
  )
  .prefault({})
  .describe('The coordination state.');

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
      connections: positive.prefault(12_000).describe('Connections that one API process accepts.'),
      fillTimeout: duration
        // A timer that is set to more than 2^31 - 1 ms is over at once.
        .refine((ms) => ms > 0 && ms < 2 ** 31, says('a duration from 1ms to 24d'))
        .prefault('4h')
        .describe('Duration of one fill.'),
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

export const configSchema = z
  .strictObject(
    {
      listen: listenSchema(8787, 'Where the API listens.'),
      store: storeSchema,
      redis: redisSchema,
      auth: authSchema,
      limits: limitsSchema,
      worker: workerSchema,
      log: logSchema,
      telemetry: telemetrySchema,
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
