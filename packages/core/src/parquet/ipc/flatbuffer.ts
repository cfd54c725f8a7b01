/**
 * Flatbuffers read where they lie, as far as Arrow's messages need it (flatbuffers.dev/internals; Message.fbs and
 * Schema.fbs in apache/arrow). A table knows where its fields are; nothing is copied, so a message can also be
 * changed in place. The bytes come from our own reader, not from outside.
 */
export interface FlatVector {
  /** Where its first item lies; the length is in the four bytes before. */
  readonly at: number;
  readonly length: number;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export class FlatTable {
  readonly view: DataView;
  readonly at: number;
  readonly #fields: number;
  readonly #fieldsEnd: number;

  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
    this.#fields = at - view.getInt32(at, true);
    this.#fieldsEnd = view.getUint16(this.#fields, true);
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** Where a field lies, or 0: it was left out, since it has its default. */
  place(field: number): number {
    const entry = 4 + 2 * field;
    if (entry >= this.#fieldsEnd) return 0;
    const distance = this.view.getUint16(this.#fields + entry, true);
    return distance === 0 ? 0 : this.at + distance;
  }

  byte(field: number, fallback = 0): number {
    const at = this.place(field);
    return at === 0 ? fallback : this.view.getUint8(at);
  }

  int16(field: number, fallback = 0): number {
    const at = this.place(field);
    return at === 0 ? fallback : this.view.getInt16(at, true);
  }

  int32(field: number, fallback = 0): number {
    const at = this.place(field);
    return at === 0 ? fallback : this.view.getInt32(at, true);
  }

  int64(field: number): number {
    const at = this.place(field);
    return at === 0 ? 0 : Number(this.view.getBigInt64(at, true));
  }

  table(field: number): FlatTable | null {
    const at = this.place(field);
    return at === 0 ? null : new FlatTable(this.view, at + this.view.getUint32(at, true));
  }

  text(field: number): string {
    const { at, length } = this.vector(field);
    return utf8.decode(new Uint8Array(this.view.buffer, this.view.byteOffset + at, length));
  }

  vector(field: number): FlatVector {
    const at = this.place(field);
    if (at === 0) return { at: 0, length: 0 };
    const start = at + this.view.getUint32(at, true);
    return { at: start + 4, length: this.view.getUint32(start, true) };
  }

  /** The tables of a vector of tables. */
  tables(field: number): readonly FlatTable[] {
    const { at, length } = this.vector(field);
    return Array.from({ length }, (_, item) => {
      const place = at + 4 * item;
      return new FlatTable(this.view, place + this.view.getUint32(place, true));
    });
  }
}
