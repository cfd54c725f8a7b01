/** What every way of sending rows is given: who asks for which form of them, and the generation that was found. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from './context.ts';
import type { Live } from './coordination-link.ts';
import type { DataForm } from './http/data-form.ts';
import type { DataAge, DataFacts } from './http/data-headers.ts';

export interface DataCall {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly form: DataForm;
}

/** A generation, found whole, about to be sent. */
export interface Sendable {
  /** Keeps the generation pinned until disposed of. @throws PartLost where it is gone */
  readonly hold: () => Promise<AsyncDisposable>;
  readonly facts: DataFacts;
  readonly age: DataAge;
}

/** One that Redis knows of. */
export interface LiveSendable extends Sendable {
  readonly live: Live;
}
