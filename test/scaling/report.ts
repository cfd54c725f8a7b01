/** The report of a scaling run: a table of who ran what, and a timeline as SVG that needs neither script nor font. */
import type { Ask } from './crowd.ts';
import type { Span, WorkerStory } from './spans.ts';
import { colourAt, svgDocument } from '../fixtures/svg.ts';

export interface Run {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly workers: readonly WorkerStory[];
  readonly spans: readonly Span[];
  readonly asks: readonly Ask[];
  readonly changes: number;
}

export function tableOf({ beganMs, endedMs, workers, spans, asks, changes }: Run): string {
  const rows = workers.map(({ name, startedMs, toldMs, endedMs: ended, exit, rssBytes }) => {
    const own = spans.filter(({ worker }) => worker === name);
    const count = (end: Span['end']): number => own.filter((span) => span.end === end).length;
    const life = `${seconds(startedMs - beganMs)} to ${seconds(ended - beganMs)}`;
    const memory = `${Math.round(rssBytes / 2 ** 20)} MiB`;
    const cells = [name, life, count('committed'), count('unchanged'), count('handed-on')];
    return `| ${[...cells, seconds(ended - toldMs), exit, memory].join(' | ')} |`;
  });
  const ways = [...new Set(asks.map(({ how }) => how))].toSorted();
  return [
    '# One worker to four, and two of them told to end in the middle of a load',
    '',
    `${seconds(endedMs - beganMs)}, ${asks.length} asks, ${changes} editions of the source files, ${spans.filter(({ end }) => end === 'committed').length} loads committed.`,
    '',
    '| worker | ran | committed | unchanged | handed on | from SIGTERM to its end | exit | memory |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '| how asks were answered | asks | median | slowest |',
    '|---|---|---|---|',
    ...ways.map((way) => {
      const took = asks
        .filter(({ how }) => how === way)
        .map(({ tookMs }) => tookMs)
        .toSorted((a, b) => a - b);
      return `| ${way} | ${took.length} | ${took[took.length >> 1]} ms | ${took.at(-1)} ms |`;
    }),
    '',
    '![timeline](timeline.svg)',
    '',
  ].join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

const LEFT = 90;
const WIDTH = 900;
const LANE = 44;
const ASKS = 70;
const TOP = 34;

/** Workers below one another, loads as bars by source; below, the asks of each half second. */
export function timelineOf({ beganMs, endedMs, workers, spans, asks }: Run): string {
  const x = (ms: number): string => (LEFT + ((ms - beganMs) / (endedMs - beganMs)) * WIDTH).toFixed(1);
  const sources = [...new Set(spans.map(({ key }) => sourceOf(key)))].toSorted();
  const colour = (key: string): string => colourAt(sources.indexOf(sourceOf(key)));
  const bottom = TOP + workers.length * LANE;
  const height = bottom + ASKS + 40;
  const lanes = workers.flatMap(({ name, startedMs, toldMs, endedMs: ended }, at) => {
    const y = TOP + at * LANE;
    const own = spans.filter(({ worker }) => worker === name);
    const below = secondOfTwo(own);
    return [
      `<text x="8" y="${y + 24}">${name}</text>`,
      `<rect class="life" x="${x(startedMs)}" y="${y + 6}" width="${width(startedMs, ended)}" height="28"/>`,
      ...own.map((span) => {
        const top = y + 8 + (below.has(span) ? 13 : 0);
        const told = `<title>${span.key}: ${span.end}, ${seconds(span.endedMs - span.beganMs)}</title>`;
        const look =
          span.end === 'handed-on'
            ? `fill="none" stroke="${colour(span.key)}" stroke-dasharray="3 2"`
            : `fill="${colour(span.key)}"`;
        return `<rect x="${x(span.beganMs)}" y="${top}" width="${width(span.beganMs, span.endedMs)}" height="11" ${look}>${told}</rect>`;
      }),
      `<path class="told" d="M${x(toldMs)} ${y + 2}v36"/>`,
    ];
  });
  function width(from: number, to: number): string {
    return Math.max(1.5, Number(x(to)) - Number(x(from))).toFixed(1);
  }
  const legend = sources.map(
    (source, at) =>
      `<rect x="${LEFT + at * 110}" y="8" width="12" height="12" fill="${colourAt(at)}"/><text x="${LEFT + 18 + at * 110}" y="19">${source}</text>`,
  );
  const key = LEFT + sources.length * 110;
  return svgDocument({
    width: LEFT + WIDTH + 20,
    height,
    label: 'Which worker ran which load, and when',
    style: '.life{fill:#eef1f4}.told{stroke:#b3261e;stroke-width:2}.asks{fill:#8fa3b5}',
    body: [
      ...legend,
      `<rect x="${key}" y="8" width="12" height="12" fill="none" stroke="#333" stroke-dasharray="3 2"/><text x="${key + 18}" y="19">handed on</text>`,
      `<path class="told" d="M${key + 106} 6v16"/><text x="${key + 114}" y="19">SIGTERM</text>`,
      ...lanes,
      ...asksPerHalfSecond(asks, { beganMs, endedMs, bottom }),
      `<path class="axis" d="M${LEFT} ${bottom + ASKS}h${WIDTH}"/>`,
      `<text x="8" y="${bottom + ASKS - 4}">asks / 0.5 s</text>`,
      `<text x="${LEFT}" y="${height - 16}">0 s</text><text x="${LEFT + WIDTH - 40}" y="${height - 16}">${seconds(endedMs - beganMs)}</text>`,
    ],
  });
}

/** Those that began while the upper half of their worker's lane was taken: workers here have two threads. */
function secondOfTwo(spans: readonly Span[]): ReadonlySet<Span> {
  const below = new Set<Span>();
  let takenUntilMs = Number.NEGATIVE_INFINITY;
  for (const span of spans.toSorted((one, other) => one.beganMs - other.beganMs)) {
    if (span.beganMs < takenUntilMs) below.add(span);
    else takenUntilMs = span.endedMs;
  }
  return below;
}

const STEP_MS = 500;

function asksPerHalfSecond(
  asks: readonly Ask[],
  { beganMs, endedMs, bottom }: { readonly beganMs: number; readonly endedMs: number; readonly bottom: number },
): readonly string[] {
  const counts = Array.from({ length: Math.ceil((endedMs - beganMs) / STEP_MS) }, () => 0);
  for (const ask of asks) {
    const at = Math.floor((ask.beganMs + ask.tookMs - beganMs) / STEP_MS);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts);
  const wide = WIDTH / counts.length;
  return counts.map((count, at) => {
    const high = (count / most) * (ASKS - 12);
    return `<rect class="asks" x="${(LEFT + at * wide).toFixed(1)}" y="${(bottom + ASKS - high).toFixed(1)}" width="${Math.max(0.5, wide - 1).toFixed(1)}" height="${high.toFixed(1)}"><title>${count}</title></rect>`;
  });
}

/** Keys begin with the name of their dataset or file, and those here with that of their source. */
function sourceOf(key: string): string {
  return /^[a-z]+/.exec(key)?.[0] ?? key;
}
