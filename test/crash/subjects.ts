/**
 * The sources under the matrix: one that is a file, one that speaks Oracle's protocol. Each can be written and dropped.
 * The file is Arrow, whose rows pass through the thread's own writer, as those of a database do: a disk that refuses and
 * a writer that traps meet them in the middle.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { TestDatabase } from '../e2e/oracle-database.ts';
import { History, rowsOf, type Row } from './history.ts';

export interface Subject {
  readonly dataset: string;
  readonly source: string;
  readonly history: History;
  /** The next version, in one step. */
  write(): Promise<void>;
  /** Gone for a moment: what was opened is worth nothing any more, and it can be opened again. */
  interrupt(): Promise<void>;
  /** Gone until it is brought back. */
  drop(): Promise<void>;
  bringBack(): Promise<void>;
}

export async function fileSubject(folder: string): Promise<Subject> {
  await mkdir(folder);
  const path = join(folder, 'facts.arrow');
  const history = new History();
  const put = async (rows: readonly Row[]): Promise<void> => {
    const table = new Table({
      id: vectorFromArray(
        rows.map(({ id }) => id),
        new Int32(),
      ),
      version: vectorFromArray(
        rows.map(({ version }) => version),
        new Int32(),
      ),
      word: vectorFromArray(
        rows.map(({ word }) => word),
        new Utf8(),
      ),
    });
    await writeFile(`${path}.new`, tableToIPC(table, 'file'));
    await rename(`${path}.new`, path);
  };
  return {
    dataset: 'facts',
    source: 'lake',
    history,
    write: () => history.next(put),
    // The same rows in another file, as a producer writes who runs again.
    interrupt: () => put(rowsOf(history.current)),
    drop: () => rename(path, `${path}.gone`),
    bringBack: () => rename(`${path}.gone`, path),
  };
}

export interface OracleSubject extends Subject, AsyncDisposable {
  readonly database: TestDatabase;
}

export async function oracleSubject(): Promise<OracleSubject> {
  const database = await TestDatabase.open();
  await database.commit(
    'CREATE TABLE facts (id NUMBER(9) NOT NULL, version NUMBER(9) NOT NULL, word VARCHAR2(40)) ROWDEPENDENCIES',
  );
  const history = new History();
  const put = async (rows: readonly Row[]): Promise<void> => {
    const [{ version } = { version: 0 }] = rows;
    await database.commit(
      'DELETE FROM facts',
      `INSERT INTO facts SELECT LEVEL - 1, ${version}, 'word ' || (${version * 1000} + LEVEL - 1) FROM DUAL CONNECT BY LEVEL <= ${rows.length}`,
    );
  };
  return {
    database,
    dataset: 'table',
    source: 'db',
    history,
    write: () => history.next(put),
    interrupt: async () => {
      await database.server.killSessions(({ program }) => program === 'parqueue');
    },
    drop: () => database.server.close(),
    bringBack: () => database.comeBack(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
