/** A time as people say it, with the exact one to be had from its title. */
import type { ComponentChildren } from 'preact';
import { useNow } from '../clock.ts';
import { coarse, relative } from '../text/times.ts';

/** `12 s ago`, kept current. */
export function Ago({ at, none = '–' }: { readonly at: string | null; readonly none?: string }) {
  const time = useNow();
  if (at === null) return <span class="faint">{none}</span>;
  return <Exact at={at}>{relative(Date.parse(at), time)}</Exact>;
}

/** `12 s`: the age, for a column that says so. */
export function Age({ at, none = '–' }: { readonly at: string | null; readonly none?: string }) {
  const time = useNow();
  if (at === null) return <span class="faint">{none}</span>;
  return <Exact at={at}>{coarse(time - Date.parse(at))}</Exact>;
}

function Exact({ at, children }: { readonly at: string; readonly children: ComponentChildren }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {children}
    </time>
  );
}

/** In the time zone of who looks, and in UTC, which logs have. */
function exactTime(at: string): string {
  const local = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return `${local} (${at.replace('T', ' ').replace(/\.\d+Z$/, '')} UTC)`;
}
