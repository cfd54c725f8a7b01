/** The schema of problem.ts' bodies. */
import { flag, listOf, named, object, optional, text, whole } from '../openapi/schema.ts';
import { CONSTRUCT } from '../views/dataset-schema.ts';
import { CODE } from '../views/fill-schema.ts';

export const PROBLEM = named(
  'Problem',
  object('A refusal or failure (RFC 9457). Its code is stable, its words are not. Some codes tell more.', {
    type: text('urn:parqueue:error: and the code.', 'urn:parqueue:error:PQ_UNKNOWN_DATASET'),
    title: text('The code in words.', 'unknown dataset'),
    status: whole('The status of the answer.', 404),
    detail: text('What happened and what to do, for people. Holds no secret and no value that was asked for.'),
    code: CODE,
    retryable: flag('The same request may succeed later; Retry-After tells when, where that is known.'),
    instance: text('The path that was asked, without its query.'),
    requestId: text('As in X-Request-Id; the log has it too.'),
    problems: optional(
      listOf(
        object('One thing that is wrong.', { name: text('Where.'), message: text('What belongs there.') }),
        'PQ_INVALID_REQUEST: everything that is wrong with the request.',
      ),
    ),
    constructs: optional(listOf(CONSTRUCT, 'PQ_UNTRACKABLE: what stands in the way of noticing changes.')),
    offered: optional(listOf(text('A format.'), '406: what may be asked for.')),
    fill: optional(
      object('PQ_SOURCE_UNAVAILABLE of a route that waits: the work that goes on.', {
        id: text('Of the fill.'),
        url: text('Where it is followed.'),
      }),
    ),
    retryAfterMs: optional({ type: 'number', minimum: 0, description: 'When asking again may help, in ms.' }),
    coolingUntil: optional(text('PQ_SOURCE_UNAVAILABLE: until when nobody asks the source.')),
    database: optional(text("The database's own code.", 'ORA-00942', '42P01')),
    column: optional({ description: 'The column in question: its name, or its place in a line.' }),
    unknown: optional(listOf(text('A name.'), 'Columns that there are not.')),
    available: optional(listOf(text('A name.'), 'Columns that there are.')),
    limit: optional(text('PQ_LIMIT_EXCEEDED: which limit.')),
  }),
);
