/** One entry: why it is answered as it is, its rows, its columns, its generations, and the work on it. */
import type { DatasetDetails, Explanation } from '@parqueue/client';
import { live } from '../api/live.ts';
import { useStore } from '../api/store.ts';
import { useResource } from '../api/use-resource.ts';
import { Ago } from '../parts/ago.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { DatasetLink } from '../parts/links.tsx';
import { Empty, Shown } from '../parts/notice.tsx';
import { Facts, Section } from '../parts/section.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { hrefOf } from '../route.ts';
import { bytes, count, plural } from '../text/numbers.ts';
import { tickName } from '../text/verdict.ts';
import { Answering } from './entry-answering.tsx';
import { Columns } from './entry-columns.tsx';
import { FirstRows } from './entry-rows.tsx';
import { FillList } from './fill-list.tsx';
import { InvalidateButton } from './invalidate.tsx';

const EVERY_MS = 5_000;

export function EntryView({ cacheKey }: { readonly cacheKey: string }) {
  const { moved } = useStore(live);
  const entry = useResource<Explanation>(`/v1/entries/${encodeURIComponent(cacheKey)}/explain`, {
    everyMs: EVERY_MS,
    changes: moved,
  });
  const dataset = entry.data?.head.dataset ?? null;
  const declared = useResource<DatasetDetails>(dataset === null ? null : `/v1/datasets/${encodeURIComponent(dataset)}`);
  return (
    <>
      <p class="crumbs">
        {dataset === null ? (
          <a href={hrefOf({ view: 'entries', dataset: '', prefix: '', after: '' })}>Entries</a>
        ) : (
          <DatasetLink name={dataset} />
        )}
      </p>
      <div class="title">
        <h1 tabIndex={-1} class="key-title">
          {cacheKey}
        </h1>
        <div class="actions">
          <CopyButton text={cacheKey} what="the key" />
          <InvalidateButton target={{ key: cacheKey }} what="this entry" />
        </div>
      </div>
      <Shown of={entry}>
        {(explanation) => <Details explanation={explanation} policy={declared.data?.freshness ?? null} />}
      </Shown>
    </>
  );
}

interface DetailsProps {
  readonly explanation: Explanation;
  readonly policy: DatasetDetails['freshness'] | null;
}

function Details({ explanation, policy }: DetailsProps) {
  const { key, head, manifest, files, lease, pins, fills } = explanation;
  return (
    <>
      <Facts
        facts={[
          ['Rows', count(head.rows)],
          ['Size', bytes(head.bytes)],
          ['Columns', manifest === null ? '–' : count(manifest.columns.length)],
          ['Last proved right', <Ago at={head.verifiedAt} />],
          ['Last load', <Ago at={head.committedAt} />],
          ['Source', <a href={hrefOf({ view: 'sources' })}>{head.source}</a>],
          ['Files', files.state === 'whole' ? 'whole' : <Tag tone="bad">{files.reason ?? files.state}</Tag>],
          ['Rows and version', head.consistency],
          [
            'Version',
            <code class="cut" title={head.version}>
              {head.version}
            </code>,
          ],
        ]}
      />
      <Answering explanation={explanation} policy={policy} />
      <FirstRows cacheKey={key} generation={head.generation} columns={manifest?.columns ?? null} />
      <Columns cacheKey={key} generation={head.generation} columns={manifest?.columns ?? null} />
      <Parts parts={explanation.parts ?? null} />
      <Generations explanation={explanation} />
      <Section
        title="Work on it"
        note={[lease === null ? '' : `${lease.holder} is loading it`, pins === 0 ? '' : plural(pins, 'pin')]
          .filter((part) => part !== '')
          .join(' · ')}
      >
        {fills.length === 0 ? (
          <Empty title="Nothing was done for it within the last ten minutes." />
        ) : (
          <FillList fills={fills.map((fill) => ({ fill, samples: [] }))} />
        )}
      </Section>
    </>
  );
}

function Generations({ explanation: { key, head, retired, manifest } }: { readonly explanation: Explanation }) {
  const data = (generation: number, format: string): string =>
    `.${`/v1/entries/${encodeURIComponent(key)}/generations/${generation}/data`}${format === 'parquet' ? '' : `?format=${format}`}`;
  return (
    <Section
      title="Generations"
      note={
        retired.length === 0 ? 'only the current one is kept' : `${plural(retired.length, 'older one')} kept for now`
      }
    >
      <Table label="Generations">
        <thead>
          <tr>
            <th scope="col">Generation</th>
            <th scope="col">State</th>
            <th scope="col" class="number wide">
              Rows
            </th>
            <th scope="col" class="number wide">
              Size
            </th>
            <th scope="col" class="number">
              Since
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <code title={String(head.generation)}>{tickName(head.generation)}</code>
              <div class="under">{manifest === null ? '' : `by ${manifest.host}, ${manifest.writer}`}</div>
            </th>
            <td>
              <Tag tone="good">current</Tag>
            </td>
            <td class="number wide">{count(head.rows)}</td>
            <td class="number wide">{bytes(head.bytes)}</td>
            <td class="number">
              <Ago at={head.committedAt} />
            </td>
          </tr>
          {retired.map(({ generation, retiredAt }) => (
            <tr key={generation}>
              <th scope="row">
                <code title={String(generation)}>{tickName(generation)}</code>
              </th>
              <td>
                <Tag>replaced</Tag>
              </td>
              <td class="number wide">
                <span class="faint">–</span>
              </td>
              <td class="number wide">
                <span class="faint">–</span>
              </td>
              <td class="number">
                <Ago at={retiredAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      <details class="raw">
        <summary>Addresses of the current generation, the same for ever</summary>
        <ul class="sentences">
          {['parquet', 'arrow', 'csv', 'json', 'ndjson'].map((format) => (
            <li key={format}>
              <code>{new URL(data(head.generation, format), location.href).href}</code>
            </li>
          ))}
        </ul>
      </details>
    </Section>
  );
}

function Parts({ parts }: { readonly parts: NonNullable<Explanation['parts']> | null }) {
  if (parts === null || parts.length === 0) return null;
  return (
    <Section title="What its version is made of">
      <Table label="Parts of the version">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Since its rows were read</th>
            <th scope="col" class="number">
              Latest look
            </th>
            <th scope="col" class="number">
              It cost
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ part, changed, latest, headVersion, probing }) => (
            <tr key={part}>
              <th scope="row">
                <code>{part}</code>
                <div class="under">
                  <code>{headVersion}</code>
                </div>
              </th>
              <td>
                <Tag tone={changed === true ? 'warn' : changed === false ? 'good' : 'calm'}>
                  {changed === null ? 'not known' : changed ? 'changed' : 'not changed'}
                </Tag>{' '}
                {probing ? <Tag tone="busy">being asked</Tag> : null}
              </td>
              <td class="number">
                <Ago at={latest?.probedAt ?? null} />
              </td>
              <td class="number">{latest === null ? '–' : `${count(Math.round(latest.costMs))} ms`}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Section>
  );
}
