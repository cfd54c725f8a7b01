/** What stands where nothing is to be seen: that it is being asked, that it is empty and why, that it failed and what helps. */
import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../api/problem.ts';
import { UNREACHABLE } from '../api/problem.ts';
import type { Resource } from '../api/use-resource.ts';

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      Asking the server…
    </p>
  );
}

/** Words for people; the code is what logs and documents have. */
export function Trouble({ problem, again }: { readonly problem: ApiProblem; readonly again?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>{headline(problem)}</strong> {problem.message}
        {problem.status === 0 ? null : <span class="faint"> ({problem.code})</span>}
      </p>
      {again === undefined ? null : (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

function headline({ status, code }: ApiProblem): string {
  if (code === UNREACHABLE) return 'No answer.';
  switch (status) {
    case 401:
      return 'A key is wanted.';
    case 403:
      return 'Not allowed.';
    case 404:
      return 'Not there.';
    case 410:
      return 'Gone.';
    case 429:
      return 'Too much at once.';
    case 503:
      return code === 'PQ_COORDINATION_DOWN' ? 'Redis is away.' : 'Not available.';
    default:
      return 'That did not work.';
  }
}

/** The usual three states around what an answer shows. What is known stays, with a word where it may be old. */
export function Shown<T>({
  of,
  children,
}: {
  readonly of: Resource<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, problem, again } = of;
  if (data === null) return problem === null ? <Loading /> : <Trouble problem={problem} again={again} />;
  return (
    <>
      {problem === null || problem.code === 'PQ_COORDINATION_DOWN' || problem.code === UNREACHABLE ? null : (
        <Trouble problem={problem} again={again} />
      )}
      {children(data)}
    </>
  );
}
