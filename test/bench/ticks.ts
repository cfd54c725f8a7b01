/** Where an axis has its marks. */

const STEPS = [1, 2, 2.5, 5, 10];

/** From 0 to at least `most`, about `count` steps of a round size. */
export function linearTicks(most: number, count = 5): readonly number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((one) => one * power >= rough * 0.999_999) ?? 10) * power;
  const steps = Math.ceil(most / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** Powers of ten from at most `least` to at least `most`. */
export function logTicks(least: number, most: number): readonly number[] {
  const from = Math.floor(Math.log10(least) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
  return Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
}

/** 1500000 as 1.5M: axes have little room. */
export function short(value: number): string {
  const [size, letter] = (
    [
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
    ] as const
  ).find(([limit]) => Math.abs(value) >= limit) ?? [1, ''];
  return `${Number((value / size).toPrecision(3))}${letter}`;
}
