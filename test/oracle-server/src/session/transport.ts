/**
 * One client's socket: packets in, packets out. Writing waits while the client does not read, so that a reply never
 * piles up in memory; a break ends that wait. Segments of a fixed size, as a slow network would make them, are a test's
 * wish in both directions.
 */
import type { Socket } from 'node:net';
import { dataPackets, PacketReader } from '../wire/packets.ts';
import type { Packet } from '../wire/packets.ts';

export interface Traffic {
  bytesRead: number;
  bytesWritten: number;
}

export interface TransportOptions {
  readonly traffic: Traffic;
  /** Bytes given to the socket or taken from it at once; null is as they come. */
  readonly segmentBytes: number | null;
  readonly onPacket: (packet: Packet) => void;
  /** Once; null is an end without error. */
  readonly onClose: (error: Error | null) => void;
}

export class Transport {
  readonly #socket: Socket;
  readonly #options: TransportOptions;
  readonly #reader = new PacketReader();
  #sdu = 8192;
  #closed = false;
  #held: Error | null = null;
  #release: (() => void) | null = null;
  /** Segmented writes, one after the other. */
  #tail: Promise<void> = Promise.resolve();

  constructor(socket: Socket, options: TransportOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#close(error));
    socket.on('end', () => this.destroy());
    socket.on('close', () => this.#close(null));
  }

  get sdu(): number {
    return this.#sdu;
  }

  /** After ACCEPT: lengths of 32 bits, packets of at most `sdu` bytes. */
  agree(sdu: number): void {
    this.#sdu = sdu;
    this.#reader.large = true;
  }

  /** A piece of the TTC stream. Resolves when there is room for more. @throws what `hold` was told. */
  async send(stream: Uint8Array): Promise<void> {
    this.check();
    const roomy = this.sendPacket(dataPackets(stream, this.#sdu));
    if (roomy !== true) await this.#room(roomy);
  }

  /** Between steps that send nothing. @throws what `hold` was told. */
  check(): void {
    if (this.#held !== null) throw this.#held;
  }

  /** Whole packets, at once and in order with all others. True, or what to wait for before sending more. */
  sendPacket(packets: Buffer): true | Promise<void> {
    if (this.#closed) return true;
    this.#options.traffic.bytesWritten += packets.length;
    if (this.#options.segmentBytes === null) {
      if (this.#socket.write(packets)) return true;
      return new Promise((resolve) => this.#socket.once('drain', resolve));
    }
    this.#tail = this.#tail.then(() => this.#writeSegments(packets));
    return this.#tail;
  }

  /** From now on, and for whoever waits for room, sending fails with `reason`. */
  hold(reason: Error): void {
    this.#held = reason;
    this.#release?.();
  }

  resume(): void {
    this.#held = null;
  }

  /** Sends what was written, then closes. */
  end(): void {
    void this.#tail.then(() => this.#socket.end());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #room(drained: Promise<void>): Promise<void> {
    const held = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    await Promise.race([drained, held]);
    this.#release = null;
    this.check();
  }

  async #writeSegments(packets: Buffer): Promise<void> {
    const size = this.#options.segmentBytes ?? packets.length;
    for (let from = 0; from < packets.length && !this.#closed; from += size) {
      await new Promise<void>((resolve) => {
        this.#socket.write(packets.subarray(from, from + size), () => resolve());
      });
    }
  }

  #receive(chunk: Buffer): void {
    this.#options.traffic.bytesRead += chunk.length;
    const size = this.#options.segmentBytes ?? chunk.length;
    try {
      for (let from = 0; from < chunk.length; from += size) {
        this.#reader.push(chunk.subarray(from, from + size));
        for (let packet = this.#reader.next(); packet !== null; packet = this.#reader.next()) {
          if (this.#closed) return;
          this.#options.onPacket(packet);
        }
      }
    } catch (error) {
      this.#close(error as Error);
      this.destroy();
    }
  }

  #close(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose(error);
  }
}
