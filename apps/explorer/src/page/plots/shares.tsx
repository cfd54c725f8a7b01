/** Parts of a whole: a ratio beside its number, and the most frequent values of a column. */
import { sentenceOf, type Total } from '../text/asks.ts';
import { count, percent } from '../text/numbers.ts';

interface RatioProps {
  readonly total: Total | null;
}

/** Of what was answered; where nothing was, why. */
export function Ratio({ total }: RatioProps) {
  const label = total === null ? 'not known now' : sentenceOf(total);
  const value = total?.ratio ?? null;
  if (value === null) {
    const failed = total !== null && total.errors > 0;
    return (
      <span class={failed ? 'ratio bad-words' : 'ratio faint'} title={label}>
        {failed ? 'all failed' : '–'}
      </span>
    );
  }
  return (
    <span class="ratio" title={label}>
      <span class="ratio-bar" aria-hidden="true">
        <span style={{ width: `${value * 100}%` }} />
      </span>
      <span class="ratio-number">{percent(value)}</span>
    </span>
  );
}

interface TopValuesProps {
  readonly values: readonly { readonly value: string; readonly count: number; readonly cut: boolean }[];
  /** Rows that were looked at. */
  readonly of: number;
  /** Otherwise each count is at least that. */
  readonly exact: boolean;
}

const SHOWN = 5;

export function TopValues({ values, of, exact }: TopValuesProps) {
  const least = exact ? '' : '≥ ';
  const most = Math.max(1, ...values.map(({ count: times }) => times));
  return (
    <ol class="top-values">
      {/* Long values are cut, and two of them may begin alike. */}
      {values.slice(0, SHOWN).map(({ value, count: times, cut }, at) => (
        <li key={at} title={`${value}${cut ? '…' : ''}: ${least}${count(times)} of ${count(of)}`}>
          <span class="top-bar" aria-hidden="true" style={{ width: `${(times / most) * 100}%` }} />
          <span class="top-value">
            {value === '' ? <span class="faint">empty text</span> : `${value}${cut ? '…' : ''}`}
          </span>
          <span class="top-count">{`${least}${of === 0 ? count(times) : percent(times / of)}`}</span>
        </li>
      ))}
    </ol>
  );
}
