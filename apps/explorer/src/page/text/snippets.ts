/** How a dataset is asked from elsewhere, ready to be pasted. Pure. */
import { query } from '../route.ts';

export interface SnippetInput {
  /** Where the server is, without a slash at its end. */
  readonly origin: string;
  readonly dataset: string;
  readonly params: Readonly<Record<string, string>>;
  /** Whether the server wants a key. It is never written out: the environment has it. */
  readonly withKey: boolean;
}

export const LANGUAGES = ['curl', 'Python', 'TypeScript', 'DuckDB'] as const;
export type Language = (typeof LANGUAGES)[number];

export function snippet(language: Language, input: SnippetInput): string {
  const { origin, dataset, params, withKey } = input;
  const url = (suffix: string): string =>
    `${origin}/v1/datasets/${encodeURIComponent(dataset)}.${suffix}${query(params)}`;
  switch (language) {
    case 'curl': {
      const key = withKey ? ' -H "Authorization: Bearer $PARQUEUE_API_KEY"' : '';
      const few = query({ ...params, limit: '5' });
      return [
        `curl -f${key} -o ${dataset}.parquet ${quoted(url('parquet'))}`,
        `curl -f${key} ${quoted(`${origin}/v1/datasets/${encodeURIComponent(dataset)}.json${few}`)}`,
      ].join('\n');
    }
    case 'Python':
      return withKey
        ? [
            'import os',
            'import pandas as pd',
            '',
            'key = os.environ["PARQUEUE_API_KEY"]',
            `frame = pd.read_parquet(${JSON.stringify(url('parquet'))}, storage_options={"authorization": f"Bearer {key}"})`,
          ].join('\n')
        : ['import polars as pl', '', `frame = pl.read_parquet(${JSON.stringify(url('parquet'))})`].join('\n');
    case 'TypeScript': {
      const question =
        Object.keys(params).length === 0 ? text(dataset) : `{ dataset: ${text(dataset)}, params: ${record(params)} }`;
      const key = withKey ? ', apiKey: process.env.PARQUEUE_API_KEY' : '';
      return [
        "import { Parqueue } from '@parqueue/client';",
        '',
        `const parqueue = new Parqueue({ url: ${text(origin)}${key} });`,
        `const table = await parqueue.fetch(${question});`,
      ].join('\n');
    }
    case 'DuckDB':
      return [
        'install httpfs; load httpfs;',
        ...(withKey ? ["create secret (type http, extra_http_headers map {'authorization': 'Bearer …'});"] : []),
        `select * from read_parquet(${sqlText(url('parquet'))}) limit 5;`,
      ].join('\n');
  }
}

/** For a shell. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

function record(params: Readonly<Record<string, string>>): string {
  const members = Object.entries(params).map(
    ([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : text(name)}: ${text(value)}`,
  );
  return `{ ${members.join(', ')} }`;
}
