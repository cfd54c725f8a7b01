/** A thread that reads or fills rows, one piece of work after the other, and tells how many there were. */
import { once } from 'node:events';
import { Worker, type MessagePort } from 'node:worker_threads';

type Done = { readonly rows: number } | { readonly failure: string };

/** Within the thread. */
export function serve<Work>(port: MessagePort | null, work: (asked: Work) => Promise<number>): void {
  if (port === null) throw new Error('this is for a thread');
  port.on('message', (asked: Work) => {
    work(asked).then(
      (rows) => port.postMessage({ rows } satisfies Done),
      (error: unknown) =>
        port.postMessage({ failure: error instanceof Error ? (error.stack ?? '') : String(error) } satisfies Done),
    );
  });
}

export class RowThread<Work> implements AsyncDisposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start<Work>(entry: URL, workerData: object): Promise<RowThread<Work>> {
    const worker = new Worker(entry, { workerData, execArgv: [] });
    await once(worker, 'online');
    return new RowThread<Work>(worker);
  }

  /** @returns how many rows */
  async do(work: Work): Promise<number> {
    const answer = once(this.#worker, 'message');
    this.#worker.postMessage(work);
    const [done] = (await answer) as [Done];
    if ('failure' in done) throw new Error(done.failure);
    return done.rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
