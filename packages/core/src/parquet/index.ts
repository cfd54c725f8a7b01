export { readRows, type RowsText, type RowsWish } from './read-rows.ts';
export { type RowsFormat } from './row-texts.ts';
