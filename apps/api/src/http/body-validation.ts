/**
 * How schemas judge requests. A body of JSON has types, and is taken at its word: "5" is not 5. Paths and query strings
 * are text, so that numbers and booleans in them are read out of it.
 */
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';

const STRICT: Options = { allErrors: true, allowUnionTypes: true, removeAdditional: false, useDefaults: false };

export function schemaValidator(): FastifySchemaCompiler<object> {
  const ofBodies = new Ajv({ ...STRICT, coerceTypes: false });
  const ofTexts = new Ajv({ ...STRICT, coerceTypes: true });
  return ({ schema, httpPart }): ValidateFunction => (httpPart === 'body' ? ofBodies : ofTexts).compile(schema);
}
