/** From the shape of a dataset to a dataset that can be asked: everything that takes more than one value to judge. */
import { canonicalColumnType } from '../model/column-type.ts';
import type { FreshnessPolicy } from '../model/freshness.ts';
import type { CsvOptions, FileFormat } from '../model/request.ts';
import type { DatasetConfig, ParamConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { buildParam, checkParamAgreement, type OnProblem } from './params.ts';
import {
  formatOfPath,
  KNOWN_EXTENSIONS,
  parsePathTemplate,
  problemOfPathValue,
  type PathTemplate,
} from './path-template.ts';
import type { DatasetInput, FreshnessInput } from './schema.ts';

/** Problems are told relative to the dataset. The result is of use only when there were none. */
export function buildDataset(
  name: string,
  input: DatasetInput,
  context: { readonly sourceNames: readonly string[]; readonly onProblem: OnProblem },
): DatasetConfig {
  const { onProblem, sourceNames } = context;
  if (!sourceNames.includes(input.source)) {
    onProblem(
      ['source'],
      `names no source of this file${didYouMean(input.source, sourceNames)}; declare it under sources`,
    );
  }
  const path = buildPath(input.path, onProblem);
  const params = buildParams(input.params, onProblem);
  checkPathParams(path, params, onProblem);
  const { format, csv } = buildFormat(input, onProblem);
  return {
    kind: 'file',
    name,
    description: input.description ?? null,
    source: input.source,
    path,
    format,
    csv,
    params,
    select: input.select ?? null,
    columnTypes: buildColumnTypes(input.columns, onProblem),
    freshness: policyOf(input.freshness),
    parquet: input.parquet,
    refresh: input.refresh === undefined ? null : { everyMs: input.refresh.every, jitter: input.refresh.jitter },
  };
}

export function policyOf(freshness: FreshnessInput): FreshnessPolicy {
  return {
    version: freshness.version,
    maxAgeMs: freshness.maxAge,
    staleWhileRevalidateMs: freshness.staleWhileRevalidate,
    staleIfErrorMs: freshness.staleIfError,
  };
}

function buildPath(text: string, onProblem: OnProblem): PathTemplate {
  const reading = parsePathTemplate(text);
  if (reading.ok) return reading.value;
  onProblem(['path'], reading.problem);
  return { text, parts: [text], params: [] };
}

function buildParams(inputs: DatasetInput['params'], onProblem: OnProblem): Record<string, ParamConfig> {
  const params = Object.entries(inputs).map(([name, input]): [string, ParamConfig] => {
    let sound = true;
    const tell: OnProblem = (path, message) => {
      sound = false;
      onProblem(['params', name, ...path], message);
    };
    const param = buildParam(name, input, tell);
    if (sound) checkParamAgreement(param, tell);
    return [name, param];
  });
  return Object.fromEntries(params);
}

function checkPathParams(
  path: PathTemplate,
  params: Readonly<Record<string, ParamConfig>>,
  onProblem: OnProblem,
): void {
  const declared = Object.keys(params);
  for (const used of path.params) {
    if (!declared.includes(used))
      onProblem(
        ['path'],
        `uses {${used}}, which is not declared${didYouMean(used, declared)}; declare it under params`,
      );
  }
  for (const param of Object.values(params)) {
    if (!path.params.includes(param.name)) {
      onProblem(['params', param.name], `is declared but not used; write {${param.name}} in the path or leave it out`);
    } else if (!param.required && param.default === null) {
      onProblem(['params', param.name, 'required'], 'cannot be false for a part of a path; give a default');
    }
    // A default or listed value that no path could ever take is a mistake of the file, not of its callers.
    for (const value of [param.default, ...(param.enum ?? [])]) {
      const problem = value === null ? null : problemOfPathValue(value);
      if (problem !== null)
        onProblem(['params', param.name], `has a default or enum value that ${problem}, as it becomes part of a path`);
    }
  }
}

interface FormatInput {
  readonly path: string;
  readonly format?: FileFormat | undefined;
  readonly csv?: DatasetInput['csv'];
}

/** The format given, or told by the file's name; with the options of a CSV where it is one. */
export function buildFormat(
  input: FormatInput,
  onProblem: OnProblem,
): { readonly format: FileFormat; readonly csv: CsvOptions | null } {
  const told = formatOfPath(input.path);
  const format = input.format ?? told?.format;
  if (format === undefined) {
    onProblem(
      ['path'],
      `has no extension that tells its format (${KNOWN_EXTENSIONS.join(', ')}); write format: parquet, csv, ndjson, json or arrow`,
    );
    return { format: 'parquet', csv: null };
  }
  if (format !== 'csv') {
    if (input.csv !== undefined) onProblem(['csv'], `is for CSV files, but the format is ${format}`);
    return { format, csv: null };
  }
  const { csv } = input;
  return {
    format,
    csv: {
      header: csv?.header ?? null,
      delimiter: csv?.delimiter ?? told?.delimiter ?? null,
      quote: csv?.quote ?? null,
      escape: csv?.escape ?? null,
      nullText: csv?.nullText ?? null,
    },
  };
}

function buildColumnTypes(columns: Readonly<Record<string, string>>, onProblem: OnProblem): Record<string, string> {
  const types = Object.entries(columns).map(([column, text]): [string, string] => {
    const type = canonicalColumnType(text);
    if (type === null) {
      onProblem(
        ['columns', column],
        'is not a column type; write boolean, integer, bigint, double, decimal(18,2), varchar, date, timestamp, timestamptz or blob',
      );
    }
    return [column, type ?? text];
  });
  return Object.fromEntries(types);
}
