/**
 * Tells a story step by step and keeps it honest: each step says what it does, does it, shows its evidence and checks
 * its claims. A claim that does not hold ends the story.
 */
import type { Context } from '../context.ts';
import { spellMs } from '../output/units.ts';

export class ClaimBroken extends Error {
  override readonly name = 'ClaimBroken';
}

export interface Telling {
  /** A line of evidence. */
  readonly show: (label: string, value: string) => void;
  /** @throws ClaimBroken unless it holds. */
  readonly claim: (holds: boolean, words: string) => void;
}

export class Story {
  readonly #context: Context;
  #steps = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async step<T>(title: string, run: (telling: Telling) => Promise<T>): Promise<T> {
    this.#steps += 1;
    const { out, clock } = this.#context;
    out(`\n${String(this.#steps).padStart(2)}. ${title}`);
    const began = clock.now();
    const claims: string[] = [];
    const result = await run({
      show: (label, value) => out(`    ${label.padEnd(14)} ${value}`),
      claim: (holds, words) => {
        if (!holds) throw new ClaimBroken(`step ${this.#steps} (${title}): not true that ${words}`);
        claims.push(words);
      },
    });
    for (const words of claims) out(`    ok             ${words}`);
    out(`    time           ${spellMs(clock.now() - began)}`);
    return result;
  }
}
