/** Callers who ask one question after the other until they are told to stop, each answer judged. Nothing is left to chance. */
import type { ChangingFile, SourceFiles } from './sources.ts';

export interface Ask {
  readonly beganMs: number;
  readonly tookMs: number;
  /** The first words of Cache-Status: `hit`, `hit; detail=revalidated`, `fwd=miss`, `fwd=stale`. */
  readonly how: string;
  /** What was wrong; null for a right answer. */
  readonly wrong: string | null;
}

export interface CrowdPlan {
  readonly url: string;
  readonly callers: number;
  readonly sources: SourceFiles;
}

export class Crowd {
  readonly asks: Ask[] = [];
  readonly #plan: CrowdPlan;
  readonly #callers: Promise<void>[] = [];
  /** Files that may be asked for; more are added as the story goes on, and are cold then. */
  #open = 0;
  #ending = false;
  readonly #gone = new AbortController();

  constructor(plan: CrowdPlan) {
    this.#plan = plan;
  }

  /** So many files of the list are asked for from now on. */
  open(files: number): void {
    this.#open = files;
  }

  start(): void {
    for (let caller = 0; caller < this.#plan.callers; caller += 1) this.#callers.push(this.#askOnAndOn(caller));
  }

  /** Whoever still waits does so no longer: the end of a story that went wrong. */
  leave(): void {
    this.#ending = true;
    this.#gone.abort();
  }

  /** Resolves when every caller has its last answer. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#callers);
  }

  async #askOnAndOn(caller: number): Promise<void> {
    const { files } = this.#plan.sources;
    for (let turn = caller; !this.#ending; turn += 1) {
      const file = files[turn % this.#open];
      try {
        if (file !== undefined) await this.ask(file);
      } catch (error) {
        if (!this.#gone.signal.aborted) throw error;
      }
    }
  }

  async ask(file: ChangingFile): Promise<void> {
    const { url, sources } = this.#plan;
    const { dataset, market } = file.question;
    const least = file.edition;
    const beganMs = Date.now();
    const response = await fetch(`${url}/v1/datasets/${dataset}.csv?market=${market}&limit=${sources.rowsAsked}`, {
      signal: this.#gone.signal,
    });
    const text = await response.text();
    const wrong = response.ok ? sources.judge(file, text, least) : `${response.status} ${text}`;
    const status = response.headers.get('cache-status') ?? '';
    const how = /fwd=[\w-]+|hit(?:.*detail=revalidated)?/.exec(status)?.[0].replace(/;.*detail=/, ', ') ?? 'none';
    this.asks.push({ beganMs, tookMs: Date.now() - beganMs, how, wrong });
  }
}
