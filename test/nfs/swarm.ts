/**
 * Callers that never stop asking the API on one host while the worker on the other fills, and source files that change
 * under both. Each answer is judged by the true history of the file at the moment it was asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGED_MS, type Stage } from './stage.ts';

type Asked = 'facts' | 'aged';

const STRICT = 3;
const PAUSE_MS = 20;

export interface Seen {
  /** Answers with rows, by dataset. */
  readonly read: { facts: number; aged: number };
  /** Codes of refusals. */
  readonly refused: Record<string, number>;
  readonly wrong: string[];
}

export class Swarm {
  readonly seen: Seen = { read: { facts: 0, aged: 0 }, refused: {}, wrong: [] };
  readonly #stage: Stage;
  readonly #stop = new AbortController();
  readonly #running: readonly Promise<void>[];
  /** When each revision was complete, which is a moment after everybody could see it. */
  readonly #completed: Record<Asked, { readonly revision: number; readonly atMs: number }[]> = { facts: [], aged: [] };

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#note();
    const strict = Array.from({ length: STRICT }, (_, at) => this.#ask('facts', `strict caller ${at + 1}`, 0));
    this.#running = [...strict, this.#ask('aged', 'caller that allows age', AGED_MS)];
  }

  async write(on: 'c1' | 'c2'): Promise<void> {
    await this.#stage.write(on, 'facts', 'aged');
    this.#note();
  }

  async stop(): Promise<Seen> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return this.seen;
  }

  #note(): void {
    const { current } = this.#stage;
    for (const name of ['facts', 'aged'] as const)
      this.#completed[name].push({ revision: current[name], atMs: Date.now() });
  }

  async #ask(dataset: Asked, who: string, ageMs: number): Promise<void> {
    const { seen } = this;
    let last = 0;
    while (!this.#stop.signal.aborted) {
      const oldestMs = Date.now() - ageMs;
      const due = this.#completed[dataset].findLast(({ atMs }) => atMs < oldestMs)?.revision ?? 0;
      try {
        const heard = await this.#stage.ask(dataset);
        if (heard.code !== null) {
          // Whatever is not about who can be reached now is told whole.
          const told = heard.status === 503 ? heard.code : `${heard.status} ${heard.body.toString()}`;
          seen.refused[told] = (seen.refused[told] ?? 0) + 1;
        } else {
          const revision = this.#stage.revisionIn(heard);
          if (typeof revision !== 'number') seen.wrong.push(`${who}: ${revision.wrong}`);
          else if (revision < due || revision < last || revision > this.#stage.begun[dataset])
            seen.wrong.push(
              `${who} got revision ${revision} after ${last}, when ${due} was due and ${this.#stage.begun[dataset]} begun`,
            );
          else last = revision;
          seen.read[dataset] += 1;
        }
      } catch (error) {
        // The connection broke: no answer is no wrong answer.
        const name = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        seen.refused[name] = (seen.refused[name] ?? 0) + 1;
      }
      await sleep(PAUSE_MS);
    }
  }
}
