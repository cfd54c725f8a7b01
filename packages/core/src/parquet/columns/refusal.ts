/** What a builder says of a value its type cannot hold; the appender adds the column. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The value as an error may show it: its beginning, never a whole document. */
export function refuse(value: unknown, reason: string): never {
  const text =
    value instanceof Uint8Array
      ? `${value.length} bytes`
      : typeof value === 'string'
        ? JSON.stringify(value.slice(0, 60))
        : String(value);
  throw new Refusal(`${text} ${reason}`);
}
