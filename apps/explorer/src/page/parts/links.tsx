/** Links to the views of things, named the same everywhere. */
import type { ComponentChildren } from 'preact';
import { hrefOf } from '../route.ts';

export function DatasetLink({ name }: { readonly name: string }) {
  return <a href={hrefOf({ view: 'dataset', name })}>{name}</a>;
}

/** The hash of a key is for machines: its end is enough for people, and the whole is in the title. */
export function EntryLink({
  cacheKey,
  children,
}: {
  readonly cacheKey: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <a href={hrefOf({ view: 'entry', key: cacheKey })} class="key" title={cacheKey}>
      {children ?? <KeyName cacheKey={cacheKey} />}
    </a>
  );
}

const HASH_SHOWN = 6;

export function KeyName({ cacheKey }: { readonly cacheKey: string }) {
  const dash = cacheKey.lastIndexOf('-');
  if (dash < 0 || cacheKey.length - dash <= HASH_SHOWN + 2) return <>{cacheKey}</>;
  return (
    <>
      {cacheKey.slice(0, dash)}
      <span class="faint">-{cacheKey.slice(dash + 1, dash + 1 + HASH_SHOWN)}…</span>
    </>
  );
}
