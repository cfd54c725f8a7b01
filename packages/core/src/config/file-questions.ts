/** Questions to files: the one path that a dataset with values, or a caller, names. */
import { DEFAULT_PARQUET, type CsvOptions, type FileFormat } from '../model/request.ts';
import type { FileDatasetConfig } from './config.ts';
import { buildFormat } from './file-datasets.ts';
import { checkRelativePath, fillPathTemplate } from './path-template.ts';
import { invalid, readColumns, readCsv, refuse, type RequestProblem, type Wanted } from './request-parts.ts';

export interface AdhocFile {
  readonly path: string;
  readonly format?: FileFormat | undefined;
  readonly csv?: Partial<CsvOptions> | undefined;
  readonly columns?: readonly string[] | undefined;
}

export function askFileDataset(
  dataset: FileDatasetConfig,
  values: ReadonlyMap<string, string>,
  columns: readonly string[] | null,
): Wanted {
  const path = fillPathTemplate(dataset.path, values);
  if (!path.ok)
    throw invalid([{ name: 'path', message: path.problem }], `dataset "${dataset.name}" cannot be asked like this`);
  return {
    question: { kind: 'file', path: path.value, format: dataset.format, csv: dataset.csv },
    columns,
    columnTypes: dataset.columnTypes,
    parquet: dataset.parquet,
  };
}

/** @throws ParqueueError PQ_INVALID_REQUEST with all problems */
export function askFile(question: AdhocFile): Wanted {
  const problems: RequestProblem[] = [];
  const path = checkRelativePath(question.path.replace(/^(?:\.\/+)+/, ''));
  if (!path.ok) problems.push({ name: 'path', message: path.problem });
  const wish = { path: question.path, format: question.format, csv: readCsv(question.csv, problems) };
  const { format, csv } = buildFormat(wish, ([name = 'path'], message) => {
    problems.push({ name: String(name), message });
  });
  const columns = readColumns(question.columns, null, problems);
  refuse(problems, 'the question cannot be asked like this');
  return {
    question: { kind: 'file', path: path.ok ? path.value : '', format, csv },
    columns,
    columnTypes: {},
    parquet: DEFAULT_PARQUET,
  };
}
