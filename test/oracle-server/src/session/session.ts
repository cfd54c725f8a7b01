/**
 * One client from CONNECT to its end: a loop that reads a message and answers it, first as nobody, then as the user that
 * the client has proved to be. When the loop is over, everything that was held for the client is given back.
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
import {
  readDataTypesRequest,
  readProtocolRequest,
  writeDataTypesReply,
  writeProtocolReply,
} from '../wire/negotiation.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Calls } from './calls.ts';
import { Channel, Ended } from './channel.ts';
import { Cursors } from './cursors.ts';
import type { CursorGauge } from './cursors.ts';
import { answerCall } from './dispatch.ts';
import { Login } from './login.ts';
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

/** The engine says that the connection is cut: nothing is sent any more, not even this error. */
const CONNECTION_CUT = 3113;
const INTERRUPT_AGAIN_MS = 50;

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
  readonly #channel: Channel;
  readonly #login: Login;
  #state: LoggedOn | null = null;
  /** Of the call that is being answered: its error block repeats it. */
  #callNumber = 0;

  constructor(socket: Socket, options: SessionOptions) {
    const { service, sdu, segmentBytes, gauges, users } = options;
    const onInterrupt = (): void => this.#interrupt();
    this.id = options.id;
    this.#options = options;
    this.#login = new Login(users);
    this.#channel = new Channel(socket, { service, sdu, segmentBytes, traffic: gauges, onInterrupt });
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
    this.#channel.destroy();
  }

  /** Only what runs: an engine at rest would keep the interruption for its next statement. */
  #interrupt(): void {
    if (this.#state?.calls.engineIsBusy !== true) return;
    this.#state.engine.interrupt();
    // Again until it is over: one that comes just before the engine begins to run may be lost.
    setTimeout(() => {
      if (this.#channel.isStopped) this.#interrupt();
    }, INTERRUPT_AGAIN_MS);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        try {
          await this.#message();
        } catch (error) {
          if (!this.#channel.isBroken) throw error;
          await this.#afterBreak();
        }
      }
    } catch (error) {
      if (!(error instanceof Ended) && !(error instanceof ProtocolError)) this.#options.onDefect(error);
    }
    this.#channel.close();
    try {
      await this.#cleanUp();
    } catch (error) {
      this.#options.onDefect(error);
    }
  }

  async #message(): Promise<void> {
    this.#channel.input.begin();
    const type = await this.#channel.input.read((reader) => reader.u8());
    const writer = new ByteWriter();
    switch (type) {
      case MESSAGE.protocol:
        await this.#channel.input.read(readProtocolRequest);
        writeProtocolReply(writer, this.#options.users.kind);
        return this.#channel.send(writer.take());
      case MESSAGE.dataTypes:
        return this.#dataTypes(writer);
      case MESSAGE.piggyback:
        return this.#piggyback();
      case MESSAGE.function:
        return this.#function();
      default:
        throw new ProtocolError(`a message of type ${type}`);
    }
  }

  async #dataTypes(writer: ByteWriter): Promise<void> {
    const habits = await this.#channel.input.read(readDataTypesRequest);
    this.#channel.input.lengthTwice = habits.lengthTwice;
    writeDataTypesReply(writer, habits);
    return this.#channel.send(writer.take());
  }

  async #piggyback(): Promise<void> {
    const code = await this.#channel.input.read((reader) => {
      const code = reader.u8();
      reader.u8();
      return code;
    });
    const piggyback = await this.#channel.input.read((reader) => readPiggyback(reader, code));
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
    const { code, call } = await this.#channel.input.read((reader) => ({ code: reader.u8(), call: reader.u8() }));
    this.#callNumber = call;
    if (code === FUNCTION.authPhaseOne || code === FUNCTION.authPhaseTwo) return this.#authenticate(code);
    const state = this.#state;
    if (state === null) return this.#unsupported(new OraError(1012, 'not logged on'));
    const failed = { cursor: 0 };
    if (code === FUNCTION.logOff) return this.#logOff();
    try {
      await answerCall(code, { ...state, input: this.#channel.input, failed });
    } catch (error) {
      if (this.#channel.isBroken) throw error;
      await this.#failed(error, { calls: state.calls, cursor: failed.cursor });
    }
  }

  /** The client closes the connection itself, after this reply. */
  async #logOff(): Promise<void> {
    await this.#cleanUp();
    const writer = new ByteWriter();
    writeStatus(writer, false);
    await this.#channel.send(writer.take());
  }

  /** Answers with the error. Anything that is no OraError is a defect, answered as Oracle answers its own: ORA-00600. */
  async #failed(error: unknown, { calls, cursor }: { readonly calls: Calls; readonly cursor: number }): Promise<void> {
    if (error instanceof Ended || error instanceof ProtocolError) throw error;
    if (error instanceof Unsupported) await this.#channel.input.skipRequest();
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
    const request = await this.#channel.input.read(readAuthRequest);
    const writer = new ByteWriter();
    if (code === FUNCTION.authPhaseOne) this.#login.challenge(writer, request);
    else if (!(await this.#logOn(writer, request))) return this.#channel.send(writer.take());
    writeStatus(writer, false);
    return this.#channel.send(writer.take());
  }

  async #logOn(writer: ByteWriter, request: AuthRequest): Promise<boolean> {
    const { engine: engines, gauges, openCursorsMax, service, bitVectors, executed } = this.#options;
    const proved = this.#login.prove(writer, request, this.#callNumber);
    if (proved === null) return false;
    await this.#cleanUp();
    const engine = await engines.open(proved.user);
    const cursors = new Cursors(gauges, openCursorsMax);
    const lobs = new Lobs(gauges);
    const send = (stream: Uint8Array): Promise<void> => this.#channel.send(stream);
    const check = (): void => this.#channel.check();
    const calls = new Calls({
      engine,
      cursors,
      lobs,
      bitVectors,
      wideScales: !this.#channel.input.lengthTwice,
      send,
      check,
      executed,
      callNumber: () => this.#callNumber,
    });
    this.#state = { engine, calls, cursors, lobs, ...proved };
    writeWelcome(writer, { proof: proved.proof, service, session: this.id, openCursorsMax });
    return true;
  }

  async #unsupported(error: OraError): Promise<void> {
    await this.#channel.input.skipRequest();
    const writer = new ByteWriter();
    writeEnding(writer, { call: this.#callNumber, inTransaction: this.#state?.engine.inTransaction ?? false, error });
    await this.#channel.send(writer.take());
  }

  async #afterBreak(): Promise<void> {
    await this.#channel.recover();
    this.#state?.calls.discard();
    const writer = new ByteWriter();
    const error = new OraError(1013, 'user requested cancel of current operation');
    writeEnding(writer, { call: this.#callNumber, inTransaction: this.#state?.engine.inTransaction ?? false, error });
    await this.#channel.send(writer.take());
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
