/**
 * How bodies are read and judged. JSON is the only body there is, and is taken at its word: "5" is not 5. Paths and query
 * strings are text, so that numbers and booleans in them are read out of it.
 */
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import type { FastifyInstance } from 'fastify';
import { HttpRefusal } from './problem.ts';

const STRICT: Options = { allErrors: true, allowUnionTypes: true, removeAdditional: false, useDefaults: false };

/** No body here has more than five levels; what walks through one goes a call deeper for each. */
const DEPTH_MAX = 32;

export function readBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    void parse(request, text, (error, value) => {
      if (error === null && isDeeper(value, DEPTH_MAX))
        done(new HttpRefusal(400, 'PQ_INVALID_REQUEST', `the body is nested deeper than ${DEPTH_MAX} levels`));
      else done(error, value);
    });
  });
  const ofBodies = new Ajv({ ...STRICT, coerceTypes: false });
  const ofTexts = new Ajv({ ...STRICT, coerceTypes: true });
  app.setValidatorCompiler<object>(({ schema, httpPart }): ValidateFunction =>
    (httpPart === 'body' ? ofBodies : ofTexts).compile(schema),
  );
}

/** Level by level, without a call for each. */
function isDeeper(value: unknown, depthMax: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= depthMax; depth += 1) {
    const below: unknown[] = [];
    for (const part of level)
      if (typeof part === 'object' && part !== null) for (const member of Object.values(part)) below.push(member);
    if (below.length === 0) return false;
    level = below;
  }
  return true;
}
