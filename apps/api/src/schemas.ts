/** Pieces of JSON Schema shared by the routes. Answers' schemas document; they do not filter what is sent. */

export const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;

export const DATA_HEADERS_NOTE =
  'Carries ETag, Last-Modified, Age, Cache-Control, Cache-Status, Repr-Digest, Content-Location and Parqueue-* headers; '
  + 'honours If-None-Match, If-Modified-Since, Range and If-Range, and the request directives no-cache, max-age, max-stale and only-if-cached.';

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem (RFC 9457) with a stable code',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Such as PQ_UNKNOWN_DATASET' },
    retryable: { type: 'boolean' },
    instance: { type: 'string' },
    requestId: { type: 'string' },
  },
  additionalProperties: true,
} as const;

/** Responses by status: a description, or a whole schema. Problems are added. */
export function answers(known: Readonly<Record<number, string | object>> = {}): Record<string, object> {
  const told = Object.entries(known).map(([status, answer]) => [
    status,
    typeof answer === 'string' ? { description: answer } : { description: 'The answer', ...answer },
  ]);
  return {
    ...Object.fromEntries(told),
    '4xx': { ...PROBLEM_SCHEMA, description: 'Refused' },
    '5xx': { ...PROBLEM_SCHEMA, description: 'Failed' },
  };
}
