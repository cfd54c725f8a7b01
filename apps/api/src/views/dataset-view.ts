/** A dataset as the catalog shows it: what it is asked with and how fresh it is. Never a secret of its source. */
import type { FreshnessPolicy } from '@parqueue/core';
import type { Catalog, DatasetConfig } from '@parqueue/core/config';

export function datasetView(dataset: DatasetConfig) {
  const { name, kind, description, source, params, select, columnTypes, freshness } = dataset;
  return {
    name,
    kind,
    description,
    source,
    format: dataset.kind === 'file' ? dataset.format : null,
    params: Object.values(params),
    columns: select,
    columnTypes,
    freshness: freshnessView(freshness),
    urls: {
      parquet: `/v1/datasets/${name}.parquet`,
      arrow: `/v1/datasets/${name}.arrow`,
      csv: `/v1/datasets/${name}.csv`,
      json: `/v1/datasets/${name}.json`,
      ndjson: `/v1/datasets/${name}.ndjson`,
      data: `/v1/datasets/${name}/data`,
    },
  };
}

/** With what it is made of: the path, or the statement and the tables it names. */
export function datasetDetails(catalog: Catalog, dataset: DatasetConfig) {
  const view = datasetView(dataset);
  if (dataset.kind === 'file') return { ...view, path: dataset.path.text };
  const { statement, version, numbers, split, freshness } = dataset;
  const refreshKey = version.kind === 'refresh-key' ? version.statement : null;
  return {
    ...view,
    freshness: { ...freshnessView(freshness), refreshKey },
    statement: statement.text,
    tables: catalog.tablesOf(dataset),
    constructs: statement.obstacles,
    numbers,
    split,
  };
}

export function freshnessView({ version, maxAgeMs, staleWhileRevalidateMs, staleIfErrorMs }: FreshnessPolicy) {
  return {
    version,
    maxAgeSeconds: maxAgeMs / 1000,
    staleWhileRevalidateSeconds: staleWhileRevalidateMs / 1000,
    staleIfErrorSeconds: staleIfErrorMs / 1000,
  };
}
