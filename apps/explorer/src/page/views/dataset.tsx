/** One dataset: how it is asked, how old its answers may be, what it is made of, and what the cache holds of it. */
import type { DatasetDetails } from '@parqueue/client';
import { live } from '../api/live.ts';
import { useStore } from '../api/store.ts';
import { useResource } from '../api/use-resource.ts';
import { Ago } from '../parts/ago.tsx';
import { Code } from '../parts/copy.tsx';
import { Shown } from '../parts/notice.tsx';
import { Facts, Section } from '../parts/section.tsx';
import { Table } from '../parts/table.tsx';
import { Spark } from '../plots/spark.tsx';
import { Ratio } from '../plots/shares.tsx';
import { hrefOf } from '../route.ts';
import { pointsOf, totalOf } from '../text/asks.ts';
import { bytes, count } from '../text/numbers.ts';
import { policySentences } from '../text/policy.ts';
import { lastRefresh, reachOf, scheduleOf } from '../text/refresh.ts';
import { AskPanel } from './ask-panel.tsx';
import { EntryTable } from './entry-table.tsx';
import { InvalidateButton } from './invalidate.tsx';

const EVERY_MS = 10_000;

export function DatasetView({ name }: { readonly name: string }) {
  const { moved } = useStore(live);
  const dataset = useResource<DatasetDetails>(`/v1/datasets/${encodeURIComponent(name)}`, {
    everyMs: EVERY_MS,
    changes: moved,
  });
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf({ view: 'overview' })}>Datasets</a>
      </p>
      <div class="title">
        <h1 tabIndex={-1}>{name}</h1>
        <InvalidateButton target={{ dataset: name }} what={`dataset ${name}`} />
      </div>
      <Shown of={dataset}>{(data) => <Details dataset={data} />}</Shown>
    </>
  );
}

function Details({ dataset }: { readonly dataset: DatasetDetails }) {
  const { name, description, source, kind, format, stored, asks, freshness, entries, params, refresh } = dataset;
  const day = totalOf([asks?.lastDay]);
  return (
    <>
      {description === null ? null : <p class="lead">{description}</p>}
      <Facts
        facts={[
          ['Source', <a href={hrefOf({ view: 'sources' })}>{source}</a>],
          ['Kind', kind === 'file' ? `file, ${format ?? ''}` : 'statement'],
          ['From the cache, 24 h', <Ratio total={day} />],
          [
            'Asks, 24 h',
            day === null || asks === null ? (
              '–'
            ) : (
              <span class="with-spark left">
                {count(day.total)} <Spark points={pointsOf(asks.hours)} label="Asks by hour over the last day" />
              </span>
            ),
          ],
          ['Entries', stored === null ? '–' : `${count(stored.entries)}${stored.complete ? '' : ' or more'}`],
          ['Size', stored === null ? '–' : bytes(stored.bytes)],
          ['Latest check', <Ago at={stored?.newestVerifiedAt ?? null} none="never" />],
          ['Latest load', <Ago at={stored?.newestCommittedAt ?? null} none="never" />],
        ]}
      />
      <Section title="How old an answer may be">
        <ul class="sentences">
          {policySentences(freshness).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Section>
      {refresh === null ? null : <Refreshed refresh={refresh} />}
      <Section title="Ask it">
        <AskPanel dataset={dataset} />
      </Section>
      {params.length === 0 ? null : <Parameters params={params} />}
      <Section
        title="Entries"
        note={entries === null || entries.length === 0 ? undefined : 'the latest'}
        actions={<a href={hrefOf({ view: 'entries', dataset: name, prefix: '', after: '' })}>All of them</a>}
      >
        <EntryTable
          entries={entries}
          of={name}
          empty="Nothing is cached yet. The first ask loads it; everybody after that is answered from here."
        />
      </Section>
      <MadeOf dataset={dataset} />
    </>
  );
}

function Refreshed({ refresh }: { readonly refresh: NonNullable<DatasetDetails['refresh']> }) {
  const last = lastRefresh(refresh);
  return (
    <Section title="Refreshed unasked" note={scheduleOf(refresh)}>
      <ul class="sentences">
        <li>Looks at {reachOf(refresh)}; loads what changed, behind everybody who asks.</li>
        <li>
          Next: <Ago at={refresh.next} none="not known now" />.
        </li>
        {refresh.last === null ? null : (
          <li>
            Last: <Ago at={refresh.last.ended} />: {last}.
            {refresh.last.lastFailure === null ? null : (
              <span class="bad-words">
                {' '}
                {refresh.last.lastFailure.message} ({refresh.last.lastFailure.code})
              </span>
            )}
          </li>
        )}
      </ul>
    </Section>
  );
}

function Parameters({ params }: Pick<DatasetDetails, 'params'>) {
  return (
    <Section title="Parameters">
      <Table label="Parameters">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">Must be</th>
            <th scope="col">Without it</th>
          </tr>
        </thead>
        <tbody>
          {params.map((param) => (
            <tr key={param.name}>
              <th scope="row">
                <code>{param.name}</code>
                <div class="under">{param.description}</div>
              </th>
              <td>{param.type}</td>
              <td>{boundsOf(param)}</td>
              <td>{param.required ? 'refused' : param.default === null ? 'left out' : <code>{param.default}</code>}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Section>
  );
}

function boundsOf({ enum: values, pattern, min, max }: DatasetDetails['params'][number]): string {
  const parts = [
    ...(values === null ? [] : [`one of ${values.join(', ')}`]),
    ...(pattern === null ? [] : [`like ${pattern}`]),
    ...(min === null ? [] : [`at least ${min}`]),
    ...(max === null ? [] : [`at most ${max}`]),
  ];
  return parts.length === 0 ? 'anything' : parts.join('; ');
}

function MadeOf({
  dataset: { path, statement, tables, constructs, columnTypes },
}: {
  readonly dataset: DatasetDetails;
}) {
  const declared = Object.entries(columnTypes);
  return (
    <Section title="What it is made of">
      {path === undefined ? null : <Code what="the path of its file" text={path} />}
      {statement === undefined ? null : <Code what="its statement" text={statement} />}
      {tables === undefined || tables.length === 0 ? null : (
        <p>
          Reads{' '}
          <span class="list">
            {tables.map((table) => (
              <code key={table}>{table}</code>
            ))}
          </span>
        </p>
      )}
      {constructs === undefined || constructs.length === 0 ? null : (
        <ul class="sentences">
          {constructs.map(({ construct, why }) => (
            <li key={construct}>
              <code>{construct}</code> {why}
            </li>
          ))}
        </ul>
      )}
      {declared.length === 0 ? null : (
        <p>
          Declared types:{' '}
          <span class="list">
            {declared.map(([column, type]) => (
              <code key={column}>{`${column} ${type}`}</code>
            ))}
          </span>
        </p>
      )}
    </Section>
  );
}
