/** One probe or fill, followed to its end. */
import type { Fill, FillSummary } from '@parqueue/client';
import { live } from '../api/live.ts';
import { useStore } from '../api/store.ts';
import { useResource } from '../api/use-resource.ts';
import { Ago } from '../parts/ago.tsx';
import { EntryLink } from '../parts/links.tsx';
import { Shown } from '../parts/notice.tsx';
import { Facts, Section } from '../parts/section.tsx';
import { hrefOf } from '../route.ts';
import { outcomeOf } from '../text/work.ts';
import { FillList } from './fill-list.tsx';

const EVERY_MS = 2_000;

export function FillView({ id }: { readonly id: string }) {
  const known = useStore(live).fills.get(id);
  const ended = known?.fill.state === 'finished';
  const fill = useResource<Fill>(`/v1/fills/${encodeURIComponent(id)}`, { everyMs: ended ? null : EVERY_MS });
  const kind = known?.fill.kind ?? fill.data?.kind ?? 'fill';
  return (
    <>
      <p class="crumbs">
        <a href={hrefOf({ view: 'fills', show: 'fills' })}>Work</a>
      </p>
      <h1 tabIndex={-1} class="key-title">
        {kind} {id}
      </h1>
      <Shown of={fill}>
        {(data) => {
          const summary = known?.fill ?? summaryOf(data);
          return (
            <>
              {summary === null ? null : <FillList fills={[known ?? { fill: summary, samples: [] }]} />}
              <Outcome fill={{ ...data, ...(known?.fill ?? {}) }} />
            </>
          );
        }}
      </Shown>
    </>
  );
}

function Outcome({ fill }: { readonly fill: Fill }) {
  const { outcome, enqueuedAt, startedAt, finishedAt, key } = fill;
  return (
    <>
      <Section title="When">
        <Facts
          facts={[
            ['Asked for', <Ago at={enqueuedAt ?? null} />],
            ['Taken by a worker', <Ago at={startedAt ?? null} none="not yet" />],
            ['Ended', <Ago at={finishedAt ?? null} none="not yet" />],
          ]}
        />
      </Section>
      {outcome === null ? null : (
        <Section title="What became of it">
          <p>{outcomeOf(outcome).words}</p>
          {outcome.kind === 'failed' ? <p>{outcome.failure.message}</p> : null}
          {outcome.kind === 'failed' ? (
            <p class="faint">
              {outcome.failure.retryable
                ? 'The same may succeed later: the next ask tries again.'
                : 'The same will fail again until something is changed.'}
            </p>
          ) : null}
          {'fillJobId' in outcome ? (
            <p>
              <a href={hrefOf({ view: 'fill', id: outcome.fillJobId })}>The fill that followed</a>
            </p>
          ) : null}
          {key === undefined ? null : (
            <p>
              <EntryLink cacheKey={key}>Its entry</EntryLink>
            </p>
          )}
        </Section>
      )}
    </>
  );
}

/** null: only the outcome is still known. */
function summaryOf(fill: Fill): FillSummary | null {
  const { kind, key, source, enqueuedAt } = fill;
  if (kind === undefined || key === undefined || source === undefined || enqueuedAt === undefined) return null;
  return {
    ...fill,
    kind,
    key,
    source,
    enqueuedAt,
    dataset: fill.dataset ?? null,
    startedAt: fill.startedAt ?? null,
    finishedAt: fill.finishedAt ?? null,
    rowsPerSecond: fill.rowsPerSecond ?? null,
  };
}
