/** Numbers as tables show them: what the spread allows to be said, no more. */

/** Three digits that mean something, thousands apart: 1,230,000; 12.3; 0.0123. */
export function shown(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3));
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Of a ratio: two digits behind the point. */
export function shownRatio(value: number): string {
  return value.toFixed(2);
}

export function shownRange(min: number | undefined, max: number | undefined, show = shown): string {
  return min === undefined || max === undefined || min === max ? '' : `${show(min)} to ${show(max)}`;
}
