/** What an operator sees first: how much the cache answers, what is under way, every dataset and every source. */
import type { Catalog, Dataset, Source, Sources } from '@parqueue/client';
import { live } from '../api/live.ts';
import { useStore } from '../api/store.ts';
import { useResource } from '../api/use-resource.ts';
import { Shown } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { Spark } from '../plots/spark.tsx';
import { hrefOf } from '../route.ts';
import { pointsOf, sentenceOf, totalOf } from '../text/asks.ts';
import { bytes, count, percent, shortCount } from '../text/numbers.ts';
import { standingOf, troubledOf } from '../text/source.ts';
import { DatasetTable } from './dataset-table.tsx';
import { FillList } from './fill-list.tsx';
import { SourceTable } from './source-table.tsx';

const CATALOG_EVERY_MS = 10_000;
const SOURCES_EVERY_MS = 5_000;

export function Overview() {
  const { moved, fills } = useStore(live);
  const catalog = useResource<Catalog>('/v1/datasets', { everyMs: CATALOG_EVERY_MS, changes: moved });
  const sources = useResource<Sources>('/v1/sources', { everyMs: SOURCES_EVERY_MS });
  const running = [...fills.values()].filter(({ fill }) => fill.kind === 'fill' && fill.state !== 'finished');
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      <Numbers datasets={catalog.data?.datasets ?? null} sources={sources.data?.sources ?? null} />
      {running.length === 0 ? null : (
        <Section title="Loading now" actions={<a href={hrefOf({ view: 'fills', show: 'fills' })}>All work</a>}>
          <FillList fills={running.slice(0, 5)} />
        </Section>
      )}
      <Section title="Datasets">
        <Shown of={catalog}>{({ datasets }) => <DatasetTable datasets={datasets} />}</Shown>
      </Section>
      <Section title="Sources">
        <Shown of={sources}>{({ sources: all }) => <SourceTable sources={all} />}</Shown>
      </Section>
    </>
  );
}

interface NumbersProps {
  readonly datasets: readonly Dataset[] | null;
  readonly sources: readonly Source[] | null;
}

function Numbers({ datasets, sources }: NumbersProps) {
  const { fills } = useStore(live);
  const asks = (datasets ?? []).map((dataset) => dataset.asks ?? undefined);
  const day = totalOf(asks.map((one) => one?.lastDay));
  const hour = totalOf(asks.map((one) => one?.lastHour));
  const hours = asks.flatMap((one) => (one === undefined ? [] : [pointsOf(one.hours)]));
  const stored = (datasets ?? []).flatMap((dataset) => (dataset.stored === null ? [] : [dataset.stored]));
  const work = [...fills.values()].filter(({ fill }) => fill.kind === 'fill');
  const running = work.filter(({ fill }) => fill.state === 'running').length;
  const queued = work.filter(({ fill }) => fill.state === 'queued').length;
  return (
    <dl class="numbers">
      <div>
        <dt>From the cache, 24 h</dt>
        <dd>{day?.ratio == null ? '–' : percent(day.ratio)}</dd>
        <dd class="under">{datasets?.length === 0 ? '' : day === null ? 'not known now' : sentenceOf(day)}</dd>
      </div>
      <div>
        <dt>Asks, last hour</dt>
        <dd>{hour === null ? '–' : shortCount(hour.total)}</dd>
        <dd class="under">
          {hours.length === 0 ? '' : <Spark points={summed(hours)} label="Asks by hour over the last day" />}
        </dd>
      </div>
      <div>
        <dt>
          <a href={hrefOf({ view: 'entries', dataset: '', prefix: '', after: '' })}>Entries</a>
        </dt>
        <dd>{stored.length === 0 ? '–' : count(stored.reduce((sum, { entries }) => sum + entries, 0))}</dd>
        <dd class="under">{stored.length === 0 ? '' : bytes(stored.reduce((sum, one) => sum + one.bytes, 0))}</dd>
      </div>
      <div>
        <dt>
          <a href={hrefOf({ view: 'fills', show: 'fills' })}>Loading</a>
        </dt>
        <dd>{count(running)}</dd>
        <dd class="under">{queued === 0 ? 'nothing waits' : `${count(queued)} waiting`}</dd>
      </div>
      <div>
        <dt>
          <a href={hrefOf({ view: 'sources' })}>Sources</a>
        </dt>
        <dd>{sources === null ? '–' : `${sources.length - troubledOf(sources).length}/${sources.length}`}</dd>
        <dd class="under">{sources === null ? '' : standingOf(sources)}</dd>
      </div>
    </dl>
  );
}

/** Hour by hour over all datasets; all series end now. */
function summed(series: readonly (readonly { readonly total: number; readonly answered: number }[])[]) {
  const length = Math.max(0, ...series.map((points) => points.length));
  return Array.from({ length }, (_, at) => {
    const points = series.map((one) => one[one.length - length + at]);
    return {
      total: points.reduce((sum, point) => sum + (point?.total ?? 0), 0),
      answered: points.reduce((sum, point) => sum + (point?.answered ?? 0), 0),
    };
  });
}
