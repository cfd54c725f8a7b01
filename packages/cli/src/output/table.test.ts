/** Tables that people and `cut` read. */
import { expect, test } from 'vitest';
import { PagedTable, table, type TableColumn } from './table.ts';

interface Row {
  readonly name: string;
  readonly size: string;
}

const COLUMNS: readonly TableColumn<Row>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'SIZE', value: ({ size }) => size, right: true },
];

test('cells are padded to the widest, numbers from the left', () => {
  expect(table([{ name: 'a', size: '1 KiB' }], COLUMNS)).toBe('NAME   SIZE\na     1 KiB');
});

test('a table in pages has its titles once, and columns that only become wider', () => {
  const lines = new PagedTable(COLUMNS);
  expect(lines.page([{ name: 'a', size: '1' }])).toBe('NAME  SIZE\na        1');
  expect(lines.page([{ name: 'longer', size: '2' }])).toBe('longer     2');
  expect(lines.page([{ name: 'b', size: '3' }])).toBe('b          3');
});
