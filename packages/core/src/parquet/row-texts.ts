/** The frame around cells for each text format. Cells come as JSON text; CSV takes them apart again. */

export type RowsFormat = 'json' | 'ndjson' | 'csv';

export interface RowTexts {
  readonly head: string;
  readonly between: string;
  readonly tail: string;
  row(cells: readonly string[]): string;
}

export function rowTexts(format: RowsFormat, names: readonly string[]): RowTexts {
  const labels = names.map((name) => JSON.stringify(name));
  const object = (cells: readonly string[]): string =>
    `{${cells.map((cell, at) => `${labels[at]}:${cell}`).join(',')}}`;
  switch (format) {
    case 'json':
      return { head: '[', between: ',\n', tail: ']\n', row: object };
    case 'ndjson':
      return { head: '', between: '', tail: '', row: (cells) => `${object(cells)}\n` };
    case 'csv':
      // RFC 4180: CRLF, quotes doubled.
      return {
        head: `${names.map(csvText).join(',')}\r\n`,
        between: '',
        tail: '',
        row: (cells) => `${cells.map(csvCell).join(',')}\r\n`,
      };
  }
}

/** NULL is empty, empty text is `""`: a reader can tell them apart. */
function csvCell(cell: string): string {
  if (cell === 'null') return '';
  const [first] = cell;
  if (first === '"') return csvText(JSON.parse(cell) as string);
  return first === '{' || first === '[' ? csvText(cell) : cell;
}

function csvText(text: string): string {
  return text === '' || /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
