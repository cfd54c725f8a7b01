/** BINARY_DOUBLE and BINARY_FLOAT: IEEE 754 big-endian made sortable as bytes. */
export function encodeDouble(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return sortable(bytes);
}

export function encodeFloat(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return sortable(bytes);
}

/** By its length: 4 bytes are a BINARY_FLOAT, 8 a BINARY_DOUBLE. */
export function decodeFloating(bytes: Uint8Array): number {
  const plain = Buffer.from(bytes);
  if (((plain[0] ?? 0) & 0x80) !== 0) plain[0] = (plain[0] ?? 0) & 0x7f;
  else invert(plain);
  return plain.length === 4 ? plain.readFloatBE() : plain.readDoubleBE();
}

/** Positive: the sign bit set. Negative: all bits inverted. */
function sortable(bytes: Buffer): Buffer {
  if (((bytes[0] ?? 0) & 0x80) === 0) bytes[0] = (bytes[0] ?? 0) | 0x80;
  else invert(bytes);
  return bytes;
}

function invert(bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (bytes[i] ?? 0) ^ 0xff;
}
