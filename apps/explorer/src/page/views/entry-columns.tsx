/** The columns of an entry: types, what is missing, how far the values reach, how they are spread. */
import type { Column, ColumnStatistics, Statistics } from '@parqueue/client';
import { useResource } from '../api/use-resource.ts';
import { Trouble } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { Table } from '../parts/table.tsx';
import { Histogram } from '../plots/histogram.tsx';
import { TopValues } from '../plots/shares.tsx';
import { cellText } from '../text/cells.ts';
import { basisText, distinctText, meanText, missingText } from '../text/columns.ts';
import { bytes, count } from '../text/numbers.ts';

interface ColumnsProps {
  readonly cacheKey: string;
  readonly generation: number;
  /** null: the files are not whole. */
  readonly columns: readonly Column[] | null;
}

export function Columns({ cacheKey, generation, columns }: ColumnsProps) {
  const statistics = useResource<Statistics>(
    columns === null ? null : `/v1/entries/${encodeURIComponent(cacheKey)}/statistics`,
    {
      changes: generation,
    },
  );
  const { data, problem, again } = statistics;
  if (columns === null) return null;
  const byName = new Map(data?.columns.map((column) => [column.name, column]));
  return (
    <Section title="Columns" note={data === null ? (problem === null ? 'counting…' : '') : basisText(data)}>
      {problem === null || data !== null ? null : <Trouble problem={problem} again={again} />}
      <Table label="Columns">
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col" class="number wide">
              Size
            </th>
            <th scope="col">Missing</th>
            <th scope="col" class="wide">
              Least and greatest
            </th>
            <th scope="col" class="number wide">
              Distinct
            </th>
            <th scope="col">Spread</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <ColumnRow
              key={column.name}
              column={column}
              of={byName.get(column.name) ?? null}
              sampled={data?.basis.kind === 'sample'}
            />
          ))}
        </tbody>
      </Table>
    </Section>
  );
}

interface ColumnRowProps {
  readonly column: Column;
  readonly of: ColumnStatistics | null;
  /** Whether there are rows that were not counted. */
  readonly sampled: boolean;
}

function ColumnRow({ column, of, sampled }: ColumnRowProps) {
  const none = <span class="faint">–</span>;
  return (
    <tr class="column">
      <th scope="row">
        <span class="column-name">{column.name}</span>
        <div class="under">
          <code>{column.type}</code>
        </div>
        <div class="under wide" title={column.note}>
          {column.sourceType}
        </div>
      </th>
      <td class="number wide">{of === null ? none : bytes(of.bytes)}</td>
      <td>{of === null ? none : <Missing of={of} sampled={sampled} />}</td>
      <td class="wide">
        {of === null || of.min === null ? (
          none
        ) : (
          <>
            <code class="cut">{cellText(of.min)}</code>
            <br />
            <code class="cut">{cellText(of.max)}</code>
            {of.range === 'looked-at' ? <div class="under">of the rows counted</div> : null}
            {of.mean === null ? null : <div class="under">mean {meanText(of.mean, sampled)}</div>}
          </>
        )}
      </td>
      <td class="number wide">{of === null ? none : distinctText(of.distinct, sampled)}</td>
      <td class="spread">{of === null ? none : <Spread column={column.name} of={of} />}</td>
    </tr>
  );
}

function Missing({ of, sampled }: { readonly of: ColumnStatistics; readonly sampled: boolean }) {
  const { nulls, values } = of;
  const text = missingText(of, sampled);
  if (nulls === 0) return <span class="faint">{text}</span>;
  return <span title={`${count(nulls)} of ${count(nulls + values)}`}>{text}</span>;
}

function Spread({ column, of }: { readonly column: string; readonly of: ColumnStatistics }) {
  if (of.histogram !== null && of.histogram.counts.length > 0) return <Histogram {...of.histogram} column={column} />;
  if (of.top !== null && of.top.length > 0) return <TopValues values={of.top} of={of.values} exact={of.topExact} />;
  return <span class="faint">{of.nested ? 'nested' : of.values === 0 ? 'only nulls' : '–'}</span>;
}
