/**
 * An Arrow IPC stream taken apart into its messages (Message.fbs and "Encapsulated message format" in
 * apache/arrow's Columnar.rst): four bytes of continuation, the length of the metadata, the metadata, the body.
 */
import { FlatTable } from './flatbuffer.ts';

export const MESSAGE = { Schema: 1, DictionaryBatch: 2, RecordBatch: 3 } as const;

export interface Message {
  /** One of MESSAGE. */
  readonly kind: number;
  /** The table of that kind. */
  readonly header: FlatTable;
  /** Where the body's length stands in the metadata, or 0 where there is none. */
  readonly lengthAt: number;
  /** Without the eight bytes before it. */
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

const CONTINUATION = 0xffff_ffff;
export const PREFIX_BYTES = 8;

/** The mark of the end: a continuation and a length of 0. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

export function messagesOf(stream: Uint8Array): readonly Message[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at + PREFIX_BYTES <= stream.byteLength;) {
    if (view.getUint32(at, true) !== CONTINUATION) throw new TypeError('an Arrow message begins without its mark');
    const length = view.getInt32(at + 4, true);
    if (length === 0) break;
    const start = at + PREFIX_BYTES;
    const metadata = stream.subarray(start, start + length);
    const root = FlatTable.root(metadata);
    const header = root.table(2);
    if (header === null) throw new TypeError('an Arrow message has no header');
    const bodyBytes = root.int64(3);
    at = start + length + bodyBytes;
    messages.push({
      kind: root.byte(1),
      header,
      lengthAt: root.place(3),
      metadata,
      body: stream.subarray(start + length, at),
    });
  }
  return messages;
}

/** The eight bytes before a message's metadata. */
export function prefixOf(metadata: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, metadata.byteLength, true);
  return prefix;
}

/** The schema that a stream begins with. */
export function schemaOf(stream: Uint8Array): Message {
  const [schema] = messagesOf(stream);
  if (schema?.kind !== MESSAGE.Schema) throw new TypeError('an Arrow stream begins without a schema');
  return schema;
}
