/** POST /v1/query: resolve and send the rows in one call. */
import type { FastifyInstance } from 'fastify';
import { askCallOf, directivesOf } from '../caller.ts';
import type { ApiContext } from '../context.ts';
import { answerAsk } from '../data-answer.ts';
import { FORM_QUERY_PROPERTIES, FORMAT_QUERY_PROPERTY, readForm, wishesOf, type FormQuery } from '../http/data-form.ts';
import { DATA_FORMATS } from '../http/formats.ts';
import { invalid, QUESTION_BODY_SCHEMA, resolveQuestion, type QuestionBody } from '../question.ts';
import { PENDING_ANSWER, rowsIn } from '../openapi/answers.ts';
import { ASK_ERRORS } from '../openapi/errors.ts';
import { ASK_HEADERS, DATA_REQUEST_HEADERS, RANGE_HEADERS } from '../openapi/headers.ts';

const { columns: _columns, ...WINDOW_PROPERTIES } = FORM_QUERY_PROPERTIES;

export function queryRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post<{ Body: QuestionBody; Querystring: FormQuery }>('/v1/query', {
    config: {
      access: 'read',
      operation: {
        id: 'query',
        tag: 'data',
        summary: 'Resolve a question and send its rows',
        description: 'What is not in the cache needs scope `fill`, what no dataset declares `adhoc`.',
        answers: { ...rowsIn(DATA_FORMATS, { prefers: true, degrades: true }), 202: PENDING_ANSWER },
        errors: ASK_ERRORS,
        refusals: [406, 412, 416],
        requestHeaders: ['Accept', ...ASK_HEADERS, ...DATA_REQUEST_HEADERS, ...RANGE_HEADERS],
      },
    },
    schema: {
      querystring: {
        type: 'object',
        properties: { ...WINDOW_PROPERTIES, ...FORMAT_QUERY_PROPERTY },
        additionalProperties: false,
      },
      body: QUESTION_BODY_SCHEMA,
    },
    handler: async (request, reply) => {
      const { body } = request;
      if (body.pin !== undefined)
        throw invalid('pin belongs to /v1/resolve: here the rows are sent, and pinned while they are');
      const form = readForm(request.query, wishesOf(request));
      const resolved = resolveQuestion(context, request, body);
      const asking = askCallOf({ context, request, reply }, resolved, {
        patience: 'preferred',
        cachedOnly: body.freshness?.onlyIfCached ?? directivesOf(request).onlyIfCached,
      });
      return await answerAsk({ context, request, reply, form }, asking, { neverPending: false });
    },
  });
}
