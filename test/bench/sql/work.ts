/** What the threads of the SQL sections are asked, and what they answer; and the loop of such a thread. */
import type { MessagePort } from 'node:worker_threads';

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface ThreadData {
  readonly kind: 'postgres' | 'mysql';
  readonly login: Login;
  /** Of the store; of threads that fill. */
  readonly root: string;
}

/** How rows are dropped. cursor: pg; the others: mysql2. `plain`: rows are arrays, values as they came on the wire. */
export interface Drop {
  readonly by: 'cursor' | 'query' | 'execute';
  readonly plain: boolean;
}

export interface Work {
  readonly sql: string;
  /** null: fills. */
  readonly drop: Drop | null;
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
