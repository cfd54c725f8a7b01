/**
 * Memory that the bytes of a connection arrive in, used again once the rows in it are in columns. With a new buffer for each read,
 * V8 counts what a load receives as garbage of the thread, and marks the whole of its heap for every 64 MB of that.
 */

/** A few times what one read brings, and two chunks of usual rows. */
export const SLAB_BYTES = 256 * 1024;

/** Kept for what is to come: one chunk is being put into columns, one waits, one arrives. */
const SPARE_MAX = 8;

export class Slab {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #home: Slabs;
  #holders = 1;

  constructor(bytes: number, home: Slabs) {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
    this.view = new DataView(this.bytes.buffer);
    this.#home = home;
  }

  /** Nothing else may come into it before this holder has let go, too. */
  hold(): void {
    this.#holders += 1;
  }

  /** Once for each `hold`, and once by who took it. A slab that somebody never lets go of is garbage in the end, and nothing worse. */
  letGo(): void {
    this.#holders -= 1;
    if (this.#holders < 0) throw new Error('invariant broken: a slab was let go of more often than it was held');
    if (this.#holders === 0) this.#home.back(this);
  }

  /** For whoever takes it next. */
  taken(): this {
    this.#holders = 1;
    return this;
  }
}

export class Slabs {
  readonly #spare: Slab[] = [];

  /** Held once, by who takes it. */
  take(bytesMin: number): Slab {
    if (bytesMin > SLAB_BYTES) return new Slab(bytesMin, this);
    return this.#spare.pop()?.taken() ?? new Slab(SLAB_BYTES, this);
  }

  /** Nobody holds it any more. */
  back(slab: Slab): void {
    if (slab.bytes.length === SLAB_BYTES && this.#spare.length < SPARE_MAX) this.#spare.push(slab);
  }
}
