/**
 * Bind of the unnamed statement to the unnamed portal. pg writes one format for all values of a row; here each has its
 * own (postgresql.org, "Message Formats").
 */
/** Each in the format that is asked for: binary of the type with that number, text where it is null. */
export type Formats = readonly (number | null)[];

const BIND = 0x42;
const TEXT = 0;
const BINARY = 1;

/** Values are given as texts. */
export function bindMessage(values: readonly (string | null)[], formats: Formats): Buffer {
  // Both names are empty, and without a format all values are texts.
  const parts = [Buffer.from([0, 0]), int16(0), int16(values.length)];
  for (const value of values) {
    const text = Buffer.from(value ?? '');
    parts.push(int32(value === null ? -1 : text.length), text);
  }
  parts.push(int16(formats.length), ...formats.map((type) => int16(type === null ? TEXT : BINARY)));
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([BIND]), int32(body.length + 4), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
