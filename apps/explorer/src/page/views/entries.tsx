/** All entries in key order, a page at a time, narrowed by dataset and by how their keys begin. */
import type { EntryPage } from '@parqueue/client';
import { useEffect, useState } from 'preact/hooks';
import { useResource } from '../api/use-resource.ts';
import { Filter } from '../parts/filter.tsx';
import { Shown } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { hrefOf, query } from '../route.ts';
import { EntryTable } from './entry-table.tsx';
import { InvalidateButton } from './invalidate.tsx';

const PAGE = 50;
const EVERY_MS = 15_000;
const TYPING_MS = 300;

interface EntriesProps {
  readonly dataset: string;
  readonly prefix: string;
  readonly after: string;
}

export function Entries({ dataset, prefix, after }: EntriesProps) {
  const [typed, setTyped] = useState(prefix);
  useEffect(() => setTyped(prefix), [prefix]);
  useEffect(() => {
    if (typed === prefix) return;
    const timer = setTimeout(() => {
      // Typing must not fill the history with half a word each.
      history.replaceState(null, '', hrefOf({ view: 'entries', dataset, prefix: typed, after: '' }));
      dispatchEvent(new HashChangeEvent('hashchange'));
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, prefix, dataset]);
  const page = useResource<EntryPage>(`/v1/entries${query({ dataset, prefix, after, limit: String(PAGE) })}`, {
    everyMs: EVERY_MS,
  });
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>{dataset === '' ? 'Entries' : `Entries of ${dataset}`}</h1>
        {prefix === '' ? null : (
          <InvalidateButton target={{ prefix }} what={`all entries whose keys begin with ${prefix}`} />
        )}
      </div>
      <p class="lead">
        An entry is what the cache keeps for one question: a dataset with its parameters, or an ad-hoc path or
        statement.
        {dataset === '' ? null : (
          <>
            {' '}
            <a href={hrefOf({ view: 'entries', dataset: '', prefix: '', after: '' })}>Show those of all datasets</a>
          </>
        )}
      </p>
      <Section title="By key">
        <Filter label="Key begins with" value={typed} onInput={setTyped} />
        <Shown of={page}>
          {({ entries, next }) => (
            <>
              <EntryTable
                entries={entries}
                of={dataset === '' ? null : dataset}
                empty={after === '' ? emptyWords(prefix, next) : 'There are no more.'}
              />
              <nav class="pager" aria-label="Pages">
                {after === '' ? (
                  <span />
                ) : (
                  <a href={hrefOf({ view: 'entries', dataset, prefix, after: '' })}>From the start</a>
                )}
                {next === null ? (
                  <span class="faint">{entries.length === 0 ? '' : 'These are the last.'}</span>
                ) : (
                  <a href={hrefOf({ view: 'entries', dataset, prefix, after: next })} rel="next">
                    Next {PAGE}
                  </a>
                )}
              </nav>
            </>
          )}
        </Shown>
      </Section>
    </>
  );
}

function emptyWords(prefix: string, next: string | null): string {
  // Entries of datasets that the key may not use are left out of a page.
  if (next !== null) return 'Nothing on this page may be seen with this key.';
  return prefix === ''
    ? 'Nothing is cached yet: the first ask of a dataset makes an entry.'
    : `No key begins with “${prefix}”.`;
}
