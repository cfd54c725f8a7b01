/** Schemas of health and readiness, and of the description itself. */
import { mapOf, named, object, oneOf, text } from '../openapi/schema.ts';

export const ALIVE = named(
  'Health',
  object('The process lives.', { status: oneOf('Always.', ['ok']), version: text('Of this server.', '0.1.0') }),
);

export const READINESS = named(
  'Readiness',
  object('Whether requests can be answered.', {
    status: oneOf(
      'Whether they can. `degraded`: Redis cannot be used, and older answers are given from the store where policies allow it.',
      ['ok', 'degraded', 'unready'],
    ),
    checks: object('`ok`, or what is wrong.', { redis: text('Of Redis.', 'ok'), store: text('Of the store.', 'ok') }),
  }),
);

export const OPENAPI = mapOf(true, 'An OpenAPI 3.1 document.');
