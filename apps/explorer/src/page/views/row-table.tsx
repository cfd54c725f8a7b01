/** Rows as they are, in a table of their own. What is long is cut, and whole in its title. */
import type { Column } from '@parqueue/client';
import type { Row } from '../api/types.ts';
import { Table } from '../parts/table.tsx';
import { cellText } from '../text/cells.ts';

const TEXT_SHOWN = 80;

interface RowTableProps {
  readonly rows: readonly Row[];
  /** null: as the rows have them. */
  readonly columns: readonly Column[] | null;
}

export function RowTable({ rows, columns }: RowTableProps) {
  const names = columns?.map(({ name }) => name) ?? Object.keys(rows[0] ?? {});
  const right = new Set(
    columns === null
      ? names.filter((name) => rows.every((row) => typeof row[name] === 'number' || row[name] === null))
      : columns.filter(isNumeric).map(({ name }) => name),
  );
  if (rows.length === 0) return <p class="faint">There are no rows.</p>;
  return (
    <Table label="First rows" dense>
      <thead>
        <tr>
          {names.map((name) => (
            <th key={name} scope="col" class={right.has(name) ? 'number' : ''} title={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {names.map((name) => (
              <td key={name} class={right.has(name) ? 'number' : ''}>
                <Value value={row[name]} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function isNumeric({ type }: Pick<Column, 'type'>): boolean {
  return /^(u?int|float|decimal)/.test(type);
}

function Value({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) return <span class="faint">null</span>;
  const text = cellText(value);
  if (text === '') return <span class="faint">empty text</span>;
  return text.length <= TEXT_SHOWN ? <>{text}</> : <span title={text}>{text.slice(0, TEXT_SHOWN)}…</span>;
}
