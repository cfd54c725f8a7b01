/**
 * Compares answers with what the checked-in OpenAPI document promises: the status, the media type, the body against its
 * schema, the headers, the code of a problem. Remembers what was seen, so that a promise nobody ever saw kept is found.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

interface Response_ {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface DocumentOperation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Response_>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response_>>;
  };
}

export interface Promised {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly hasBody: boolean;
  readonly isOpen: boolean;
  readonly statuses: ReadonlyMap<number, PromisedAnswer>;
}

interface PromisedAnswer {
  readonly headers: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly codes: readonly string[];
  /** By media type. */
  readonly schemas: ReadonlyMap<string, object>;
}

/** Of the transport, or of every body. */
const UNPROMISED = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding']);

export function readDocument(): OpenApiDocument {
  // From the built file, two folders further down.
  const root = import.meta.url.includes('/dist/') ? '../../../' : '../../';
  return JSON.parse(readFileSync(new URL(`${root}apps/api/openapi.json`, import.meta.url), 'utf8')) as OpenApiDocument;
}

export class Promises {
  readonly operations: readonly Promised[];
  /** What was answered and not promised. */
  readonly broken = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #validators = new Map<object, ValidateFunction>();
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: OpenApiDocument = readDocument()) {
    (ajvFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    const strict = closed(document) as OpenApiDocument;
    this.#ajv.addSchema({ $id: 'document', components: strict.components });
    this.operations = Object.entries(strict.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => promisedBy(strict, { path, method, operation })),
    );
  }

  /** @returns the body as JSON, text, or null where it is bytes */
  async check(method: string, url: string, response: Response): Promise<unknown> {
    const operation = this.operationOf(method, url);
    const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const body = await bodyOf(response, type);
    if (operation === null) return body;
    const { status } = response;
    const promised = operation.statuses.get(status);
    if (promised === undefined) {
      this.broken.add(`${operation.id} ${status} ${codeOf(body)}`);
      return body;
    }
    this.#seen.add(`${operation.id} ${status}`);
    this.#checkHeaders(operation, { status, promised, headers: response.headers });
    if (promised.types.size > 0) this.#checkBody(operation, { status, promised, type, body });
    return body;
  }

  #checkHeaders(
    { id }: Promised,
    {
      status,
      promised,
      headers,
    }: { readonly status: number; readonly promised: PromisedAnswer; readonly headers: Headers },
  ): void {
    for (const name of headers.keys()) {
      this.#seen.add(`${id} header ${name}`);
      if (!promised.headers.has(name) && !UNPROMISED.has(name)) this.broken.add(`${id} ${status} header ${name}`);
    }
  }

  #checkBody(
    { id, method }: Promised,
    answer: {
      readonly status: number;
      readonly promised: PromisedAnswer;
      readonly type: string;
      readonly body: unknown;
    },
  ): void {
    const { status, promised, type, body } = answer;
    if (!promised.types.has(type)) this.broken.add(`${id} ${status} type ${type}`);
    else this.#seen.add(`${id} ${status} type ${type}`);
    const schema = promised.schemas.get(type);
    if (method === 'HEAD' || schema === undefined || !type.endsWith('json') || type.endsWith('ndjson')) return;
    if (promised.codes.length > 0) {
      this.#seen.add(`code ${codeOf(body)}`);
      if (!promised.codes.includes(codeOf(body))) this.broken.add(`${id} ${status} code ${codeOf(body)}`);
    }
    const validate = this.#validatorOf(schema);
    if (validate(body)) return;
    for (const { instancePath, message = '', params } of validate.errors ?? [])
      this.broken.add(`${id} ${status} body${instancePath} ${message} ${JSON.stringify(params)}`);
  }

  #validatorOf(schema: object): ValidateFunction {
    const known = this.#validators.get(schema) ?? this.#ajv.compile(absolute(schema) as object);
    this.#validators.set(schema, known);
    return known;
  }

  /** Promises that no answer kept: statuses by operation, media types, headers, and codes. */
  unseen(): readonly string[] {
    const all = this.operations.flatMap(({ id, statuses }) =>
      [...statuses].flatMap(([status, { headers, types, codes }]) => [
        `${id} ${status}`,
        ...(this.#seen.has(`${id} ${status}`) ? [...types].map((type) => `${id} ${status} type ${type}`) : []),
        ...[...headers].map((name) => `${id} header ${name}`),
        ...codes.map((code) => `code ${code}`),
      ]),
    );
    return [...new Set(all)].filter((promise) => !this.#seen.has(promise));
  }

  operationOf(method: string, url: string): Promised | null {
    const path = url.split('?', 1)[0] ?? '';
    const candidates = this.operations.filter((one) => one.method === method && patternOf(one.path).test(path));
    // `/v1/datasets/{name}.parquet` is meant rather than a dataset of the name `words.parquet`.
    const [best] = candidates.toSorted((a, b) => literalChars(b.path) - literalChars(a.path));
    return best ?? null;
  }
}

function promisedBy(
  { components }: OpenApiDocument,
  {
    path,
    method,
    operation,
  }: { readonly path: string; readonly method: string; readonly operation: DocumentOperation },
): Promised {
  const statuses = Object.entries(operation.responses).map(([status, answer]) => {
    const { headers = {}, content = {} } =
      answer.$ref === undefined ? answer : (components.responses[answer.$ref.split('/').at(-1) ?? ''] ?? answer);
    const schemas = Object.entries(content).map(([type, { schema }]) => [type, schema] as const);
    return [
      Number(status),
      {
        headers: new Set(Object.keys(headers).map((name) => name.toLowerCase())),
        types: new Set(Object.keys(content)),
        codes: codesIn(schemas[0]?.[1]),
        schemas: new Map(schemas),
      },
    ] as const;
  });
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    hasBody: !['get', 'head'].includes(method),
    isOpen: operation.security.length === 0 || operation.security.some((one) => Object.keys(one).length === 0),
    statuses: new Map(statuses),
  };
}

function codesIn(schema: object | undefined): readonly string[] {
  const narrowed = (schema as { allOf?: { properties?: { code?: { enum?: string[] } } }[] } | undefined)?.allOf?.[1];
  return narrowed?.properties?.code?.enum ?? [];
}

async function bodyOf(response: Response, type: string): Promise<unknown> {
  if (type.endsWith('json') && !type.endsWith('ndjson')) {
    const text = await response.text();
    return text === '' ? null : (JSON.parse(text) as unknown);
  }
  if (type.startsWith('text/') || type.endsWith('ndjson')) return await response.text();
  await response.arrayBuffer();
  return null;
}

function codeOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : '';
}

/** Later releases may add properties; this one says all it has. A problem has what its code tells, too. */
function closed(part: unknown, open = false): unknown {
  if (Array.isArray(part)) return part.map((one: unknown) => closed(one, open));
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([name, value]) => [
    name,
    closed(value, name === 'Problem' || name === 'allOf'),
  ]);
  const whole = Object.fromEntries(entries) as Record<string, unknown>;
  const closes = whole['type'] === 'object' && 'properties' in whole && !('additionalProperties' in whole) && !open;
  return closes ? { ...whole, additionalProperties: false } : whole;
}

function absolute(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(absolute);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string' && value.startsWith('#') ? `document${value}` : absolute(value),
    ]),
  );
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{[A-Za-z]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}

function literalChars(path: string): number {
  return path.replaceAll(/\{[A-Za-z]+\}/g, '').length;
}
