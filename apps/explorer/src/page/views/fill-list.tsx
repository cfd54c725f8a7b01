/** Probes and fills, a line each: how far, how fast, how it ended; and the button that ends it. */
import { useState } from 'preact/hooks';
import type { LiveFill } from '../api/live.ts';
import { take } from '../api/live.ts';
import { askJson } from '../api/request.ts';
import { may, session } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { useNow } from '../clock.ts';
import { Ago } from '../parts/ago.tsx';
import { announce } from '../parts/announce.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { DatasetLink, EntryLink } from '../parts/links.tsx';
import { ProgressBar } from '../parts/progress.tsx';
import { Tag } from '../parts/tag.tsx';
import { hrefOf } from '../route.ts';
import { rate } from '../text/numbers.ts';
import { duration } from '../text/times.ts';
import { amountOf, outcomeOf, phaseOf, ratesOf, remaining, shareOf, timesOf } from '../text/work.ts';

export function FillList({ fills }: { readonly fills: readonly LiveFill[] }) {
  return (
    <ul class="fills">
      {fills.map((one) => (
        <FillItem key={one.fill.id} {...one} />
      ))}
    </ul>
  );
}

function FillItem({ fill, samples }: LiveFill) {
  const time = useNow();
  const { workedMs, waitedMs } = timesOf(fill, time);
  const rates = ratesOf(samples);
  const outcome = fill.state === 'finished' ? outcomeOf(fill.outcome) : null;
  const speed = [rate(rates.rows, 'rows') || rate(rates.bytes, 'bytes'), remaining(fill.progress, rates.bytes)].filter(
    (part) => part !== '',
  );
  return (
    <li class={`fill fill-${fill.state}`}>
      <div class="fill-what">
        <span class="fill-kind">{fill.kind}</span>
        {fill.dataset === null ? <span class="faint">ad hoc</span> : <DatasetLink name={fill.dataset} />}
        <EntryLink cacheKey={fill.key} />
        <span class="faint">from {fill.source}</span>
      </div>
      <div class="fill-state">
        {outcome === null ? (
          <Tag tone={fill.state === 'running' ? 'busy' : 'calm'}>{phaseOf(fill)}</Tag>
        ) : (
          <Tag tone={outcome.tone}>{outcome.words}</Tag>
        )}
        <a
          href={hrefOf({ view: 'fill', id: fill.id })}
          class="fill-more"
          aria-label={`Details of the ${fill.kind} of ${fill.key}`}
        >
          details
        </a>
        <CancelButton fill={fill} />
      </div>
      {fill.state === 'running' ? (
        <ProgressBar share={shareOf(fill.progress)} label={`Progress of ${fill.dataset ?? fill.key}`} />
      ) : null}
      <div class="fill-numbers">
        {fill.state === 'finished' ? (
          <>
            <Ago at={fill.finishedAt} />
            {workedMs === null ? null : <span>took {duration(workedMs)}</span>}
            {waitedMs < 1_000 ? null : <span>waited {duration(waitedMs)}</span>}
            {fill.rowsPerSecond === null || fill.rowsPerSecond === 0 ? null : (
              <span>{rate(fill.rowsPerSecond, 'rows')}</span>
            )}
          </>
        ) : (
          <>
            <span>
              {workedMs === null
                ? `waiting for ${duration(Math.floor(waitedMs / 1_000) * 1_000)}`
                : duration(Math.floor(workedMs / 1_000) * 1_000)}
            </span>
            {amountOf(fill.progress) === '' ? null : <span>{amountOf(fill.progress)}</span>}
            {speed.map((part) => (
              <span key={part}>{part}</span>
            ))}
          </>
        )}
        {fill.outcome?.kind === 'failed' ? <span class="bad-words">{fill.outcome.failure.message}</span> : null}
      </div>
    </li>
  );
}

export function CancelButton({ fill }: Pick<LiveFill, 'fill'>) {
  const [asking, setAsking] = useState(false);
  const allowed = may(useStore(session), 'fill');
  if (fill.state === 'finished') return null;
  const what = `the ${fill.kind} of ${fill.dataset ?? fill.key}`;
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label={`Cancel ${what}`}
        disabled={!allowed}
        title={allowed ? undefined : 'This needs a key with the scope fill.'}
        onClick={() => setAsking(true)}
      >
        Cancel
      </button>
      {asking ? (
        <Confirm
          title={`Cancel ${what}?`}
          action="Cancel it"
          dangerous
          onClose={() => setAsking(false)}
          act={async () => {
            take([
              await askJson(`/v1/fills/${encodeURIComponent(fill.id)}`, { method: 'DELETE' }).then((told) => ({
                ...fill,
                ...(told as object),
              })),
            ]);
            announce(`Told ${what} to stop`);
          }}
        >
          <p>
            Everybody who waits for it hears that it was cancelled. What the cache has stays as it is, and the next ask
            begins again.
          </p>
        </Confirm>
      ) : null}
    </>
  );
}
