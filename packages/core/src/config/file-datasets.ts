/** Datasets whose rows are in files: the path they name, their format, and how a CSV is read. */
import type { CsvOptions, FileFormat } from '../model/request.ts';
import type { FileDatasetConfig, ParamConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import type { OnProblem } from './params.ts';
import {
  formatOfPath,
  KNOWN_EXTENSIONS,
  parsePathTemplate,
  problemOfPathValue,
  type PathTemplate,
} from './path-template.ts';
import type { DatasetInput } from './schema-datasets.ts';

/** Problems are told relative to the dataset. The result is of use only when there were none. */
export function readFilePart(
  input: DatasetInput,
  params: Readonly<Record<string, ParamConfig>>,
  onProblem: OnProblem,
): Pick<FileDatasetConfig, 'path' | 'format' | 'csv'> {
  if (input.path === undefined) return { path: { text: '', parts: [''], params: [] }, format: 'parquet', csv: null };
  const path = buildPath(input.path, onProblem);
  checkPathParams(path, params, onProblem);
  return { path, ...buildFormat({ path: input.path, format: input.format, csv: input.csv }, onProblem) };
}

function buildPath(text: string, onProblem: OnProblem): PathTemplate {
  const reading = parsePathTemplate(text);
  if (reading.ok) return reading.value;
  onProblem(['path'], reading.problem);
  return { text, parts: [text], params: [] };
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
