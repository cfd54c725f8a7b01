/**
 * Memory for stored bytes on their way out, bounded for the whole process however many readers there are and however slowly
 * they take them. Large buffers, with which a reader gets all that the machine gives, come out of one budget and are used
 * again; who finds it used up has one small buffer of its own, a tiny one where small ones are used up too, and goes on. Owns the promise that nothing is read into a
 * buffer which a socket, or a read that was given up, may still hold: only who knows gives back, the rest is garbage.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const LARGE_BYTES = 512 * KIB;
/** For whoever has nothing on its way, and no large one. */
export const SMALL_BYTES = 64 * KIB;
/** Everybody's due; as many connections as there may be have less than 100 MiB of them. */
export const TINY_BYTES = 8 * KIB;
/** Ranges up to this are read at once where there is room. */
export const WHOLE_BYTES = MIB;
const BUDGET_BYTES = 64 * MIB;
/** For a thousand readers. */
const SMALL_BUDGET_BYTES = 64 * MIB;
/** Of one reader: some are read into while others are sent. */
const LARGE_MAX = 4;
/** Who has some gets one more only as long as that many times what it has is left: alone or with seven others that is all four. */
const LEFT_FOR_OTHERS = 32;
/** Large ones that wait for their next use; as many as eight readers have. */
const KEPT_MAX = 32;

export class SendMemory {
  readonly #budgetBytes: number;
  readonly #kept: Uint8Array[] = [];
  #lentBytes = 0;
  #smallBytes = 0;

  /** @param budgetBytes of all large buffers together */
  constructor(budgetBytes: number = BUDGET_BYTES) {
    this.#budgetBytes = budgetBytes;
  }

  /** What readers have of both budgets. */
  get lentBytes(): number {
    return this.#lentBytes + this.#smallBytes;
  }

  forReader(): ReaderBuffers {
    return new ReaderBuffers(this);
  }

  /** @param heldBytes what the reader has already. @returns null where it may not have more now */
  lend(bytes: number, heldBytes: number): Uint8Array | null {
    const left = this.#budgetBytes - this.#lentBytes;
    if (bytes > left || heldBytes * LEFT_FOR_OTHERS > left) return null;
    this.#lentBytes += bytes;
    if (bytes === LARGE_BYTES) return this.#kept.pop() ?? new Uint8Array(bytes);
    while (this.#kept.length > 0 && this.#lentBytes + this.#kept.length * LARGE_BYTES > this.#budgetBytes)
      this.#kept.pop();
    return new Uint8Array(bytes);
  }

  /** @param buffer to be used again; null where somebody may still hold it */
  take(bytes: number, buffer: Uint8Array | null): void {
    this.#lentBytes -= bytes;
    if (buffer?.length === LARGE_BYTES && this.#kept.length < KEPT_MAX) this.#kept.push(buffer);
  }

  /** @returns as many bytes, or a tiny one */
  lendSmall(bytes: number): Uint8Array {
    if (bytes <= TINY_BYTES || this.#smallBytes + bytes > SMALL_BUDGET_BYTES)
      return new Uint8Array(Math.min(bytes, TINY_BYTES));
    this.#smallBytes += bytes;
    return new Uint8Array(bytes);
  }

  takeSmall(bytes: number): void {
    if (bytes > TINY_BYTES) this.#smallBytes -= bytes;
  }
}

/** What one reader has of it, until it is disposed of: what was not given back by then is never used again. */
export class ReaderBuffers implements Disposable {
  readonly #memory: SendMemory;
  readonly #held = new Set<Uint8Array>();
  #small: Uint8Array | null = null;
  #heldBytes = 0;

  constructor(memory: SendMemory) {
    this.#memory = memory;
  }

  /** To read the beginning of a range into: all of it where it is short and there is room. */
  first(length: number): Uint8Array {
    if (length <= SMALL_BYTES) return this.#own(length);
    return this.#borrow(length <= WHOLE_BYTES ? length : LARGE_BYTES) ?? this.#own(SMALL_BYTES);
  }

  /** @param isIdle nothing of this reader is on its way. @returns null, never to the idle: what is on its way has to get out first */
  next(isIdle: true): Uint8Array;
  next(isIdle: boolean): Uint8Array | null;
  next(isIdle: boolean): Uint8Array | null {
    const large = this.#held.size < LARGE_MAX ? this.#borrow(LARGE_BYTES) : null;
    return large ?? (isIdle ? this.#own(SMALL_BYTES) : null);
  }

  /** Nobody reads into it, and every byte of it is out. */
  giveBack(buffer: Uint8Array): void {
    this.#letGo(buffer, buffer);
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#held) this.#letGo(buffer, null);
    if (this.#small !== null) this.#memory.takeSmall(this.#small.length);
    this.#small = null;
  }

  #borrow(bytes: number): Uint8Array | null {
    const buffer = this.#memory.lend(bytes, this.#heldBytes);
    if (buffer === null) return null;
    this.#held.add(buffer);
    this.#heldBytes += bytes;
    return buffer;
  }

  #letGo(buffer: Uint8Array, again: Uint8Array | null): void {
    if (!this.#held.delete(buffer)) return;
    this.#heldBytes -= buffer.length;
    this.#memory.take(buffer.length, again);
  }

  /** Used again, by this reader alone: it is asked for only by who has nothing on its way. */
  #own(bytes: number): Uint8Array {
    this.#small ??= this.#memory.lendSmall(bytes);
    return this.#small;
  }
}
