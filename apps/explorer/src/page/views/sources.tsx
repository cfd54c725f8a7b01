/** All sources: how each stands, what waits for it, and the buttons that leave it alone and ask it again. */
import type { Source, Sources } from '@parqueue/client';
import { useId, useState } from 'preact/hooks';
import { ask } from '../api/request.ts';
import { may, session } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { useResource } from '../api/use-resource.ts';
import { useNow } from '../clock.ts';
import { Ago } from '../parts/ago.tsx';
import { announce } from '../parts/announce.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Empty, Shown } from '../parts/notice.tsx';
import { Facts } from '../parts/section.tsx';
import { Tag } from '../parts/tag.tsx';
import { count } from '../text/numbers.ts';
import { shortPolicy } from '../text/policy.ts';
import { loadOf, wordOf } from '../text/source.ts';
import { relative } from '../text/times.ts';
import { InvalidateButton } from './invalidate.tsx';

const EVERY_MS = 3_000;

export function SourcesView() {
  const sources = useResource<Sources>('/v1/sources', { everyMs: EVERY_MS });
  return (
    <>
      <h1 tabIndex={-1}>Sources</h1>
      <p class="lead">
        Where rows come from. A source that fails three times in a row cools down by itself; one that is paused is asked
        nothing more, and answers that may be old are given meanwhile.
      </p>
      <Shown of={sources}>
        {({ sources: all }) =>
          all.length === 0 ? (
            <Empty title="No sources are configured: there is nothing to ask." />
          ) : (
            <div class="cards">
              {all.map((source) => (
                <SourceCard key={source.name} source={source} again={sources.again} />
              ))}
            </div>
          )
        }
      </Shown>
    </>
  );
}

function SourceCard({ source, again }: { readonly source: Source; readonly again: () => void }) {
  const { name, kind, limits, pool, adhocFreshness, health } = source;
  const { word, tone } = wordOf(source);
  const id = useId();
  const queue = (of: 'fill' | 'probe'): string => {
    const { active, waiting } = loadOf(source, of);
    const most = of === 'fill' ? limits.maxConcurrentFills : limits.maxConcurrentProbes;
    if (active === 0 && waiting === 0) return `idle, ${count(most)} at a time`;
    return `${count(active)} of ${count(most)} running, ${count(waiting)} waiting`;
  };
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{name}</h2>
        <span class="faint">{kind}</span>
        <Tag tone={tone}>{word}</Tag>
      </div>
      <Standing source={source} />
      <Facts
        facts={[
          ['Fills', queue('fill')],
          ['Probes', queue('probe')],
          ['Last answer', <Ago at={health.lastAnswerAt} none="none yet" />],
          ...(health.lastFailureAt === null ? [] : [['Last failure', <Ago at={health.lastFailureAt} />] as const]),
          ...(pool === null ? [] : [['Connections', `${pool.maxPerThread} a worker thread`] as const]),
          ['Ad-hoc questions', adhocFreshness === null ? 'refused' : `allowed, ${shortPolicy(adhocFreshness)}`],
        ]}
      />
      <div class="card-actions">
        <PauseButton source={source} again={again} />
        <InvalidateButton
          target={{ source: name }}
          what={`all that was read from ${name}`}
          withTables={kind !== 'file'}
        />
      </div>
    </section>
  );
}

/** What is out of the ordinary, and since when. */
function Standing({ source: { paused, pause, cooling, health } }: { readonly source: Source }) {
  const time = useNow();
  const failure = cooling?.failure ?? health.lastFailure;
  return (
    <>
      {paused ? (
        <p class="standing warn">
          Paused{pause?.by == null ? '' : ` by ${pause.by}`}
          {pause?.since == null ? null : (
            <>
              , <Ago at={pause.since} />
            </>
          )}
          {pause?.reason == null ? null : <>: “{pause.reason}”</>}
        </p>
      ) : null}
      {cooling === null ? null : (
        <p class="standing bad">
          Failed {count(cooling.failures)} times in a row; one trial {relative(Date.parse(cooling.until), time)}.
        </p>
      )}
      {failure === null || health.state === 'ok' ? null : (
        <p class="standing">
          {failure.message} <span class="faint">({failure.code})</span>
        </p>
      )}
    </>
  );
}

function PauseButton({ source: { name, paused }, again }: { readonly source: Source; readonly again: () => void }) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const id = useId();
  const allowed = may(useStore(session), 'admin');
  const action = paused ? 'resume' : 'pause';
  const act = async (): Promise<void> => {
    await ask(`/v1/sources/${encodeURIComponent(name)}/${action}`, {
      method: 'POST',
      body: !paused && reason !== '' ? { reason } : {},
    });
    announce(paused ? `${name} is asked again` : `${name} is paused`);
    again();
  };
  return (
    <>
      <button
        type="button"
        disabled={!allowed}
        title={allowed ? undefined : 'This needs a key with the scope admin.'}
        onClick={() => setAsking(true)}
      >
        {paused ? 'Resume' : 'Pause'}
        <span class="sr-only"> {name}</span>
      </button>
      {asking ? (
        <Confirm
          title={`${paused ? 'Resume' : 'Pause'} ${name}?`}
          action={paused ? 'Resume it' : 'Pause it'}
          dangerous={!paused}
          onClose={() => setAsking(false)}
          act={act}
        >
          {paused ? (
            <p>What waits for it is taken up again, as many at a time as are allowed.</p>
          ) : (
            <>
              <p>
                No new probe and no new fill begins, in the whole cluster, until somebody resumes it. What runs is not
                stopped. Answers that a dataset allows to be old are given meanwhile; the others fail.
              </p>
              <div class="field">
                <label for={id}>Why, for whoever finds it paused</label>
                <input
                  id={id}
                  type="text"
                  maxLength={200}
                  value={reason}
                  onInput={(event) => setReason(event.currentTarget.value)}
                />
              </div>
            </>
          )}
        </Confirm>
      ) : null}
    </>
  );
}
