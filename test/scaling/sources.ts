/**
 * Files that change while they are asked for, with what is true about them: each row says which edition of the file it is
 * of, so an answer proves its own age. A file changes only after its last edition was seen in an answer, so that every
 * edition has to be loaded, and loading one twice can be told.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Question {
  readonly source: string;
  readonly dataset: string;
  readonly market: string;
}

export interface ChangingFile {
  readonly question: Question;
  /** Of the latest edition that is in place. */
  edition: number;
  /** Of the latest edition that an answer showed. */
  seen: number;
}

export interface SourceFilesOptions {
  /** Source → how many files it has. */
  readonly sources: Readonly<Record<string, number>>;
  readonly rows: number;
}

export class SourceFiles {
  /** Of one answer: enough to see whether it is of one edition. */
  readonly rowsAsked = 200;
  readonly files: readonly ChangingFile[];
  readonly #base: string;
  readonly #rows: number;

  constructor(base: string, { sources, rows }: SourceFilesOptions) {
    this.#base = base;
    this.#rows = rows;
    this.files = Object.entries(sources).flatMap(([source, count]) =>
      Array.from({ length: count }, (_, at) => ({
        question: { source, dataset: `${source}_prices`, market: `${source}-${at + 1}` },
        edition: 0,
        seen: 0,
      })),
    );
  }

  /** The next edition, in one rename, as a careful producer does. */
  async change(file: ChangingFile): Promise<void> {
    const { source, market } = file.question;
    const path = join(this.#base, source, `${market}.csv`);
    const edition = file.edition + 1;
    const rows = Array.from(
      { length: this.#rows },
      (_, row) => `${edition},${market},${row},${(row * 7919) % 1000}.25`,
    );
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, `edition,market,row,price\n${rows.join('\n')}\n`);
    await rename(`${path}.new`, path);
    file.edition = edition;
  }

  /** What is wrong with an answer to a caller who asked when `least` was in place; null where nothing is. */
  judge(file: ChangingFile, csv: string, least: number): string | null {
    const lines = csv.trimEnd().split('\n');
    const editions = new Set(lines.slice(1).map((line) => line.slice(0, line.indexOf(','))));
    const [edition = ''] = editions;
    const name = `${file.question.source}/${file.question.market}`;
    if (editions.size !== 1) return `${name}: rows of ${editions.size} editions`;
    if (lines.length - 1 !== this.rowsAsked) return `${name}: ${lines.length - 1} rows, not ${this.rowsAsked}`;
    if (Number(edition) < least) return `${name}: edition ${edition}, and ${least} was there before the question`;
    file.seen = Math.max(file.seen, Number(edition));
    return null;
  }
}
