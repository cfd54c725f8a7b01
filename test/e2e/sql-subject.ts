/**
 * A real database as the end-to-end suites see it: what tests do to it, and what it says itself of the sessions and
 * statements of our workers. The suites are the same for every product; what differs is here.
 */
import type { StageDatabase } from './sql-stage.ts';

export interface SqlSubject {
  readonly kind: 'postgres' | 'mysql';
  /** For titles. */
  readonly product: string;
  /** The version that a dataset has which says nothing. */
  readonly tracks: string;
  /** Whether there is a program to start a server of a test's own with. */
  readonly mayOwn: boolean;
  open(options?: SubjectOptions): Promise<SubjectDatabase>;
  /** Letters' case makes no other statement. */
  readonly foldsCase: boolean;
  /** In the database's words: a wrong password. */
  readonly wrongPassword: RegExp;
  /** A part of the query that asks for a table's version. */
  versionQuery(table: string): string;
  /** A row of the usual types, some hundred bytes long, made from the column `seq`. */
  readonly row: string;
  /** A table of the numbers from 1 in a column `seq`. */
  series(rows: number): string;
}

export interface SubjectOptions {
  /** On a server of its own, which can be taken away. */
  readonly own?: boolean;
}

export interface SubjectDatabase extends StageDatabase {
  /** The label of a table's part of a version. */
  label(table: string): string;
  /** One transaction. */
  commit(...statements: readonly string[]): Promise<void>;
  /** Runs the statement, lets somebody look while it is not committed, and takes it back. */
  rolledBack(statement: string, look: () => Promise<void>): Promise<void>;
  /** How often statements of workers with this text in them were run, by the server's own count. */
  executions(fragment: string): Promise<number>;
  /** How many statements of workers with this text in them run at this moment. */
  running(fragment: string): Promise<number>;
  /** Sessions of workers. */
  sessions(): Promise<number>;
  /** Ends all sessions of workers. @returns how many */
  killSessions(): Promise<number>;
  /** SQL that lets a statement wait in the row in which it is computed while the gate is closed. Gives null. */
  readonly gate: string;
  closeGate(): Promise<void>;
  openGate(): Promise<void>;
  /** The server crashes; only on one of its own. */
  down(): Promise<void>;
  comeBack(): Promise<void>;
}
