/**
 * The shared part of the document. A schema with a name is put under `components` the first time it is met, and referred
 * to wherever it stands; headers, header parameters and equal problems are shared the same way.
 */
import type { ErrorCode } from '@parqueue/core';
import { PROBLEM } from '../http/problem-schema.ts';
import { bareType, type Answer } from './answers.ts';
import { ANSWER_HEADERS, HEADERS_OF_ALL, REQUEST_HEADERS, type AnswerHeader, type RequestHeader } from './headers.ts';
import { PROBLEM_TYPE } from '../http/problem.ts';
import { nameOf, type Schema } from './schema.ts';

export interface Reference {
  readonly $ref: string;
}

/** What a problem's status brings along. */
const PROBLEM_HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['WWW-Authenticate'],
  409: ['Retry-After'],
  412: ['ETag'],
  416: ['Content-Range'],
  429: ['Retry-After'],
  503: ['Retry-After'],
  504: ['Retry-After'],
};

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is not what the route takes.',
  401: 'No key, or a key that nobody knows.',
  403: 'The key may not do this.',
  404: 'There is no such thing.',
  406: 'The representation is not offered.',
  409: 'Something else came in between.',
  410: 'It was removed.',
  412: 'The precondition does not hold.',
  413: 'More than the limits allow.',
  414: 'The URL is too long.',
  415: 'The body is of a media type that the route does not take.',
  416: 'The range begins beyond the end.',
  422: 'The source has something that cannot be answered from.',
  429: 'Too much at once.',
  502: 'The source refuses the question.',
  503: 'Not at the moment.',
  504: 'Not in time, or not without the source.',
};

export class Components {
  readonly #schemas = new Map<string, unknown>();
  readonly #headers = new Map<string, unknown>();
  readonly #parameters = new Map<string, unknown>();
  /** By what they are, so that equal ones are one. */
  readonly #responses = new Map<string, { readonly name: string; readonly response: unknown }>();

  /** The schema as it stands in the document: named parts become references. */
  schema(schema: Schema): unknown {
    const name = nameOf(schema);
    if (name === undefined) return this.#within(schema);
    if (!this.#schemas.has(name)) {
      this.#schemas.set(name, null);
      this.#schemas.set(name, this.#within(schema));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #within(schema: Schema): unknown {
    return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, this.#part(value)]));
  }

  #part(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((part: unknown) => this.#part(part));
    if (typeof value !== 'object' || value === null) return value;
    return this.schema(value as Schema);
  }

  headers(names: readonly AnswerHeader[]): Readonly<Record<string, Reference>> {
    const all = [...new Set<AnswerHeader>([...names, ...HEADERS_OF_ALL])].toSorted();
    return Object.fromEntries(
      all.map((name) => {
        const { description, ...schema } = ANSWER_HEADERS[name] as Schema;
        this.#headers.set(name, { description, schema });
        return [name, { $ref: `#/components/headers/${name}` }];
      }),
    );
  }

  requestHeader(name: RequestHeader): Reference {
    const { description, ...schema } = REQUEST_HEADERS[name] as Schema;
    this.#parameters.set(name, { name, in: 'header', required: false, description, schema });
    return { $ref: `#/components/parameters/${name}` };
  }

  problem(status: number, codes: readonly ErrorCode[]): Reference {
    const response = {
      description: `${MEANINGS[status] ?? 'Refused.'} ${codes.join(', ')}`,
      headers: this.headers(['Cache-Control', ...(PROBLEM_HEADERS[status] ?? [])]),
      content: {
        [bareType(PROBLEM_TYPE)]: {
          schema: {
            allOf: [
              this.schema(PROBLEM),
              {
                type: 'object',
                required: ['status', 'code'],
                // With their types: makers of clients merge these with those of the problem.
                properties: {
                  status: { type: 'integer', enum: [status] },
                  code: { type: 'string', enum: [...codes].toSorted() },
                },
              },
            ],
          },
        },
      },
    };
    return this.#shared(`Problem${status}`, response);
  }

  answer({ description, headers, content, shared }: Answer): unknown {
    const bodies = Object.entries(content).map(([type, schema]) => [type, { schema: this.schema(schema) }] as const);
    const response = {
      description,
      headers: this.headers(headers),
      ...(bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
    };
    return shared === undefined ? response : this.#shared(shared, response);
  }

  /** Equal responses are one; others of the same name are numbered. */
  #shared(wanted: string, response: unknown): Reference {
    const identity = JSON.stringify(response);
    const known = this.#responses.get(identity);
    const alike = [...this.#responses.values()].filter(({ name }) => name.split('_')[0] === wanted).length;
    const name = known?.name ?? (alike === 0 ? wanted : `${wanted}_${alike + 1}`);
    this.#responses.set(identity, { name, response });
    return { $ref: `#/components/responses/${name}` };
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const byName = (entries: Iterable<readonly [string, unknown]>): Readonly<Record<string, unknown>> =>
      Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      schemas: byName(this.#schemas),
      headers: byName(this.#headers),
      parameters: byName(this.#parameters),
      responses: byName([...this.#responses.values()].map(({ name, response }) => [name, response] as const)),
    };
  }
}
