/** The columns of an entry: types, what is missing, how far the values reach, how they are spread. */
import type { Column, ColumnStatistics, Statistics } from '@parqueue/client';
import { useResource } from '../api/use-resource.ts';
import { Trouble } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { Table } from '../parts/table.tsx';
import { Histogram } from '../plots/histogram.tsx';
import { TopValues } from '../plots/shares.tsx';
import { cellText, meanText } from '../text/cells.ts';
import { bytes, count, percent, plural } from '../text/numbers.ts';

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
    <Section title="Columns" note={data === null ? (problem === null ? 'counting…' : '') : basisOf(data)}>
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
      <td>{of === null ? none : <Missing nulls={of.nulls} all={of.nulls + of.values} />}</td>
      <td class="wide">
        {of === null || of.min === null ? (
          none
        ) : (
          <>
            <code class="cut">{cellText(of.min)}</code>
            <br />
            <code class="cut">{cellText(of.max)}</code>
            {of.range === 'looked-at' ? <div class="under">of the rows counted</div> : null}
            {of.mean === null ? null : <div class="under">mean {meanText(of.mean)}</div>}
          </>
        )}
      </td>
      <td class="number wide">
        {of === null ? none : of.distinct === null ? 'many' : `${sampled ? '≥ ' : ''}${count(of.distinct)}`}
      </td>
      <td class="spread">{of === null ? none : <Spread column={column.name} of={of} />}</td>
    </tr>
  );
}

function Missing({ nulls, all }: { readonly nulls: number; readonly all: number }) {
  if (nulls === 0) return <span class="faint">none</span>;
  return <span title={`${count(nulls)} of ${count(all)}`}>{percent(nulls / all)}</span>;
}

function Spread({ column, of }: { readonly column: string; readonly of: ColumnStatistics }) {
  if (of.histogram !== null && of.histogram.counts.length > 0) return <Histogram {...of.histogram} column={column} />;
  if (of.top !== null && of.top.length > 0) return <TopValues values={of.top} of={of.values} exact={of.topExact} />;
  return <span class="faint">{of.nested ? 'nested' : of.values === 0 ? 'only nulls' : '–'}</span>;
}

function basisOf({ rows, basis }: Statistics): string {
  if (basis.kind === 'all') return `counted over ${plural(rows, 'row')}`;
  const why = { rows: '', memory: ', some of its row groups are too large', time: ', as many as there was time for' };
  return `counted over ${count(basis.rows)} of ${plural(rows, 'row')}, from all over the file${basis.why === null ? '' : why[basis.why]}`;
}
