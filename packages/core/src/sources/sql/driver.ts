/** What a driver can do, in one shape, so that sessions, their pool and their faults are the same for all of them. */
import type { Clock } from '../../ports/clock.ts';
import type { SourceStatement } from '../../ports/source.ts';
import type { Fault, Redact } from './faults.ts';

/** What one piece of work brings along. */
export interface Use {
  readonly signal: AbortSignal;
  /** By `clock`. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly redact: Redact;
  /** For those who look at the server's sessions. */
  readonly action: 'probe' | 'fill';
  /** See SourceContext. */
  readonly onStatement?: (statement: SourceStatement) => void;
}

/** What a driver needs of the session (session.ts) that it is asked to prepare. */
export interface Calls<C> {
  /** @throws ParqueueError; what `work` throws is coded, see faults.ts */
  call<T>(work: (connection: C) => Promise<T>): Promise<T>;
}

/** `C`: the driver's connection. No method may wait without end, those of a lost connection included. */
export interface SqlDriver<C> {
  /** Makes and authenticates a connection, within the source's connectTimeout. */
  connect(): Promise<C>;
  /** Once per connection, before its first use: every setting that rows depend on, given explicitly. */
  setUp(session: Calls<C>): Promise<void>;
  /** At the begin of each use: time limits that the server keeps itself, a name for those who look at its sessions. */
  beginUse(session: Calls<C>, use: Use, limitMs: number): Promise<void>;
  /** Right before each call; for drivers with a limit per call. */
  limitCall(connection: C, ms: number): void;
  /** What is known here, without asking the server. */
  isHealthy(connection: C): boolean;
  ping(connection: C): Promise<unknown>;
  rollback(connection: C): Promise<unknown>;
  /** Ends the conversation in good order; the caller does not wait for long. */
  close(connection: C): Promise<unknown>;
  /** Asks the server to end what runs on the connection. Settles when that was asked, not when it ended. */
  interrupt(connection: C): Promise<unknown>;
  /** Cuts the socket: calls under way fail at once. null: this driver has no way to; the thread must be recycled. */
  readonly destroy: ((connection: C) => void) | null;
  /** What an error of the driver or the server means; null where it is none of theirs. */
  faultOf(error: unknown): Fault | null;
}
