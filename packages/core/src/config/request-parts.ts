/** The parts of what a caller asks, each read and checked; problems are collected so that all are told at once. */
import { ParqueueError } from '../model/errors.ts';
import type { CanonicalRequest, CsvOptions } from '../model/request.ts';
import type { DatasetConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { isReserved, readParam } from './params.ts';
import { csvSchema, type DatasetInput } from './schema-datasets.ts';

/** What was given for each parameter: text from a query string, or any JSON scalar from a body. */
export type RawParams = Readonly<Record<string, unknown>>;

/** Of a canonical request, what the caller decides; the rest is the source's. */
export type Wanted = Pick<CanonicalRequest, 'question' | 'columns' | 'columnTypes' | 'parquet'>;

/** One thing wrong with a request. `name`: the parameter, or `columns`, `path`, `format`, `csv`, `sql`, `binds`. */
export interface RequestProblem {
  readonly name: string;
  readonly message: string;
}

/** Of many wrong names the first are told, with what may have been meant; each more would cost without helping. */
const WRONG_NAMES_TOLD = 10;
const KNOWN_NAMES_SHOWN = 50;

/** I9: a list longer than this is a mistake. */
const COLUMNS_MAX = 10_000;

export function readParams(
  dataset: Pick<DatasetConfig, 'params'>,
  raw: RawParams,
  problems: RequestProblem[],
): Map<string, string> {
  const declared = Object.keys(dataset.params);
  const unknown = Object.keys(raw).filter((name) => !Object.hasOwn(dataset.params, name));
  for (const name of told(unknown)) {
    const message = isReserved(name)
      ? 'is a reserved name and no parameter'
      : `is not a parameter of this dataset${didYouMean(name, declared)}; ${hasNames(declared)}`;
    problems.push({ name, message });
  }
  const more = moreThanTold(unknown);
  if (more !== null)
    problems.push({ name: 'params', message: `has ${more} more that are no parameters of this dataset` });
  const values = new Map<string, string>();
  for (const param of Object.values(dataset.params)) {
    const given = Object.hasOwn(raw, param.name) ? raw[param.name] : undefined;
    if (given === undefined || given === null) {
      if (param.default !== null) values.set(param.name, param.default);
      else if (param.required) problems.push({ name: param.name, message: `is missing; it is of type ${param.type}` });
      continue;
    }
    const reading = readParam(param, given);
    if (reading.ok) values.set(param.name, reading.text);
    else problems.push({ name: param.name, message: reading.problem });
  }
  return values;
}

/** The names there are, for a problem with one that is not. */
export function hasNames(names: readonly string[]): string {
  if (names.length === 0) return 'it has none';
  const shown = names.slice(0, KNOWN_NAMES_SHOWN).join(', ');
  return `it has: ${names.length > KNOWN_NAMES_SHOWN ? `${shown}, … (${names.length})` : shown}`;
}

export function told<T>(wrong: readonly T[]): readonly T[] {
  return wrong.slice(0, WRONG_NAMES_TOLD);
}

/** How many wrong names were not told; null: none. */
export function moreThanTold(wrong: readonly string[]): number | null {
  return wrong.length > WRONG_NAMES_TOLD ? wrong.length - WRONG_NAMES_TOLD : null;
}

/** The wanted columns, within those the dataset selects. */
export function readColumns(
  wanted: readonly string[] | undefined,
  selected: readonly string[] | null,
  problems: RequestProblem[],
): readonly string[] | null {
  if (wanted === undefined) return selected;
  const tell = (message: string): void => void problems.push({ name: 'columns', message });
  if (wanted.length === 0 || wanted.includes('')) tell('may not be empty; leave it out for all columns');
  if (wanted.length > COLUMNS_MAX) tell(`may name at most ${COLUMNS_MAX} columns`);
  if (new Set(wanted).size !== wanted.length) tell('names a column twice; name each once');
  if (selected !== null) {
    const others = wanted.filter((column) => !selected.includes(column));
    if (others.length > 0)
      tell(`may be ${selected.join(', ')}; this dataset has no ${others.slice(0, 10).map(quoted).join(', ')}`);
  }
  return [...wanted];
}

/** CSV options of an undeclared question, held to what the configuration would be held to. */
export function readCsv(csv: Partial<CsvOptions> | undefined, problems: RequestProblem[]): DatasetInput['csv'] {
  if (csv === undefined) return undefined;
  const given = Object.fromEntries(Object.entries(csv).filter(([, value]) => value !== null));
  const parsed = csvSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const option = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.map(String).join('.');
    const message = issue.code === 'unrecognized_keys' ? 'is no option' : issue.message;
    problems.push({ name: 'csv', message: `${option} ${message}` });
  }
  return undefined;
}

export function refuse(problems: readonly RequestProblem[], what: string): void {
  if (problems.length > 0) throw invalid(problems, what);
}

export function invalid(problems: readonly RequestProblem[], what: string): ParqueueError {
  const lines = problems.map(({ name, message }) => `${name} ${message}`);
  return new ParqueueError('PQ_INVALID_REQUEST', `${what}: ${lines.join('; ')}`, { details: { problems } });
}

/** Names come from callers: shown as JSON so that they cannot break a log line, and not at any length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}
