/** The shape of what servers tell of themselves: `log` and `telemetry`. */
import * as z from 'zod';
import { LOG_LEVELS } from './config.ts';
import { mapping, percent, says, text } from './schema-values.ts';

export const logSchema = z
  .strictObject(
    {
      level: z
        .enum(LOG_LEVELS, says('debug, info, warn, error or silent'))
        .prefault('info')
        .describe('Least level that is written. debug has a line for every step, those of warm answers included.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Log lines, JSON on standard error.');

const tracesSchema = z.strictObject(
  {
    url: z
      .string(says('a URL such as http://collector:4318/v1/traces'))
      .regex(/^https?:\/\/.+/, says('a URL such as http://collector:4318/v1/traces'))
      .describe('Where a collector takes OTLP over HTTP, path included.'),
    ratio: percent
      .prefault('100%')
      .describe('Of the traces that begin here. A caller who sends traceparent has decided about its own.'),
    headers: z
      .record(z.string(), text('a header value'), mapping)
      .prefault({})
      .describe('Sent with each export, such as authorization. Secret.'),
  },
  mapping,
);

export const telemetrySchema = z
  .strictObject(
    {
      traces: tracesSchema
        .optional()
        .describe('OpenTelemetry traces. Off unless given here or by OTEL_EXPORTER_OTLP_ENDPOINT.'),
    },
    mapping,
  )
  .prefault({})
  .describe('What is told to others besides metrics.');
