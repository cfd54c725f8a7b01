/** The published JSON Schema of the configuration file, made from the schema that checks it. */
import * as z from 'zod';
import { configSchema } from './schema.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** For editors and CI. Values may also be `${…}` references wherever they are text. */
export function configJsonSchema(): JsonSchema {
  return {
    title: 'Parqueue configuration',
    ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'throw' }),
  };
}
