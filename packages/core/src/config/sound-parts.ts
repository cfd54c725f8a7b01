/**
 * A dataset whose shape is wrong somewhere is still judged by what is right of it, so that all problems come at once.
 * What is wrong gives way to a stand-in, and problems that only the stand-in has are not told.
 */
import type { OnProblem } from './params.ts';
import { datasetSchema, paramSchema, type DatasetInput } from './schema-datasets.ts';
import { isMapping } from './schema-problems.ts';

export interface SoundParts {
  readonly input: DatasetInput;
  /** Passes on what is about parts that are right. */
  filtered(onProblem: OnProblem): OnProblem;
}

const STAND_INS: Readonly<Record<string, unknown>> = {
  source: 'stand_in',
  path: 'stand-in.parquet',
  format: 'parquet',
  sql: 'SELECT 1 FROM DUAL',
  // Allows whatever the statement reads.
  freshness: { version: 'manual' },
};

/** null where nothing can be said: the dataset is no mapping. */
export function soundParts(raw: unknown): SoundParts | null {
  const whole = datasetSchema.safeParse(raw);
  if (whole.success) return { input: whole.data, filtered: (onProblem) => onProblem };
  if (!isMapping(raw)) return null;
  const wrong = new Set<string>();
  const repaired: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(datasetSchema.shape)) {
    if (name === 'params') {
      repaired[name] = repairParams(raw[name], wrong);
    } else if (schema.safeParse(raw[name]).success) {
      if (raw[name] !== undefined) repaired[name] = raw[name];
    } else {
      wrong.add(name);
      if (Object.hasOwn(STAND_INS, name)) repaired[name] = STAND_INS[name];
    }
  }
  // A stand-in path or statement uses no parameter, and CSV options make no sense for the format that stands in.
  if (wrong.has('path') || wrong.has('sql')) wrong.add('params');
  if (wrong.has('path') || wrong.has('format')) wrong.add('csv');
  const parsed = datasetSchema.safeParse(repaired);
  if (!parsed.success) return null;
  const isWrong = ([part = '', name = '']: readonly (string | number)[]): boolean =>
    wrong.has(String(part)) || wrong.has(`${part}.${name}`);
  return {
    input: parsed.data,
    filtered: (onProblem) => (path, message) => {
      if (!isWrong(path)) onProblem(path, message);
    },
  };
}

function repairParams(raw: unknown, wrong: Set<string>): Record<string, unknown> {
  if (raw === undefined) return {};
  if (!isMapping(raw)) {
    wrong.add('params').add('path').add('sql');
    return {};
  }
  const params = Object.entries(raw).map(([name, param]): [string, unknown] => {
    if (paramSchema.safeParse(param).success) return [name, param];
    wrong.add(`params.${name}`);
    return [name, { type: 'string' }];
  });
  return Object.fromEntries(params);
}
