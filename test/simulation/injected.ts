/**
 * What goes wrong in a run, by name, and how often: counted where it happens, not where it is drawn. The names are those
 * of docs/simulation.md, and simulation.test.ts requires that each of them was met.
 */
export const INJECTED = [
  'notice lost',
  'notice late',
  'notice repeated',
  'script repeated',
  'reply lost',
  'renewal lost',
  'lease lost',
  'zombie fenced at its commit',
  'job delivered again',
  'job out of order',
  'job vanished',
  'job of a dead worker',
  'probe failed',
  'probe late',
  'load failed',
  'source changed',
  'source reverted',
  'process crashed',
  'process stalled',
  'Redis restarted',
  'Redis lost its last second',
  'Redis lost everything',
  'epoch opened',
  'part damaged',
  'read without Redis',
  'collection',
  'head evicted',
  'soft of a key',
  'soft of a dataset',
  'soft of a source',
  'soft of a table',
  'soft of a prefix',
  'hard of a key',
  'hard of a dataset',
  'hard of a source',
  'hard of a table',
  'hard of a prefix',
  'purge of a key',
  'purge of a dataset',
  'purge of a source',
  'purge of a table',
  'purge of a prefix',
] as const;

export type InjectedName = (typeof INJECTED)[number];

export type InjectedCounts = Readonly<Record<InjectedName, number>>;

export class Injected {
  readonly #counts = Object.fromEntries(INJECTED.map((name) => [name, 0])) as Record<InjectedName, number>;

  get counts(): InjectedCounts {
    return { ...this.#counts };
  }

  count(name: InjectedName, times = 1): void {
    this.#counts[name] += times;
  }
}
