/** How far something is; a bar that moves where nobody can know. */
import { percent } from '../text/numbers.ts';

export function ProgressBar({ share, label }: { readonly share: number | null; readonly label: string }) {
  const value = share === null ? {} : { 'aria-valuenow': Math.round(share * 100), 'aria-valuetext': percent(share) };
  return (
    <div
      class={share === null ? 'progress unknown' : 'progress'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...value}
    >
      <span style={share === null ? {} : { width: `${share * 100}%` }} />
    </div>
  );
}
