/** All sources, a line each, for the overview. */
import type { Source } from '@parqueue/client';
import { Empty } from '../parts/notice.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { hrefOf } from '../route.ts';
import { count, plural } from '../text/numbers.ts';
import { loadOf, wordOf } from '../text/source.ts';

export function SourceTable({ sources }: { readonly sources: readonly Source[] }) {
  if (sources.length === 0) return <Empty title="No sources are configured: there is nothing to ask." />;
  return (
    <Table label="Sources">
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Fills
          </th>
          <th scope="col" class="number">
            Probes
          </th>
          <th scope="col" class="number wide">
            At a time
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => {
          const { word, tone } = wordOf(source);
          return (
            <tr key={source.name}>
              <th scope="row">
                <a href={hrefOf({ view: 'sources' })}>{source.name}</a> <span class="faint">{source.kind}</span>
              </th>
              <td>
                <Tag tone={tone} title={source.cooling?.failure?.message}>
                  {word}
                </Tag>
              </td>
              {(['fill', 'probe'] as const).map((kind) => (
                <td key={kind} class="number">
                  <Queue {...loadOf(source, kind)} />
                </td>
              ))}
              <td class="number wide">
                {plural(source.limits.maxConcurrentFills, 'fill')}, {plural(source.limits.maxConcurrentProbes, 'probe')}
              </td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}

function Queue({ waiting, active }: { readonly waiting: number; readonly active: number }) {
  if (waiting === 0 && active === 0) return <span class="faint">idle</span>;
  return (
    <>
      {active === 0 ? null : `${count(active)} running`}
      {active === 0 || waiting === 0 ? null : ', '}
      {waiting === 0 ? null : `${count(waiting)} waiting`}
    </>
  );
}
