/** Calling cached rows wrong: how wrong is chosen, what follows is told before and counted afterwards. */
import type { Invalidated } from '@parqueue/client';
import { useId, useState } from 'preact/hooks';
import { askAgain } from '../api/live.ts';
import { askJson } from '../api/request.ts';
import { may, session } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { announce } from '../parts/announce.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { MODES, whatWasDone, type Mode } from '../text/invalidation.ts';

interface InvalidateProps {
  readonly target:
    | { readonly key: string }
    | { readonly dataset: string }
    | { readonly source: string }
    | { readonly prefix: string };
  /** Named in the question and in the answer. */
  readonly what: string;
  /** Of a source with tables: what reads one of them may be named instead of all. */
  readonly withTables?: boolean;
}

export function InvalidateButton({ target, what, withTables = false }: InvalidateProps) {
  const [asking, setAsking] = useState(false);
  const [mode, setMode] = useState<Mode>('soft');
  const [typed, setTyped] = useState('');
  const id = useId();
  const table = typed.trim();
  const allowed = may(useStore(session), 'admin');
  const act = async (): Promise<void> => {
    const answer = await askJson<Invalidated>('/v1/invalidate', {
      method: 'POST',
      body: { ...target, ...(table === '' ? {} : { table }), mode },
    });
    announce(whatWasDone(answer, table === '' ? what : `what reads ${table}`));
    askAgain();
  };
  return (
    <>
      <button
        type="button"
        disabled={!allowed}
        title={allowed ? undefined : 'This needs a key with the scope admin.'}
        aria-label={`Invalidate ${what}`}
        onClick={() => setAsking(true)}
      >
        Invalidate…
      </button>
      {asking ? (
        <Confirm
          title={`Invalidate ${what}?`}
          action={MODES.find((one) => one.mode === mode)?.title ?? ''}
          dangerous={mode === 'purge'}
          onClose={() => setAsking(false)}
          act={act}
        >
          {withTables ? (
            <div class="field">
              <label for={id}>Only what reads this table, as its SQL writes it; empty for everything</label>
              <input
                id={id}
                type="text"
                placeholder="app.sales"
                autocomplete="off"
                spellcheck={false}
                value={typed}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            </div>
          ) : null}
          <fieldset class="choices">
            <legend class="sr-only">What is to happen</legend>
            {MODES.map((one) => (
              <label key={one.mode} class="choice">
                <input
                  type="radio"
                  name="mode"
                  value={one.mode}
                  checked={one.mode === mode}
                  onChange={() => setMode(one.mode)}
                />
                <span>
                  <strong>{one.title}</strong> <span class="faint">{one.mode}</span>
                  <br />
                  {one.meaning}
                </span>
              </label>
            ))}
          </fieldset>
        </Confirm>
      ) : null}
    </>
  );
}
