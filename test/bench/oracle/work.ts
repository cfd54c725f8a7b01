/** What the threads of the Oracle section are asked, and what they answer. */
import type { MessagePort } from 'node:worker_threads';

export interface ThreadData {
  readonly connectString: string;
  /** Of the store. */
  readonly root: string;
}

/** drop: rows as the driver gives them. drop-as-selected: as Parqueue has it select and fetch them. fill: into `root`. */
export interface Work {
  readonly kind: 'drop' | 'drop-as-selected' | 'fill';
  readonly table: string;
  /** Sessions of a fill. */
  readonly sessions: number;
}

export type Done = { readonly rows: number } | { readonly failure: string };

/** Answers one piece of work after the other. */
export function serve(port: MessagePort | null, work: (asked: Work) => Promise<number>): void {
  if (port === null) throw new Error('this is for a thread');
  port.on('message', (asked: Work) => {
    work(asked).then(
      (rows) => port.postMessage({ rows } satisfies Done),
      (error: unknown) =>
        port.postMessage({ failure: error instanceof Error ? (error.stack ?? '') : String(error) } satisfies Done),
    );
  });
}
