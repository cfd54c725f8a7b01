/**
 * ROWID and UROWID. A physical row id is four numbers, shown as 18 characters of base 64: object (6), file (3), block
 * (6), row (3). A logical one, of an index-organised table, is `*` and bytes.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PHYSICAL = 1;
const LOGICAL = 2;

export interface RowId {
  readonly object: number;
  readonly file: number;
  readonly block: number;
  readonly row: number;
}

export function parseRowId(text: string): RowId {
  if (!/^[A-Za-z0-9+/]{18}$/.test(text)) throw new TypeError('a ROWID has 18 characters of base 64');
  return {
    object: base64Number(text.slice(0, 6)),
    file: base64Number(text.slice(6, 9)),
    block: base64Number(text.slice(9, 15)),
    row: base64Number(text.slice(15)),
  };
}

/** The bytes inside a UROWID value: a kind and what it says. */
export function encodeURowId(text: string): Buffer {
  if (text.startsWith('*')) return Buffer.concat([Buffer.of(LOGICAL), Buffer.from(text.slice(1), 'base64')]);
  const { object, file, block, row } = parseRowId(text);
  const bytes = Buffer.alloc(13);
  bytes.writeUInt8(PHYSICAL, 0);
  bytes.writeUInt32BE(object, 1);
  bytes.writeUInt16BE(file, 5);
  bytes.writeUInt32BE(block, 7);
  bytes.writeUInt16BE(row, 11);
  return bytes;
}

function base64Number(text: string): number {
  let value = 0;
  for (const character of text) value = value * 64 + ALPHABET.indexOf(character);
  return value;
}
