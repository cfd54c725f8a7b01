/** How the values of a column are spread: equally wide bars between the least and the greatest. */
import { cellText } from '../text/cells.ts';
import { count } from '../text/numbers.ts';
import { barsOf } from './bars.ts';

const SIZE = { width: 220, height: 44, gap: 1 };

interface HistogramProps {
  readonly edges: readonly string[];
  readonly counts: readonly number[];
  readonly column: string;
}

export function Histogram({ edges: given, counts, column }: HistogramProps) {
  const edges = given.map(cellText);
  const bars = barsOf(counts, SIZE);
  const peak = counts.indexOf(Math.max(...counts));
  const label = `Spread of ${column} from ${edges[0] ?? ''} to ${edges.at(-1) ?? ''}; most values from ${edges[peak] ?? ''} to ${edges[peak + 1] ?? ''}`;
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${SIZE.width} ${SIZE.height}`} role="img" aria-label={label} preserveAspectRatio="none">
        {bars.map((bar, at) => (
          <g key={at}>
            <rect {...bar} class="main" />
            {/* As high as the plot, so that a bar of one value can be pointed at too. */}
            <rect x={bar.x} y={0} width={bar.width} height={SIZE.height} class="touch">
              <title>{`${edges[at] ?? ''} – ${edges[at + 1] ?? ''}: ${count(counts[at] ?? 0)}`}</title>
            </rect>
          </g>
        ))}
        <line x1="0" x2={SIZE.width} y1={SIZE.height - 0.5} y2={SIZE.height - 0.5} class="axis" />
      </svg>
      <figcaption aria-hidden="true">
        <span>{edges[0]}</span>
        <span>{edges.at(-1)}</span>
      </figcaption>
    </figure>
  );
}
