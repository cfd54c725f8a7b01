/**
 * A dictionary's message under another number. The number stands in the metadata only where it is not 0, so there may
 * be no place to write it: new tables of the message and its header are put before the old metadata, and point into
 * it (Message.fbs in apache/arrow; 64 bytes keep its alignment).
 */
import { MESSAGE, type Message } from './message.ts';

const HEAD_BYTES = 64;
const MESSAGE_AT = 24;
const DICTIONARY_AT = 48;
/** MetadataVersion V5. */
const VERSION = 4;

export function numberedDictionary(message: Message, id: number): Uint8Array {
  const { header, metadata, body } = message;
  const batch = header.table(1);
  if (batch === null) throw new TypeError('a dictionary has no values');
  if (header.byte(2) !== 0) throw new TypeError('a dictionary only adds to an earlier one');
  if (header.int64(0) === id) return metadata;
  const numbered = new Uint8Array(HEAD_BYTES + metadata.byteLength);
  numbered.set(metadata, HEAD_BYTES);
  const view = new DataView(numbered.buffer);
  const shorts = (at: number, values: readonly number[]): void => {
    values.forEach((value, item) => {
      view.setUint16(at + 2 * item, value, true);
    });
  };
  view.setUint32(0, MESSAGE_AT, true);
  // Virtual tables: their size, the table's size, and where its fields lie. Message: version, kind, header, length.
  shorts(4, [12, 24, 4, 6, 8, 16]);
  // DictionaryBatch: id, data.
  shorts(16, [8, 16, 8, 4]);
  view.setInt32(MESSAGE_AT, MESSAGE_AT - 4, true);
  view.setInt16(MESSAGE_AT + 4, VERSION, true);
  view.setUint8(MESSAGE_AT + 6, MESSAGE.DictionaryBatch);
  view.setUint32(MESSAGE_AT + 8, DICTIONARY_AT - (MESSAGE_AT + 8), true);
  view.setBigInt64(MESSAGE_AT + 16, BigInt(body.byteLength), true);
  view.setInt32(DICTIONARY_AT, DICTIONARY_AT - 16, true);
  view.setUint32(DICTIONARY_AT + 4, HEAD_BYTES + batch.at - (DICTIONARY_AT + 4), true);
  view.setBigInt64(DICTIONARY_AT + 8, BigInt(id), true);
  return numbered;
}
