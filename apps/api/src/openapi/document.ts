/**
 * The OpenAPI 3.1 document of this interface, made of what the routes themselves declare: their schemas, who may ask, and
 * the operation that each describes. Only a route that is hidden is not in it.
 */
import type { ErrorCode } from '@parqueue/core';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Access } from '../access/admission.ts';
import { statusOf } from '../http/problem.ts';
import type { Operation } from './answers.ts';
import { Components } from './components.ts';
import type { Schema } from './schema.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

export type OpenApiDocument = Readonly<Record<string, unknown>>;

const DESCRIPTION = `Answers slow questions from Parquet files while they still tell the truth.

Errors are \`application/problem+json\` with a stable \`code\`; per status, this document lists the codes that a route can answer. A GET
may be asked by HEAD everywhere. A path that does not exist is 404, a method that a path does not have 405 with \`Allow\`, what cannot
be read as HTTP 400, 408, 417 or 431, a defect of the server 500 \`PQ_INTERNAL\`. Without \`auth.apiKeys\` in the configuration nobody needs
a key, and the server listens on loopback only.`;

const TAGS = [
  ['datasets', 'The catalog, and the rows of declared questions.'],
  ['data', 'Any question: declared, or asked of a source.'],
  ['entries', 'What the cache keeps.'],
  ['pins', 'Keeping a file readable by path.'],
  ['fills', 'Probes and loads under way and lately done.'],
  ['sources', 'Systems of record.'],
  ['operations', 'Health, metrics, and this description.'],
] as const;

const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of `auth.apiKeys`. Its scopes: read, fill, adhoc, admin.',
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
} as const;

/** Watches the routes being added; the document has those that described themselves. */
export function describeRoutes(app: FastifyInstance, version: string): () => OpenApiDocument {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    // Fastify adds a HEAD to every GET by itself; those that routes ask for come with their GET in one list.
    if (route.schema?.hide === true || route.method === 'HEAD') return;
    if (route.config?.operation === undefined)
      throw new TypeError(`${[route.method].flat().join()} ${route.url} describes no operation, and is not hidden`);
    routes.push(route);
  });
  let made: OpenApiDocument | null = null;
  return () => (made ??= documentOf(routes, version));
}

function documentOf(routes: readonly RouteOptions[], version: string): OpenApiDocument {
  const components = new Components();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:([A-Za-z]+)/g, '{$1}');
    for (const method of [route.method].flat()) {
      const operation = operationOf(route, method, components);
      paths[path] = { ...paths[path], [method.toLowerCase()]: operation };
    }
  }
  const document = {
    openapi: '3.1.0',
    info: { title: 'Parqueue', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    paths,
    components: { ...components.toJSON(), securitySchemes: SECURITY_SCHEMES },
  };
  // Plain JSON, without what was undefined.
  return JSON.parse(JSON.stringify(document)) as OpenApiDocument;
}

function operationOf(route: RouteOptions, method: string, components: Components): unknown {
  const { access = 'open', operation } = route.config ?? {};
  if (operation === undefined) throw new TypeError(`${route.url} describes no operation`);
  const { id, tag, summary, description, answers, requestHeaders = [] } = operation;
  const parameters = [
    ...parametersOf('path', route.schema?.params, components),
    ...parametersOf('query', route.schema?.querystring, components),
    ...[...requestHeaders, 'X-Request-Id' as const].map((name) => components.requestHeader(name)),
  ];
  return {
    operationId: method === 'HEAD' ? id.replace(/^get/, 'head') : id,
    tags: [tag],
    summary,
    description,
    security: securityOf(access),
    parameters,
    requestBody: bodyOf(route.schema?.body, components),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers)
          .filter(([status]) => mayAnswer(method, Number(status)))
          .map(([status, answer]) => [status, components.answer(answer)]),
      ),
      ...problemsOf({ access, method, operation, isNamed: route.schema?.params !== undefined }, components),
    },
  };
}

function securityOf(access: Access): readonly object[] {
  if (access === 'open') return [];
  const scopes = access === 'key' ? [] : [access === 'operator' ? 'read' : access];
  return [{ bearer: scopes }, { apiKey: scopes }, ...(access === 'operator' ? [{}] : [])];
}

function parametersOf(place: 'path' | 'query', schema: unknown, components: Components): readonly unknown[] {
  if (schema === undefined) return [];
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Readonly<Record<string, Schema>>;
    required?: readonly string[];
    additionalProperties?: boolean | Schema;
  };
  const named = Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      description,
      schema: components.schema(rest),
    };
  });
  if (typeof additionalProperties !== 'object') return named;
  const { description, ...values } = additionalProperties;
  return [
    ...named,
    {
      // Never sent under this name, and no name that a generated client has for something else.
      name: 'datasetParams',
      in: 'query',
      required: false,
      description,
      style: 'form',
      explode: true,
      schema: { type: 'object', additionalProperties: components.schema(values) },
      // Otherwise /docs makes parameters up, and what is tried there is refused.
      example: {},
    },
  ];
}

function bodyOf(schema: unknown, components: Components): unknown {
  if (schema === undefined) return undefined;
  const body = schema as Schema;
  const nullable = Array.isArray(body['type']) && body['type'].includes('null');
  return { required: !nullable, content: { 'application/json': { schema: components.schema(body) } } };
}

/** A HEAD is of the whole: its Range is ignored. A POST that the caller has the answer to is 412 (RFC 9110, 13.1.2). */
function mayAnswer(method: string, status: number): boolean {
  if (status === 206 || status === 416) return method !== 'HEAD';
  return status !== 304 || method === 'GET' || method === 'HEAD';
}

interface Asked {
  readonly access: Access;
  readonly method: string;
  readonly operation: Operation;
  /** Its path has names in it. */
  readonly isNamed: boolean;
}

/**
 * Those of the route, and what every route of its kind can meet: too long a URL, a name with a broken escape, no key, a body
 * that is not JSON.
 */
function problemsOf(
  { access, method, operation: { errors = [], bodyErrors = [], refusals = [] }, isNamed }: Asked,
  components: Components,
): Readonly<Record<string, unknown>> {
  const codes = new Map<number, Set<ErrorCode>>();
  const add = (status: number, code: ErrorCode): void => {
    codes.set(status, (codes.get(status) ?? new Set()).add(code));
  };
  for (const code of method === 'HEAD' ? errors : [...errors, ...bodyErrors]) add(statusOf(code), code);
  for (const status of refusals) if (mayAnswer(method, status)) add(status, 'PQ_INVALID_REQUEST');
  add(414, 'PQ_LIMIT_EXCEEDED');
  if (isNamed) add(400, 'PQ_INVALID_REQUEST');
  if (access !== 'open')
    for (const code of ['PQ_UNAUTHENTICATED', 'PQ_FORBIDDEN', 'PQ_RATE_LIMITED'] as const) add(statusOf(code), code);
  if (method !== 'GET' && method !== 'HEAD') {
    add(400, 'PQ_INVALID_REQUEST');
    add(413, 'PQ_LIMIT_EXCEEDED');
    add(415, 'PQ_INVALID_REQUEST');
  }
  return Object.fromEntries([...codes].map(([status, some]) => [status, components.problem(status, [...some])]));
}
