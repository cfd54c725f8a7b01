/**
 * The bytes of one connection in the order in which they came, each message of the server in one piece: what is not whole yet stays
 * where it is, and the next bytes come right behind it. A socket without TLS reads into this memory itself.
 */
import { Socket } from 'node:net';
import { Slabs, type Slab } from '../sql/wire/slabs.ts';

/** A read for less room than this is hardly worth its call; and less than this is moved rather than read up to its end. */
const ROOM_MIN = 32 * 1024;

/** A message gets so many times the memory of what has come of it: its header alone, which may say anything, gets none. */
const GROWTH = 4;

export class Inflow {
  /** Told after bytes came. */
  arrived: () => void = () => undefined;
  #slabs = new Slabs();
  #slab: Slab = this.#slabs.take(0);
  #from = 0;
  #to = 0;
  /** What has to lie in one piece from #from on. */
  #wanted = 0;

  /** A socket whose bytes come here, and to no listener of `data`. */
  socket(): Socket {
    const onread = {
      // Asked for once more after each read.
      buffer: (): Uint8Array => this.#room(),
      callback: (count: number): boolean => {
        this.#to += count;
        this.arrived();
        return true;
      },
    };
    // Not among the types of net.Socket's options, which hand it on from net.connect's.
    return new Socket({ onread } as ConstructorParameters<typeof Socket>[0]);
  }

  /** Of a stream that has buffers of its own. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.#room();
      const count = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + count));
      this.#to += count;
      at += count;
      this.arrived();
    }
  }

  get slab(): Slab {
    return this.#slab;
  }

  /** Where the first byte lies that was not consumed. */
  get from(): number {
    return this.#from;
  }

  /** Where the next byte will lie. */
  get to(): number {
    return this.#to;
  }

  /** Up to `from` everything was seen to; from there on come `wanted` bytes that belong together. */
  consumed(from: number, wanted: number): void {
    this.#from = from;
    this.#wanted = wanted;
  }

  /** What comes from the next read on has its memory among others than what came so far. */
  startAnew(): void {
    this.#slabs = new Slabs();
  }

  /** Where the next bytes go; never empty. */
  #room(): Uint8Array {
    const { length } = this.#slab.bytes;
    const rest = this.#to - this.#from;
    const isTight = length - this.#to < ROOM_MIN;
    // What does not end in this slab is moved when the slab ends, too.
    if (isTight && (rest < ROOM_MIN || this.#from + this.#wanted > length)) this.#move(rest);
    return this.#slab.bytes.subarray(this.#to);
  }

  #move(rest: number): void {
    const next = this.#slabs.take(Math.max(rest + ROOM_MIN, Math.min(this.#wanted, rest * GROWTH)));
    this.#slab.bytes.copy(next.bytes, 0, this.#from, this.#to);
    this.#slab.letGo();
    this.#slab = next;
    this.#from = 0;
    this.#to = rest;
  }
}
