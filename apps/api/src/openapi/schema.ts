/**
 * The pieces that JSON Schemas of this interface are written with. A schema that has a name is written once, beside the
 * view it describes, and stands in the document under `components`; everywhere else the document refers to it.
 */

/** JSON Schema 2020-12 as OpenAPI 3.1 takes it. Bodies are also checked by it, so it keeps to what draft 07 knows too. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** What told of a property: its schema, and that it may be missing. */
interface Optional {
  readonly optional: Schema;
}

const NAMES = new WeakMap<object, string>();

export function named<S extends Schema>(name: string, schema: S): S {
  NAMES.set(schema, name);
  return schema;
}

export function nameOf(schema: object): string | undefined {
  return NAMES.get(schema);
}

/** Of an answer: all properties are there unless they are `optional`. Later releases may add some. */
export function object(description: string, properties: Readonly<Record<string, Schema | Optional>>): Schema {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    description,
    required: entries.filter(([, property]) => !isOptional(property)).map(([name]) => name),
    properties: Object.fromEntries(
      entries.map(([name, property]) => [name, isOptional(property) ? property.optional : property]),
    ),
  };
}

function isOptional(property: Schema | Optional): property is Optional {
  return 'optional' in property;
}

export function optional(schema: Schema): Optional {
  return { optional: schema };
}

export function text(description: string, ...examples: readonly string[]): Schema {
  return withExamples({ type: 'string', description }, examples);
}

export function whole(description: string, ...examples: readonly number[]): Schema {
  return withExamples({ type: 'integer', minimum: 0, description }, examples);
}

export function number(description: string, ...examples: readonly number[]): Schema {
  return withExamples({ type: 'number', description }, examples);
}

export function flag(description: string): Schema {
  return { type: 'boolean', description };
}

/** ISO 8601 with milliseconds, UTC. */
export function time(description: string): Schema {
  return { type: 'string', format: 'date-time', description, examples: ['2026-11-22T06:49:42.000Z'] };
}

export function oneOf(description: string, values: readonly string[]): Schema {
  return { type: 'string', enum: [...values], description };
}

export function listOf(items: Schema, description?: string): Schema {
  return { type: 'array', items, ...(description === undefined ? {} : { description }) };
}

/** By names that are not known beforehand. */
export function mapOf(values: Schema | true, description: string): Schema {
  return { type: 'object', additionalProperties: values, description };
}

export function nullable(schema: Schema, description?: string): Schema {
  const { type } = schema;
  if (nameOf(schema) !== undefined || typeof type !== 'string')
    return { anyOf: [schema, { type: 'null' }], ...(description === undefined ? {} : { description }) };
  const values = schema['enum'];
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) };
}

function withExamples(schema: Schema, examples: readonly unknown[]): Schema {
  return examples.length === 0 ? schema : { ...schema, examples };
}
