/** All datasets of the catalog, a line each. */
import type { Dataset } from '@parqueue/client';
import { useState } from 'preact/hooks';
import { Ago, Age } from '../parts/ago.tsx';
import { Filter } from '../parts/filter.tsx';
import { DatasetLink } from '../parts/links.tsx';
import { Empty } from '../parts/notice.tsx';
import { Code } from '../parts/copy.tsx';
import { Table, useSorted, type SortColumn } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { Ratio } from '../plots/shares.tsx';
import { Spark } from '../plots/spark.tsx';
import { pointsOf, totalOf } from '../text/asks.ts';
import { bytes, count, plural, shortCount } from '../text/numbers.ts';
import { shortPolicy } from '../text/policy.ts';

/** From so many on, looking for one by eye is work. */
const FILTER_FROM = 8;

const time = (iso: string | null | undefined): number | null => (iso == null ? null : Date.parse(iso));

const COLUMNS: readonly SortColumn<Dataset>[] = [
  { name: 'name', title: 'Dataset', by: ({ name }) => name },
  { name: 'source', title: 'Source', by: ({ source }) => source, className: 'wide' },
  { name: 'freshness', title: 'May be old', by: ({ freshness }) => freshness.maxAgeSeconds, className: 'wide' },
  { name: 'ratio', title: 'From cache, 24 h', by: ({ asks }) => asks?.lastDay.hitRatio ?? null },
  { name: 'asks', title: 'Asks, 24 h', by: ({ asks }) => asks?.lastDay.total ?? null, className: 'number wide' },
  { name: 'age', title: 'Age', by: ({ stored }) => time(stored?.newestVerifiedAt), className: 'number' },
  { name: 'load', title: 'Last load', by: ({ stored }) => time(stored?.newestCommittedAt), className: 'number wide' },
  { name: 'entries', title: 'Entries', by: ({ stored }) => stored?.entries ?? null, className: 'number wide' },
  { name: 'size', title: 'Size', by: ({ stored }) => stored?.bytes ?? null, className: 'number wide' },
];

export function DatasetTable({ datasets }: { readonly datasets: readonly Dataset[] }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.toLowerCase();
  const matching = datasets.filter(({ name, description, source }) =>
    `${name} ${description ?? ''} ${source}`.toLowerCase().includes(wanted),
  );
  const { rows, head } = useSorted(matching, COLUMNS);
  if (datasets.length === 0) return <NoDatasets />;
  return (
    <>
      {datasets.length < FILTER_FROM ? null : (
        <Filter label="Find a dataset" value={filter} onInput={setFilter} found={matching.length} />
      )}
      <Table label="Datasets">
        <thead>{head}</thead>
        <tbody>
          {rows.map((dataset) => (
            <DatasetRow key={dataset.name} dataset={dataset} />
          ))}
        </tbody>
      </Table>
      {rows.length === 0 ? <p class="faint">No dataset has “{filter}” in its name, description or source.</p> : null}
    </>
  );
}

function DatasetRow({
  dataset: { name, description, source, freshness, asks, stored },
}: {
  readonly dataset: Dataset;
}) {
  const day = totalOf([asks?.lastDay]);
  return (
    <tr>
      <th scope="row">
        <DatasetLink name={name} />
        {stored === null || stored.damaged === 0 ? null : <Tag tone="bad">{`${stored.damaged} damaged`}</Tag>}
        <div class="under wide">{description}</div>
        <div class="under narrow">
          {source} · {shortPolicy(freshness)} · {day === null ? '–' : plural(day.total, 'ask')}
        </div>
      </th>
      <td class="wide">{source}</td>
      <td class="wide nowrap">{shortPolicy(freshness)}</td>
      <td>
        <Ratio total={day} />
      </td>
      <td class="number wide">
        {asks === null ? (
          <span class="faint">–</span>
        ) : (
          <span class="with-spark">
            <Spark points={pointsOf(asks.hours)} label={`Asks of ${name} by hour over the last day`} />
            <span class="spark-number">{shortCount(asks.lastDay.total)}</span>
          </span>
        )}
      </td>
      <td class="number">
        <Age at={stored?.newestVerifiedAt ?? null} />
      </td>
      <td class="number wide">
        <Ago at={stored?.newestCommittedAt ?? null} />
      </td>
      <td class="number wide">
        {stored === null ? <span class="faint">–</span> : `${count(stored.entries)}${stored.complete ? '' : '+'}`}
      </td>
      <td class="number wide">
        {stored === null || stored.entries === 0 ? <span class="faint">–</span> : bytes(stored.bytes)}
      </td>
    </tr>
  );
}

function NoDatasets() {
  return (
    <Empty title="No datasets yet, or none that this key may use.">
      <p>
        A dataset is a question with a name: a file or a statement, its parameters, and how old an answer may be.
        Declare one in the configuration:
      </p>
      <Code
        what="a dataset in the configuration"
        text={`datasets:
  prices:
    source: lake
    path: "prices/{market}.csv"
    params: { market: { type: string, pattern: "[a-z]+" } }
    freshness: { maxAge: 60s }`}
      />
    </Empty>
  );
}
