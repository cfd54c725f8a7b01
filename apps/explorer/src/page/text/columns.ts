/** What is told of a column: never more than is known where only a part of the rows was counted. Pure. */
import type { ColumnStatistics, Statistics } from '@parqueue/client';
import { cellText } from './cells.ts';
import { count, percent, plural } from './numbers.ts';

/** As many as a sample has where nothing stood in its way. */
const PLACES = 8;

const WHY_FEW: Readonly<Record<NonNullable<Statistics['basis']['why']>, string>> = {
  rows: '',
  memory: ', some of its row groups are too large',
  time: ', as many as there was time for',
};

/** `counted over 3,000 rows`; of a sample also where its rows are from, and why there are no more. */
export function basisText({ rows, basis }: Pick<Statistics, 'rows' | 'basis'>): string {
  if (basis.kind === 'all') return `counted over ${plural(rows, 'row')}`;
  const places = basis.places ?? PLACES;
  const where = places >= PLACES ? 'from all over the file' : `from ${places} of ${PLACES} places spread over the file`;
  return `counted over ${count(basis.rows)} of ${plural(rows, 'row')}, ${where}${basis.why === null ? '' : WHY_FEW[basis.why]}`;
}

/** What a sample did not show may be elsewhere. */
export function missingText({ nulls, values }: Pick<ColumnStatistics, 'nulls' | 'values'>, sampled: boolean): string {
  if (nulls === 0) return sampled ? 'none seen' : 'none';
  return `${sampled ? '≈ ' : ''}${percent(nulls / (nulls + values))}`;
}

export function distinctText(distinct: number | null, sampled: boolean): string {
  return distinct === null ? 'many' : `${sampled ? '≥ ' : ''}${count(distinct)}`;
}

/** The server rounds to six digits, the page to what is worth reading: either is told. */
export function meanText(mean: string, sampled: boolean): string {
  const value = Number(mean);
  const isNumber = mean !== '' && Number.isFinite(value);
  const shown = isNumber ? String(Number(value.toPrecision(6))) : cellText(mean);
  const rounded = isNumber && (Number(shown) !== value || /\.\d{6}/.test(mean));
  return `${sampled || rounded ? '≈ ' : ''}${shown}`;
}
