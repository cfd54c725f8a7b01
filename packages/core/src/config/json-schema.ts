/** The published JSON Schema of the configuration file, made from the schema that checks it. */
import * as z from 'zod';
import { configSchema } from './schema.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** For editors and CI. It reads the file before references have their values, so it lets them stand for any text. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'throw' });
  return { title: 'Parqueue configuration', ...asSchema(withReferences(schema)) };
}

const REFERENCE_PATTERN = '\\$\\{';

function withReferences(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withReferences);
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.entries(node).map(([name, member]): [string, unknown] => [name, withReferences(member)]);
  const schema: Record<string, unknown> = Object.fromEntries(members);
  // Names of sources and datasets are keys, not values: no reference is looked for there.
  if ('propertyNames' in node) schema['propertyNames'] = node.propertyNames;
  if (schema['type'] !== 'string') return schema;
  if (typeof schema['pattern'] === 'string')
    return { ...schema, pattern: `(?:${schema['pattern']})|${REFERENCE_PATTERN}` };
  const { enum: choices, type, ...rest } = schema;
  return choices === undefined
    ? schema
    : {
        ...rest,
        anyOf: [
          { type, enum: choices },
          { type, pattern: REFERENCE_PATTERN },
        ],
      };
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
