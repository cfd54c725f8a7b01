/** Asks of the last hours as bars: what the cache answered, and on top of it what it did not. */
import { barsOf } from './bars.ts';

const SIZE = { width: 96, height: 22, gap: 1 };

export interface SparkPoint {
  readonly total: number;
  readonly answered: number;
}

export function Spark({ points, label }: { readonly points: readonly SparkPoint[]; readonly label: string }) {
  const most = Math.max(1, ...points.map(({ total }) => total));
  const totals = barsOf(
    points.map(({ total }) => total),
    SIZE,
    most,
  );
  const answered = barsOf(
    points.map(({ answered: part }) => part),
    SIZE,
    most,
  );
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      <line x1="0" x2={SIZE.width} y1={SIZE.height - 0.5} y2={SIZE.height - 0.5} class="axis" />
      {totals.map((bar, at) => (
        <rect key={at} {...bar} class="rest" />
      ))}
      {answered.map((bar, at) => (
        <rect key={at} {...bar} class="main" />
      ))}
    </svg>
  );
}
