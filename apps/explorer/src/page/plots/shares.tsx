/** Parts of a whole: a ratio beside its number, and the most frequent values of a column. */
import { count, percent } from '../text/numbers.ts';

export function Ratio({ value, label }: { readonly value: number | null; readonly label: string }) {
  if (value === null)
    return (
      <span class="ratio faint" title="Nobody asked.">
        –
      </span>
    );
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
