/** Entries, a line each. */
import type { Entry } from '@parqueue/client';
import { Age, Ago } from '../parts/ago.tsx';
import { DatasetLink, EntryLink } from '../parts/links.tsx';
import { Empty } from '../parts/notice.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { bytes, count, shortCount } from '../text/numbers.ts';

interface EntryTableProps {
  /** null: Redis is away. */
  readonly entries: readonly Entry[] | null;
  /** The dataset they are all of; null: of any. */
  readonly of: string | null;
  readonly empty: string;
}

export function EntryTable({ entries, of, empty }: EntryTableProps) {
  if (entries === null) return <Empty title="Not known while Redis is away." />;
  if (entries.length === 0) return <Empty title={empty} />;
  return (
    <Table label="Entries">
      <thead>
        <tr>
          <th scope="col">Entry</th>
          {of === null ? (
            <th scope="col" class="wide">
              Dataset
            </th>
          ) : null}
          <th scope="col" class="number">
            Rows
          </th>
          <th scope="col" class="number">
            Size
          </th>
          <th scope="col" class="number">
            Age
          </th>
          <th scope="col" class="number wide">
            Last load
          </th>
          <th scope="col" class="number wide">
            Last read
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.key}>
            <th scope="row">
              <EntryLink cacheKey={entry.key} />
              {entry.damaged === null ? null : <Tag tone="bad">damaged</Tag>}
            </th>
            {of === null ? (
              <td class="wide">
                {entry.dataset === null ? <span class="faint">ad hoc</span> : <DatasetLink name={entry.dataset} />}
              </td>
            ) : null}
            <td class="number" title={count(entry.rows)}>
              {shortCount(entry.rows)}
            </td>
            <td class="number">{bytes(entry.bytes)}</td>
            <td class="number">
              <Age at={entry.verifiedAt} />
            </td>
            <td class="number wide">
              <Ago at={entry.committedAt} />
            </td>
            <td class="number wide">
              <Ago at={entry.lastReadAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
