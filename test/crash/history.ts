/**
 * The truth about one source: its versions, one after the other, and the rows of each. Every row tells its version, and
 * the number of rows depends on it, so that a row set proves by itself whose it is and that nothing is missing.
 */
export interface Row {
  readonly id: number;
  readonly version: number;
  readonly word: string;
}

export class History {
  /** The version whose writing began last: no row can be newer. */
  begun = 0;
  /** The version whose writing is over: who asks now and accepts nothing older gets this one or a later one. */
  current = 0;

  /** @param write makes the rows the source's only ones, in one step */
  async next(write: (rows: readonly Row[]) => Promise<void>): Promise<void> {
    this.begun += 1;
    await write(rowsOf(this.begun));
    this.current = this.begun;
  }
}

export function rowsOf(version: number): readonly Row[] {
  return Array.from({ length: 100 + (version % 7) }, (_, id) => ({ id, version, word: `word ${version * 1000 + id}` }));
}

/**
 * @param told as a reader decoded them: numbers may be bigints, names may be in capitals
 * @returns the version, where these are exactly its rows; otherwise what is wrong with them
 */
export function versionIn(told: readonly object[]): number | { readonly wrong: string } {
  const rows = told.map((row) =>
    Object.fromEntries(Object.entries<unknown>({ ...row }).map(([name, value]) => [name.toLowerCase(), value])),
  );
  const version = Number(rows[0]?.['version']);
  if (!Number.isSafeInteger(version) || version < 1)
    return { wrong: `the first row names no version (${rows.length} rows)` };
  const expected = rowsOf(version);
  if (rows.length !== expected.length)
    return { wrong: `${rows.length} rows of version ${version}, which has ${expected.length}` };
  const byId = rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));
  const odd = expected.find(({ id, word }, at) => {
    const row = byId[at];
    return Number(row?.['id']) !== id || Number(row?.['version']) !== version || row?.['word'] !== word;
  });
  return odd === undefined ? version : { wrong: `row ${odd.id} is not of version ${version} like the first` };
}
