/** The plots of docs/performance.md: lying bars with their spread, and lines over a linear or logarithmic axis. */
import { colourAt, escaped, svgDocument } from '../fixtures/svg.ts';
import { shown } from './numbers.ts';
import type { Plot, PlotPoint, Series } from './section.ts';
import { linearTicks, logTicks, short } from './ticks.ts';

const WIDTH = 760;
const RIGHT = 30;
const TITLE = 34;
const LEGEND_ROW = 20;
const BAR = 20;
const GAP = 14;
const LINES_HIGH = 280;
/** Of a character of 13 px, on the average. */
const CHAR = 7;
const STYLE =
  '.grid{stroke:#e3e6ea}.title{font-weight:600}.whisker{stroke:#222;stroke-width:1.5;fill:none}.value{fill:#555}';

/** @throws where a plot has no point, or one on a logarithmic axis that is not above 0 */
export function svgOf(plot: Plot): string {
  const points = plot.series.flatMap((series) => series.points);
  if (points.length === 0) throw new Error(`plot ${plot.name} has no point`);
  const ticks = linearTicks(Math.max(...points.map(({ y, max }) => Math.max(y, max ?? y))));
  return plot.kind === 'bars' ? bars(plot, ticks) : lines(plot, ticks);
}

function bars(plot: Plot, ticks: readonly number[]): string {
  const groups = (plot.series[0]?.points ?? []).map(({ x }) => String(x));
  const left = 20 + CHAR * Math.max(...groups.map((name) => name.length));
  const many = plot.series.length;
  const first = TITLE + legendOf(plot).rows * LEGEND_ROW;
  const group = many * BAR + GAP;
  const bottom = first + groups.length * group;
  const top = ticks.at(-1) ?? 1;
  const x = (value: number): number => left + (value / top) * (WIDTH - left - RIGHT);
  const body = groups.flatMap((name, at) => {
    const y = first + at * group + GAP / 2;
    const label = `<text x="${left - 8}" y="${y + (many * BAR) / 2 + 4}" text-anchor="end">${escaped(name)}</text>`;
    return [label, ...plot.series.flatMap((series, row) => bar(series, { at, row, many, y: y + row * BAR, x }))];
  });
  return drawn(plot, {
    bottom,
    body: [
      ...ticks.map((tick) => `<path class="grid" d="M${at1(x(tick))} ${first}V${bottom}"/>`),
      ...ticks.map((tick) => `<text x="${at1(x(tick))}" y="${bottom + 18}" text-anchor="middle">${short(tick)}</text>`),
      ...body,
      `<path class="axis" d="M${left} ${first}V${bottom}"/>`,
      `<text x="${WIDTH - RIGHT}" y="${bottom + 38}" text-anchor="end">${escaped(plot.yLabel)}</text>`,
    ],
  });
}

interface BarPlace {
  readonly at: number;
  readonly row: number;
  readonly many: number;
  readonly y: number;
  x(value: number): number;
}

function bar({ name, points }: Series, { at, row, many, y, x }: BarPlace): readonly string[] {
  const point = points[at];
  if (point === undefined) return [];
  const [from, to] = [x(0), x(point.y)];
  const middle = y + BAR / 2;
  const told = `<title>${escaped(`${many === 1 ? point.x : name}: ${shown(point.y)}`)}</title>`;
  const fits = to - from > 60;
  // Beside the whisker where there is one, for it would be struck through.
  const end = Math.max(to, x(point.max ?? point.y));
  const beyond = end + 60 > WIDTH;
  const inside = beyond && fits;
  const value = inside
    ? `<text x="${at1(from + 6)}" y="${middle + 4}" style="fill:#fff">${shown(point.y)}</text>`
    : `<text class="value" x="${at1(end + 6)}" y="${middle + 4}">${shown(point.y)}</text>`;
  return [
    `<rect x="${at1(from)}" y="${y + 1}" width="${at1(Math.max(1, to - from))}" height="${BAR - 3}" fill="${colourAt(many === 1 ? at : row)}">${told}</rect>`,
    ...(point.min === undefined || point.max === undefined
      ? []
      : [`<path class="whisker" d="M${at1(x(point.min))} ${middle - 4}v8m0 -4H${at1(x(point.max))}m0 -4v8"/>`]),
    value,
  ];
}

function lines(plot: Plot, ticks: readonly number[]): string {
  const left = 24 + CHAR * Math.max(...ticks.map((tick) => short(tick).length));
  // Above them is what the axis counts.
  const bottom = TITLE + legendOf(plot).rows * LEGEND_ROW + 24 + LINES_HIGH;
  const xs = plot.series.flatMap(({ points }) => points.map(placeOf));
  const log = plot.xScale === 'log';
  if (log && Math.min(...xs) <= 0) throw new Error(`plot ${plot.name} has a point at 0 on a logarithmic axis`);
  const xTicks = log ? logTicks(Math.min(...xs), Math.max(...xs)) : linearTicks(Math.max(...xs));
  const scale = log ? Math.log10 : (value: number): number => value;
  const [first, last] = [scale(xTicks[0] ?? 0), scale(xTicks.at(-1) ?? 1)];
  const top = ticks.at(-1) ?? 1;
  const x = (value: number): string => at1(left + ((scale(value) - first) / (last - first)) * (WIDTH - left - RIGHT));
  const y = (value: number): string => at1(bottom - (value / top) * LINES_HIGH);
  return drawn(plot, {
    bottom,
    body: [
      ...ticks.map((tick) => `<path class="grid" d="M${left} ${y(tick)}H${WIDTH - RIGHT}"/>`),
      ...ticks.map(
        (tick) => `<text x="${left - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${short(tick)}</text>`,
      ),
      ...xTicks.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${short(tick)}</text>`),
      `<path class="axis" d="M${left} ${bottom}H${WIDTH - RIGHT}"/>`,
      ...plot.series.flatMap((series, at) => line(series, { colour: colourAt(at), x, y })),
      `<text x="12" y="${bottom - LINES_HIGH - 14}">${escaped(plot.yLabel)}</text>`,
      `<text x="${WIDTH - RIGHT}" y="${bottom + 38}" text-anchor="end">${escaped(plot.xLabel)}</text>`,
    ],
  });
}

interface LinePlace {
  readonly colour: string;
  x(value: number): string;
  y(value: number): string;
}

function line({ name, points }: Series, { colour, x, y }: LinePlace): readonly string[] {
  const sorted = points.toSorted((a, b) => placeOf(a) - placeOf(b));
  const path = sorted.map((point, at) => `${at === 0 ? 'M' : 'L'}${x(placeOf(point))} ${y(point.y)}`).join('');
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...sorted.flatMap((point) => {
      const place = x(placeOf(point));
      const told = `<title>${escaped(`${name}, ${short(placeOf(point))}: ${shown(point.y)}`)}</title>`;
      const whisker =
        point.min === undefined || point.max === undefined
          ? []
          : [`<path class="whisker" d="M${place} ${y(point.min)}V${y(point.max)}"/>`];
      return [...whisker, `<circle cx="${place}" cy="${y(point.y)}" r="4" fill="${colour}">${told}</circle>`];
    }),
  ];
}

function placeOf({ x }: PlotPoint): number {
  if (typeof x === 'string') throw new Error(`lines need numbers for x, not ${x}`);
  return x;
}

/** With title and, where there are several series, their names. */
function drawn(plot: Plot, { bottom, body }: { readonly bottom: number; readonly body: readonly string[] }): string {
  return svgDocument({
    width: WIDTH,
    height: bottom + 48,
    label: plot.title,
    style: STYLE,
    body: [`<text class="title" x="12" y="19">${escaped(plot.title)}</text>`, ...legendOf(plot).body, ...body],
  });
}

/** The names of series with their colours, in as many rows as they need; none for one series, which the title is about. */
function legendOf({ series }: Plot): { readonly rows: number; readonly body: readonly string[] } {
  if (series.length < 2) return { rows: 0, body: [] };
  let [x, row] = [12, 0];
  const body = series.flatMap(({ name }, index) => {
    const width = 30 + CHAR * name.length;
    if (x > 12 && x + width > WIDTH) [x, row] = [12, row + 1];
    const [left, y] = [x, TITLE - 4 + row * LEGEND_ROW];
    x += width;
    return [
      `<rect x="${left}" y="${y}" width="12" height="12" fill="${colourAt(index)}"/>`,
      `<text x="${left + 17}" y="${y + 11}">${escaped(name)}</text>`,
    ];
  });
  return { rows: row + 1, body };
}

/** Tenths of a pixel are seen by nobody. */
function at1(value: number): string {
  return String(Number(value.toFixed(1)));
}
