/**
 * What one client's packets mean before any message is read: the handshake, the stream of messages, breaks, the end.
 * A break may come at any moment:
 *
 * 1. client: MARKER interrupt or break. Server: ignores DATA from now on, interrupts what runs, stops writing (a stale
 *    reply after its own marker would be taken for the next one), and sends MARKER break when the statement is over.
 * 2. client: MARKER reset. Server: sends MARKER reset, then error 1013, always, even if nothing ran: the client waits
 *    for it.
 *
 * Between both, reading and sending fail with Broken; after the end, whoever caused it, with Ended or ProtocolError.
 */
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { acceptPacket, agreedSdu, ConnectReader, refusal } from '../wire/handshake.ts';
import { Input } from '../wire/input.ts';
import { DATA_FLAG, MARKER, markerPacket, PACKET } from '../wire/packets.ts';
import type { Packet } from '../wire/packets.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { deferred } from './deferred.ts';
import type { Deferred } from './deferred.ts';
import { Transport } from './transport.ts';
import type { Traffic } from './transport.ts';

/** The JDBC driver, which alone writes lengths once, waits for ever for an answer that came before it had begun to. */
const JDBC_PAUSE_MS = 100;

/** The client has broken off the call; it waits for the reset to be answered. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** There is no client any more. */
export class Ended extends Error {
  override readonly name = 'Ended';
}

export interface ChannelOptions {
  readonly service: string;
  readonly sdu: number;
  readonly segmentBytes: number | null;
  readonly traffic: Traffic;
  /** Whatever runs for this client is to end soon. */
  readonly onInterrupt: () => void;
}

export class Channel {
  readonly input = new Input();
  readonly #options: ChannelOptions;
  readonly #transport: Transport;
  readonly #connect = new ConnectReader();
  #accepted = false;
  #ended: Error | null = null;
  #reset: Deferred | null = null;
  #owesBreak = false;

  constructor(socket: Socket, options: ChannelOptions) {
    this.#options = options;
    this.#transport = new Transport(socket, {
      traffic: options.traffic,
      segmentBytes: options.segmentBytes,
      onPacket: (packet) => this.#receive(packet),
      onClose: (error) => this.#end(error),
    });
  }

  /** Between a break and the answer to its reset, unless the client is gone. */
  get isBroken(): boolean {
    return this.#reset !== null && this.#ended === null;
  }

  /** Broken, or without a client: whatever still runs, runs for nobody. */
  get isStopped(): boolean {
    return this.#reset !== null || this.#ended !== null;
  }

  /** @throws Broken, Ended, ProtocolError */
  send(stream: Uint8Array): Promise<void> {
    return this.#transport.send(stream);
  }

  /** Between steps that send nothing. @throws as send */
  check(): void {
    this.#transport.check();
  }

  /** The call is over: tells so, waits for the reset, answers it, and opens the stream again; the error is the caller's. @throws Ended */
  async recover(): Promise<void> {
    if (!this.input.lengthTwice) await setTimeout(JDBC_PAUSE_MS);
    if (this.#owesBreak) void this.#transport.sendPacket(markerPacket(MARKER.break));
    this.#owesBreak = false;
    await this.#reset?.promise;
    if (this.#ended !== null) throw this.#ended;
    this.#reset = null;
    this.input.resume();
    this.#transport.resume();
    void this.#transport.sendPacket(markerPacket(MARKER.reset));
  }

  /** Sends what was written, then closes. */
  close(): void {
    this.#transport.end();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  #receive(packet: Packet): void {
    if (!this.#accepted) {
      this.#shakeHands(packet);
    } else if (packet.type === PACKET.data) {
      if (packet.body.length < 2) throw new ProtocolError('a DATA packet without flags');
      const flags = packet.body.readUInt16BE(0);
      if ((flags & DATA_FLAG.endOfFile) !== 0) this.#end(null);
      else this.input.append(packet.body.subarray(2), (flags & DATA_FLAG.endOfRequest) !== 0);
    } else if (packet.type === PACKET.marker) {
      this.#mark(packet.body.at(2) ?? 0);
    } else {
      throw new ProtocolError(`a packet of type ${packet.type}`);
    }
  }

  #shakeHands(packet: Packet): void {
    const request = this.#connect.push(packet.type, packet.body);
    if (request === null) return;
    const refused = refusal(request, this.#options.service);
    if (refused !== null) {
      void this.#transport.sendPacket(refused);
      this.#end(null);
      return;
    }
    const sdu = agreedSdu(request.sdu, this.#options.sdu);
    void this.#transport.sendPacket(acceptPacket(sdu));
    this.#transport.agree(sdu);
    this.#accepted = true;
  }

  #mark(marker: number): void {
    if (this.#reset === null) {
      this.#reset = deferred();
      const broken = new Broken();
      this.input.stop(broken);
      this.#transport.hold(broken);
      this.#options.onInterrupt();
      this.#owesBreak = marker !== MARKER.reset;
    } else if (marker !== MARKER.reset && !this.#owesBreak) {
      // Whoever asks again has not seen the first answer.
      void this.#transport.sendPacket(markerPacket(MARKER.break));
    }
    if (marker === MARKER.reset) this.#reset.resolve();
  }

  /** Whatever runs is interrupted, whoever waits is woken. */
  #end(error: Error | null): void {
    this.#ended ??= error instanceof ProtocolError ? error : new Ended();
    this.input.stop(this.#ended);
    this.#transport.hold(this.#ended);
    this.#reset?.resolve();
    this.#options.onInterrupt();
  }
}
