/** Where the bars of a small plot stand. Pure. */

export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
  /** Between two bars. */
  readonly gap: number;
}

/** A bar that stands for something is seen, however small it is beside the others. */
const HEIGHT_MIN = 1.5;

/** One bar for each count, equally wide, as high as its share of `most`. */
export function barsOf(
  counts: readonly number[],
  { width, height, gap }: PlotSize,
  most = Math.max(0, ...counts),
): readonly Bar[] {
  const step = counts.length === 0 ? width : (width + gap) / counts.length;
  return counts.map((value, at) => {
    const high = value <= 0 || most <= 0 ? 0 : Math.max(HEIGHT_MIN, (value / most) * height);
    return { x: at * step, y: height - high, width: Math.max(0.5, step - gap), height: high };
  });
}
