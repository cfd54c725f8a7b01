/** Plain tables: columns padded with spaces, numbers to the right, nothing that a `cut` or an eye would trip over. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly right?: boolean;
}

export function table<Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[]): string {
  return new PagedTable(columns).page(rows);
}

/** A table of more rows than there is memory for: columns are as wide as the widest cell so far. */
export class PagedTable<Row> {
  readonly #columns: readonly TableColumn<Row>[];
  #widths: readonly number[];
  #isBegun = false;

  constructor(columns: readonly TableColumn<Row>[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title }) => title.length);
  }

  /** @returns the lines of these rows, the first time below the titles. */
  page(rows: readonly Row[]): string {
    const cells = rows.map((row) => this.#columns.map(({ value }) => value(row)));
    this.#widths = this.#widths.map((width, index) =>
      cells.reduce((max, line) => Math.max(max, line[index]?.length ?? 0), width),
    );
    const titles = this.#isBegun ? [] : [this.#columns.map(({ title }) => title)];
    this.#isBegun = true;
    return [...titles, ...cells].map((line) => this.#spell(line)).join('\n');
  }

  #spell(line: readonly string[]): string {
    return line
      .map((cell, index) => {
        const width = this.#widths[index] ?? 0;
        return this.#columns[index]?.right === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  }
}
