/** Asks a dataset from here: its first rows, and how they came about. What has to be loaded first is followed. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiProblem } from '../api/problem.ts';
import { ask } from '../api/request.ts';
import type { Row } from '../api/types.ts';
import { EntryLink } from '../parts/links.tsx';
import { Trouble } from '../parts/notice.tsx';
import { Tag } from '../parts/tag.tsx';
import { hrefOf, query } from '../route.ts';
import { howItCame, type Came } from '../text/cache-status.ts';
import { plural } from '../text/numbers.ts';
import { duration } from '../text/times.ts';
import { RowTable } from './row-table.tsx';

const ROWS_SHOWN = 20;
/** The server holds an ask for so long before it says where to wait. */
const WAIT_SECONDS = 10;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking'; readonly fill: string | null }
  | { readonly kind: 'failed'; readonly problem: ApiProblem }
  | {
      readonly kind: 'answered';
      readonly rows: readonly Row[];
      readonly all: number;
      readonly came: Came;
      readonly key: string | null;
      readonly tookMs: number;
    };

interface TryItProps {
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
  readonly allowed: boolean;
}

export function TryIt({ name, params, missing, allowed }: TryItProps) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const asked = useRef<AbortController | null>(null);
  useEffect(() => () => asked.current?.abort(), []);
  const run = async (): Promise<void> => {
    asked.current?.abort();
    const left = new AbortController();
    asked.current = left;
    setState({ kind: 'asking', fill: null });
    try {
      const answered = await answerTo(
        `/v1/datasets/${encodeURIComponent(name)}/data${query({ ...params, format: 'json', limit: String(ROWS_SHOWN) })}`,
        {
          signal: left.signal,
          onFill: (fill) => setState({ kind: 'asking', fill }),
        },
      );
      if (!left.signal.aborted) setState(answered);
    } catch (error) {
      if (left.signal.aborted) return;
      setState({
        kind: 'failed',
        problem: error instanceof ApiProblem ? error : new ApiProblem(String(error), { status: 0, code: 'page' }),
      });
    }
  };
  return (
    <div class="try" aria-busy={state.kind === 'asking'}>
      <button
        type="button"
        class="primary"
        disabled={state.kind === 'asking' || missing.length > 0 || !allowed}
        onClick={() => void run()}
      >
        {state.kind === 'asking' ? 'Asking…' : 'Ask for the first rows'}
      </button>{' '}
      {missing.length === 0 ? null : <span class="faint">Fill in {missing.join(', ')} first.</span>}
      <div role="status">
        <Outcome state={state} />
      </div>
    </div>
  );
}

function Outcome({ state }: { readonly state: State }) {
  switch (state.kind) {
    case 'idle':
      return null;
    case 'asking':
      return state.fill === null ? null : (
        <p>
          It has to be loaded first: <a href={hrefOf({ view: 'fill', id: state.fill })}>follow the load</a>, or wait
          here.
        </p>
      );
    case 'failed':
      return <Trouble problem={state.problem} />;
    case 'answered':
      return (
        <>
          <p>
            <Tag tone={state.came.outcome === 'stale' ? 'warn' : 'good'}>{state.came.outcome}</Tag>{' '}
            {state.came.sentence} {plural(state.all, 'row')} in all, the answer took {duration(state.tookMs)}.{' '}
            {state.key === null ? null : <EntryLink cacheKey={state.key}>See its entry</EntryLink>}
          </p>
          <RowTable rows={state.rows} columns={null} />
        </>
      );
  }
}

interface Patience {
  readonly signal: AbortSignal;
  readonly onFill: (id: string) => void;
}

/** Comes back with the fill's id as often as it is told to, which continues the same ask. */
async function answerTo(path: string, { signal, onFill }: Patience): Promise<State> {
  const began = performance.now();
  let fill: string | null = null;
  for (;;) {
    const response: Response = await ask(path, {
      signal,
      headers: { prefer: `wait=${WAIT_SECONDS}`, ...(fill === null ? {} : { 'parqueue-fill': fill }) },
    });
    if (response.status !== 202) {
      return {
        kind: 'answered',
        rows: (await response.json()) as readonly Row[],
        all: Number(response.headers.get('parqueue-rows') ?? 0),
        came: howItCame(response.headers.get('cache-status')),
        key: response.headers.get('parqueue-key'),
        tookMs: performance.now() - began,
      };
    }
    fill = ((await response.json()) as { fill: { id: string } }).fill.id;
    onFill(fill);
  }
}
