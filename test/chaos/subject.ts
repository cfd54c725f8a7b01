/** A source under the swarm: what it is called in the configuration, how it is written, and how it goes away and comes back. */
import type { SourceName } from './questions.ts';
import type { History } from './truth.ts';

export interface Subject extends AsyncDisposable {
  readonly name: SourceName;
  readonly history: History;
  /** Of the configuration: a line of `sources:`. */
  readonly yaml: string;
  readonly password: string;
  /** Makes the rows of this version the only ones. May fail, and may have done it all the same; is repeated then. */
  write(version: number): Promise<void>;
  down(): Promise<void>;
  comeBack(): Promise<void>;
  /** How often rows were asked of it, by its own count; null where it has none that outlives its own end. */
  executions(): Promise<number | null>;
}

/** Over two tables that are written in one transaction: rows that were joined across two versions say so. */
export const STATEMENT =
  'select i.id, i.owner, i.version, w.version as twin, w.word from items i join words w on w.owner = i.owner and w.id = i.id '
  + 'where i.owner = :owner order by i.id';
