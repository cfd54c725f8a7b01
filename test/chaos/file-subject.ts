/** The source that is files: one per owner, replaced by rename as a careful producer does. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import type { Subject } from './subject.ts';
import { OWNERS, rowsOf, type History, type Row } from './truth.ts';

export async function fileSubject(base: string, history: History): Promise<Subject> {
  const folder = join(base, 'lake');
  await mkdir(folder);
  return {
    name: 'lake',
    history,
    yaml: 'kind: file, root: ./lake',
    password: '',
    async write(version) {
      for (const owner of OWNERS) {
        const path = join(folder, `${owner}.arrow`);
        await writeFile(`${path}.new`, arrowOf(rowsOf(owner, version)));
        await rename(`${path}.new`, path);
      }
    },
    down: () => rename(folder, `${folder}.away`),
    comeBack: () => rename(`${folder}.away`, folder),
    executions: async () => await Promise.resolve(null),
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  };
}

function arrowOf(rows: readonly Row[]): Uint8Array {
  const whole = (of: (row: Row) => number) => vectorFromArray(rows.map(of), new Int32());
  const text = (of: (row: Row) => string) => vectorFromArray(rows.map(of), new Utf8());
  const table = new Table({
    id: whole(({ id }) => id),
    owner: text(({ owner }) => owner),
    version: whole(({ version }) => version),
    twin: whole(({ version }) => version),
    word: text(({ word }) => word),
  });
  return tableToIPC(table, 'file');
}
