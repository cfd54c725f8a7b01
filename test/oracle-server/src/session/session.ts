/**
 * One client from CONNECT to its end. States: connecting → negotiating → logged on, all in one loop that reads a message
 * and answers it. A break may come at any moment of it:
 *
 * 1. client: MARKER interrupt or break. Server: ignores DATA from now on, ends the engine's statement, stops writing
 *    (a stale reply after its own marker would be taken for the next one), sends MARKER break.
 * 2. client: MARKER reset. Server: waits for the statement to be over, sends MARKER reset, then error 1013, always,
 *    even if nothing ran: the client waits for it. Then the loop goes on.
 */
import type { Socket } from 'node:net';
import type { Users } from '../auth/users.ts';
import { readAuthRequest, writeWelcome } from '../auth/messages.ts';
import type { AuthRequest } from '../auth/messages.ts';
import { OraError } from '../engine.ts';
import type { Engine, EngineSession } from '../engine.ts';
import { FUNCTION, MESSAGE } from '../ttc/codes.ts';
import { Lobs } from '../ttc/lobs.ts';
import type { LobGauge } from '../ttc/lobs.ts';
import { readPiggyback } from '../ttc/piggybacks.ts';
import type { Piggyback } from '../ttc/piggybacks.ts';
import { writeEnding, writeStatus } from '../ttc/replies.ts';
import { Unsupported } from '../ttc/requests.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { acceptPacket, agreedSdu, ConnectReader, refusal } from '../wire/handshake.ts';
import { Input } from '../wire/input.ts';
import {
  readDataTypesRequest,
  readProtocolRequest,
  writeDataTypesReply,
  writeProtocolReply,
} from '../wire/negotiation.ts';
import { DATA_FLAG, MARKER, markerPacket, PACKET } from '../wire/packets.ts';
import type { Packet } from '../wire/packets.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Calls } from './calls.ts';
import { Cursors } from './cursors.ts';
import type { CursorGauge } from './cursors.ts';
import { deferred } from './deferred.ts';
import type { Deferred } from './deferred.ts';
import { answerCall } from './dispatch.ts';
import { Login } from './login.ts';
import { Transport } from './transport.ts';
import type { Traffic } from './transport.ts';

export interface SessionOptions {
  readonly id: number;
  readonly engine: Engine;
  readonly users: Users;
  readonly service: string;
  readonly sdu: number;
  readonly bitVectors: boolean;
  readonly segmentBytes: number | null;
  readonly openCursorsMax: number;
  readonly gauges: Traffic & CursorGauge & LobGauge;
  readonly executed: (sql: string) => void;
  /** Something that is no OraError and no fault of the client: a mistake of this server or of its engine. */
  readonly onDefect: (error: unknown) => void;
}

/** Why a read or a write did not happen; never seen outside of this file. */
class Broken extends Error {}
class Ended extends Error {}

/** The engine says that the connection is cut: nothing is sent any more, not even this error. */
const CONNECTION_CUT = 3113;

export interface LoggedOn {
  readonly engine: EngineSession;
  readonly calls: Calls;
  readonly cursors: Cursors;
  readonly lobs: Lobs;
  readonly user: string;
  readonly nationalTimesFour: boolean;
}

export class Session {
  readonly id: number;
  /** Resolves when everything this session held is given back. Never rejects. */
  readonly done: Promise<void>;
  /** What the client told of itself: module, action, client identifier. */
  readonly identity = new Map<string, string>();
  readonly #options: SessionOptions;
  readonly #transport: Transport;
  readonly #input = new Input();
  readonly #connect = new ConnectReader();
  readonly #login: Login;
  #accepted = false;
  #state: LoggedOn | null = null;
  #ended: Error | null = null;
  #reset: Deferred | null = null;

  constructor(socket: Socket, options: SessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#login = new Login(options.users);
    this.#transport = new Transport(socket, {
      traffic: options.gauges,
      segmentBytes: options.segmentBytes,
      onPacket: (packet) => this.#receive(packet),
      onClose: (error) => this.#end(error),
    });
    this.done = this.#run();
  }

  get user(): string | null {
    return this.#state?.user ?? null;
  }

  get program(): string {
    return this.#login.program;
  }

  /** The socket is dropped without a word, as by a network that failed or an instance that died. */
  kill(): void {
    this.#transport.destroy();
  }

  #receive(packet: Packet): void {
    if (!this.#accepted) {
      this.#negotiate(packet);
    } else if (packet.type === PACKET.data) {
      if (packet.body.length < 2) throw new ProtocolError('a DATA packet without flags');
      const flags = packet.body.readUInt16BE(0);
      if ((flags & DATA_FLAG.endOfFile) !== 0) this.#end(null);
      else this.#input.append(packet.body.subarray(2), (flags & DATA_FLAG.endOfRequest) !== 0);
    } else if (packet.type === PACKET.marker) {
      this.#mark(packet.body.at(2) ?? 0);
    } else {
      throw new ProtocolError(`a packet of type ${packet.type}`);
    }
  }

  #negotiate(packet: Packet): void {
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
      this.#input.stop(broken);
      this.#transport.hold(broken);
      this.#interrupt();
      if (marker !== MARKER.reset) void this.#transport.sendPacket(markerPacket(MARKER.break));
    }
    if (marker === MARKER.reset) this.#reset.resolve();
  }

  /** Whatever runs is interrupted, whoever waits is woken; the loop then cleans up. */
  #end(error: Error | null): void {
    this.#ended ??= error instanceof ProtocolError ? error : new Ended();
    this.#input.stop(this.#ended);
    this.#transport.hold(this.#ended);
    this.#reset?.resolve();
    this.#interrupt();
  }

  /** Only what runs: an engine at rest would keep the interruption for its next statement. */
  #interrupt(): void {
    if (this.#state?.calls.engineIsBusy === true) this.#state.engine.interrupt();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        try {
          await this.#message();
        } catch (error) {
          if (this.#reset === null || this.#ended !== null) throw error;
          await this.#afterBreak(this.#reset);
        }
      }
    } catch (error) {
      if (!(error instanceof Ended) && !(error instanceof ProtocolError)) this.#options.onDefect(error);
    }
    this.#transport.end();
    try {
      await this.#cleanUp();
    } catch (error) {
      this.#options.onDefect(error);
    }
  }

  async #message(): Promise<void> {
    this.#input.begin();
    const type = await this.#input.read((reader) => reader.u8());
    const writer = new ByteWriter();
    switch (type) {
      case MESSAGE.protocol:
        await this.#input.read(readProtocolRequest);
        writeProtocolReply(writer);
        return this.#transport.send(writer.take());
      case MESSAGE.dataTypes:
        writeDataTypesReply(writer, await this.#input.read(readDataTypesRequest));
        return this.#transport.send(writer.take());
      case MESSAGE.piggyback:
        return this.#piggyback();
      case MESSAGE.function:
        return this.#function();
      default:
        throw new ProtocolError(`a message of type ${type}`);
    }
  }

  async #piggyback(): Promise<void> {
    const code = await this.#input.read((reader) => {
      const code = reader.u8();
      reader.u8();
      return code;
    });
    const piggyback = await this.#input.read((reader) => readPiggyback(reader, code));
    // It has no reply, but the call behind it would be misread: that call is what fails.
    if (piggyback === null) return this.#unsupported(new OraError(3001, `unimplemented feature: piggyback ${code}`));
    if (this.#state !== null) await this.#carry(piggyback, this.#state);
  }

  async #carry(piggyback: Piggyback, { calls, cursors, lobs, engine }: LoggedOn): Promise<void> {
    switch (piggyback.kind) {
      case 'close-cursors':
        for (const id of piggyback.ids) await calls.close(id);
        return;
      case 'cancel-cursors':
        for (const id of piggyback.ids) await cursors.cancel(id);
        return;
      case 'free-lobs':
        for (const locator of piggyback.locators) lobs.free(locator);
        return;
      case 'schema':
        return engine.setSchema(piggyback.schema);
      case 'identity':
        for (const [name, value] of Object.entries(piggyback.attributes)) this.identity.set(name, value);
        return;
      case 'context':
    }
  }

  async #function(): Promise<void> {
    const code = await this.#input.read((reader) => {
      const code = reader.u8();
      reader.u8();
      return code;
    });
    if (code === FUNCTION.authPhaseOne || code === FUNCTION.authPhaseTwo) return this.#authenticate(code);
    const state = this.#state;
    if (state === null) return this.#unsupported(new OraError(1012, 'not logged on'));
    const failed = { cursor: 0 };
    if (code === FUNCTION.logOff) return this.#logOff();
    try {
      await answerCall(code, { ...state, input: this.#input, failed });
    } catch (error) {
      if (this.#reset !== null) throw error;
      await this.#failed(error, { calls: state.calls, cursor: failed.cursor });
    }
  }

  /** The client closes the connection itself, after this reply. */
  async #logOff(): Promise<void> {
    await this.#cleanUp();
    const writer = new ByteWriter();
    writeStatus(writer, false);
    await this.#transport.send(writer.take());
  }

  /** Answers with the error. Anything that is no OraError is a defect, answered as Oracle answers its own: ORA-00600. */
  async #failed(error: unknown, { calls, cursor }: { readonly calls: Calls; readonly cursor: number }): Promise<void> {
    if (error instanceof Ended || error instanceof ProtocolError) throw error;
    if (error instanceof Unsupported) await this.#input.skipRequest();
    if (error instanceof OraError && error.number === CONNECTION_CUT) {
      this.kill();
      throw new Ended();
    }
    if (!(error instanceof OraError)) this.#options.onDefect(error);
    const told = error instanceof OraError ? error : new OraError(600, 'internal error of the test server');
    await calls.fail(told, cursor);
    if (told.fatal) throw new Ended();
  }

  async #authenticate(code: number): Promise<void> {
    const request = await this.#input.read(readAuthRequest);
    const writer = new ByteWriter();
    if (code === FUNCTION.authPhaseOne) this.#login.challenge(writer, request);
    else if (!(await this.#logOn(writer, request))) return this.#transport.send(writer.take());
    writeStatus(writer, false);
    return this.#transport.send(writer.take());
  }

  async #logOn(writer: ByteWriter, request: AuthRequest): Promise<boolean> {
    const { engine: engines, gauges, openCursorsMax, service, bitVectors, executed } = this.#options;
    const proved = this.#login.prove(writer, request);
    if (proved === null) return false;
    await this.#cleanUp();
    const engine = await engines.open(proved.user);
    const cursors = new Cursors(gauges, openCursorsMax);
    const lobs = new Lobs(gauges);
    const send = (stream: Uint8Array): Promise<void> => this.#transport.send(stream);
    const check = (): void => this.#transport.check();
    const calls = new Calls({ engine, cursors, lobs, bitVectors, send, check, executed });
    this.#state = { engine, calls, cursors, lobs, ...proved };
    writeWelcome(writer, { proof: proved.proof, service, session: this.id, openCursorsMax });
    return true;
  }

  async #unsupported(error: OraError): Promise<void> {
    await this.#input.skipRequest();
    const writer = new ByteWriter();
    writeEnding(writer, { inTransaction: this.#state?.engine.inTransaction ?? false, error });
    await this.#transport.send(writer.take());
  }

  async #afterBreak(reset: Deferred): Promise<void> {
    await reset.promise;
    if (this.#ended !== null) throw this.#ended;
    this.#reset = null;
    this.#state?.calls.discard();
    this.#input.resume();
    this.#transport.resume();
    void this.#transport.sendPacket(markerPacket(MARKER.reset));
    const writer = new ByteWriter();
    const error = new OraError(1013, 'user requested cancel of current operation');
    writeEnding(writer, { inTransaction: this.#state?.engine.inTransaction ?? false, error });
    await this.#transport.send(writer.take());
  }

  /** An open transaction is rolled back: whoever vanishes has not committed. */
  async #cleanUp(): Promise<void> {
    const state = this.#state;
    this.#state = null;
    if (state === null) return;
    state.lobs.freeAll();
    await state.cursors.closeAll();
    if (state.engine.inTransaction) await state.engine.rollback();
    await state.engine.close();
  }
}
