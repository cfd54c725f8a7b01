/** Requests for files, as a configuration with nothing but defaults would make them. */
import { extname } from 'node:path';
import { DEFAULT_PARQUET, type CanonicalRequest, type CsvOptions, type FileFormat } from '../model/request.ts';

export interface FileAsk extends Partial<Omit<CanonicalRequest, 'sourceKind' | 'question'>> {
  /** That of the name's ending, unless said. */
  readonly format?: FileFormat;
  /** What is not said of it is detected. */
  readonly csv?: Partial<CsvOptions>;
}

const DETECTED: CsvOptions = { header: null, delimiter: null, quote: null, escape: null, nullText: null };

/** @param path relative to the source's root */
export function fileRequest(path: string, { format, csv, ...more }: FileAsk = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'file',
    sourceIdentity: 'test',
    columns: null,
    columnTypes: {},
    parquet: DEFAULT_PARQUET,
    question: {
      kind: 'file',
      path,
      format: format ?? (extname(path).slice(1) as FileFormat),
      csv: csv === undefined ? null : { ...DETECTED, ...csv },
    },
    ...more,
  };
}
