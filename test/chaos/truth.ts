/**
 * The truth about one source: its versions with the times at which their writing began and was over, and the rows that
 * each of them has. Every row tells owner and version, twice where two tables were joined, and the last one tells how many
 * there are and what they add up to: a row set proves by itself whose it is, of which version, and that nothing is missing.
 */
export const OWNERS = ['ada', 'bob'] as const;
export type Owner = (typeof OWNERS)[number];

export interface Row {
  readonly id: number;
  readonly owner: string;
  readonly version: number;
  readonly word: string;
}

/** The row that tells about the others. */
const SUMMARY_ID = -1;

export function rowsOf(owner: Owner, version: number): readonly Row[] {
  const count = 40 + (version % 7) + 10 * OWNERS.indexOf(owner);
  const rows = Array.from({ length: count }, (_, id) => ({ id, owner, version, word: wordOf(owner, version, id) }));
  const sum = rows.reduce((total, { word }) => (total * 31 + sumOf(word)) % 1_000_003, 7);
  return [...rows, { id: SUMMARY_ID, owner, version, word: `${count} rows, sum ${sum}` }];
}

function wordOf(owner: Owner, version: number, id: number): string {
  return `${owner} ${version * 1000 + id}`;
}

function sumOf(word: string): number {
  let sum = 0;
  for (let at = 0; at < word.length; at += 1) sum = (sum * 33 + word.charCodeAt(at)) % 1_000_003;
  return sum;
}

/** What a reader found in a row set: whose it is and of which version, or what is wrong with it. */
export type Found =
  | { readonly owner: Owner; readonly version: number; readonly wrong: null }
  | { readonly wrong: string };

/**
 * @param told as a reader decoded them: numbers may be bigints or text, names may be in capitals
 * @param columns what was asked for, in this order
 */
export function foundIn(told: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): Found {
  const [first] = told;
  if (first === undefined) return { wrong: 'no rows' };
  const names = Object.keys(first).map((name) => name.toLowerCase());
  if (names.join() !== columns.join()) return { wrong: `columns ${names.join()} instead of ${columns.join()}` };
  const rows = told.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value])),
  );
  const version = Number(rows[0]?.['version']);
  const owner = OWNERS.find((candidate) => candidate === rows[0]?.['owner']);
  if (owner === undefined) return { wrong: `rows of ${String(rows[0]?.['owner'])}, whom nobody knows` };
  if (!Number.isSafeInteger(version) || version < 1) return { wrong: 'the first row names no version' };
  const odd = rows.find((row) => Number(row['version']) !== version || Number(row['twin'] ?? version) !== version);
  if (odd !== undefined) {
    const [one, other] = [odd['version'], odd['twin'] ?? odd['version']].map(String);
    return { wrong: `row ${String(odd['id'])} is of versions ${one} and ${other}, the first one of ${version}` };
  }
  const expected = rowsOf(owner, version);
  if (rows.length !== expected.length)
    return { wrong: `${rows.length} rows of ${owner}'s version ${version}, which has ${expected.length}` };
  const byId = new Map(rows.map((row) => [Number(row['id']), row]));
  const other = expected.find(({ id, word }) => byId.get(id)?.['word'] !== word || byId.get(id)?.['owner'] !== owner);
  return other === undefined
    ? { owner, version, wrong: null }
    : { wrong: `row ${other.id} is not of ${owner}'s version ${version}` };
}

export interface Written {
  readonly beganMs: number;
  /** Null while it is being written: its rows may be there, or not yet. */
  readonly doneMs: number | null;
}

/** Versions are 1, 2, 3 …, one after the other. Times are of one clock, in milliseconds. */
export class History {
  /** How often the source was written, repetitions after a failure included: each of them may be a state of its own to it. */
  writes = 0;
  readonly #versions: Written[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get latest(): number {
    return this.#versions.length;
  }

  /** @param write makes the rows of that version the source's only ones; repeated by whoever calls until it succeeds */
  async next(write: (version: number) => Promise<void>): Promise<void> {
    const version = this.#versions.push({ beganMs: this.#now(), doneMs: null });
    await write(version);
    this.#versions[version - 1] = { beganMs: this.#versions[version - 1]?.beganMs ?? 0, doneMs: this.#now() };
  }

  /** The last version whose writing was over at that moment: nothing older could be found in the source any more. */
  completedAt(ms: number): number {
    let [low, high] = [0, this.#versions.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const doneMs = this.#versions[middle - 1]?.doneMs ?? null;
      if (doneMs !== null && doneMs < ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The version whose writing had begun last at that moment: nothing newer can have been read. */
  begunAt(ms: number): number {
    return this.#versions.findLastIndex(({ beganMs }) => beganMs <= ms) + 1;
  }
}
