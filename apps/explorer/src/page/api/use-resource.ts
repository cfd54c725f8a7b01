/**
 * One answer of the server, kept current while a view shows it. What was known stays on the page when a later look fails,
 * with the time it is from; nothing is asked while nobody looks at the page.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { now } from '../clock.ts';
import { pause } from './live.ts';
import { ApiProblem } from './problem.ts';
import { askJson } from './request.ts';
import { session, type Session } from './session.ts';
import { useStore } from './store.ts';

export interface Resource<T> {
  readonly data: T | null;
  /** Of the latest look. */
  readonly problem: ApiProblem | null;
  /** When `data` arrived. */
  readonly atMs: number | null;
  readonly again: () => void;
}

export interface ResourceOptions {
  /** null: once. */
  readonly everyMs?: number | null;
  /** Looks again when it changes. */
  readonly changes?: unknown;
}

interface Known<T> {
  readonly path: string | null;
  readonly data: T | null;
  readonly problem: ApiProblem | null;
  readonly atMs: number | null;
}

/** @param path null: nothing is asked yet */
export function useResource<T>(
  path: string | null,
  { everyMs = null, changes = null }: ResourceOptions = {},
): Resource<T> {
  const { key }: Session = useStore(session);
  const [known, setKnown] = useState<Known<T>>({ path, data: null, problem: null, atMs: null });
  const [asked, setAsked] = useState(0);
  const again = useCallback(() => setAsked((times) => times + 1), []);
  const latest = useRef(path);
  latest.current = path;
  useEffect(() => {
    if (path === null) return;
    const left = new AbortController();
    void keepCurrent();
    return () => left.abort();

    async function keepCurrent(): Promise<void> {
      while (!left.signal.aborted) {
        if (!document.hidden) await look();
        if (everyMs === null && !document.hidden) return;
        await pause(everyMs ?? 1_000, left.signal);
      }
    }

    async function look(): Promise<void> {
      try {
        const data = await askJson<T>(path ?? '', { signal: left.signal });
        if (!left.signal.aborted) setKnown({ path, data, problem: null, atMs: now() });
      } catch (error) {
        if (left.signal.aborted) return;
        const problem =
          error instanceof ApiProblem ? error : new ApiProblem(String(error), { status: 0, code: 'page' });
        setKnown((before) =>
          before.path === path ? { ...before, problem } : { path, data: null, problem, atMs: null },
        );
      }
    }
  }, [path, everyMs, asked, key, changes]);
  // What is known of another address must not be shown under this one.
  return known.path === path ? { ...known, again } : { data: null, problem: null, atMs: null, again };
}
