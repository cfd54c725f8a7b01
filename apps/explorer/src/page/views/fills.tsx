/** All work, live: what runs, what waits, what ended lately. */
import { live, type LiveFill } from '../api/live.ts';
import { useStore } from '../api/store.ts';
import { useNow } from '../clock.ts';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { hrefOf, type FillFilter } from '../route.ts';
import { count } from '../text/numbers.ts';
import { coarse } from '../text/times.ts';
import { stuckMs } from '../text/work.ts';
import { FillList } from './fill-list.tsx';

const ENDED_SHOWN = 50;

const FILTERS: readonly (readonly [FillFilter, string])[] = [
  ['fills', 'Fills'],
  ['probes', 'Probes'],
  ['failed', 'Failures'],
];

export function Fills({ show }: { readonly show: FillFilter }) {
  const { fills, by } = useStore(live);
  const all = [...fills.values()].filter(({ fill }) => shows(show, fill));
  const running = all.filter(({ fill }) => fill.state === 'running');
  const queued = all.filter(({ fill }) => fill.state === 'queued').toReversed();
  const ended = all.filter(({ fill }) => fill.state === 'finished').toSorted(latestFirst);
  return (
    <>
      <h1 tabIndex={-1}>Work</h1>
      <p class="lead">
        A probe asks a source whether something changed; a fill loads its rows. Whoever asks meanwhile waits for the
        same one.
      </p>
      <nav class="tabs" aria-label="Which work">
        {FILTERS.map(([filter, title]) => (
          <a
            key={filter}
            class="tab"
            href={hrefOf({ view: 'fills', show: filter })}
            aria-current={filter === show ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
        <span class="faint tabs-note">
          {by === 'stream' ? 'live' : by === 'polling' ? 'looked at every few seconds' : ''}
        </span>
      </nav>
      {show === 'failed' ? null : (
        <>
          <Section title="Running" note={count(running.length)}>
            {running.length === 0 ? (
              <Empty title={`No ${show === 'fills' ? 'fill' : 'probe'} is running.`} />
            ) : (
              <FillList fills={running} />
            )}
          </Section>
          {queued.length === 0 ? null : (
            <Section title="Waiting" note={count(queued.length)}>
              <Stuck fills={[...fills.values()]} />
              <FillList fills={queued} />
            </Section>
          )}
        </>
      )}
      <Section title="Ended" note="within about ten minutes, newest first">
        {ended.length === 0 ? (
          <Empty title={show === 'failed' ? 'Nothing failed.' : 'Nothing ended lately.'}>
            {show === 'fills' ? (
              <p>Open a dataset and ask for its first rows: what is not cached is loaded, and you can watch it here.</p>
            ) : null}
          </Empty>
        ) : (
          <FillList fills={ended.slice(0, ENDED_SHOWN)} />
        )}
      </Section>
    </>
  );
}

/** Why nothing is done about what waits, as far as a page can tell. */
function Stuck({ fills }: { readonly fills: readonly LiveFill[] }) {
  const ms = stuckMs(
    fills.map(({ fill }) => fill),
    useNow(),
  );
  if (ms === null) return null;
  return (
    <p class="standing warn">
      Nothing runs, and work has waited for {coarse(ms)}. Is a worker running? <code>parqueue doctor</code> tells. A{' '}
      <a href={hrefOf({ view: 'sources' })}>source</a> that is paused or cools down lets its work wait too.
    </p>
  );
}

function shows(filter: FillFilter, { kind, outcome }: LiveFill['fill']): boolean {
  if (filter === 'failed') return outcome?.kind === 'failed';
  return filter === 'fills' ? kind === 'fill' : kind === 'probe';
}

function latestFirst({ fill: one }: LiveFill, { fill: other }: LiveFill): number {
  return Date.parse(other.finishedAt ?? other.enqueuedAt) - Date.parse(one.finishedAt ?? one.enqueuedAt);
}
