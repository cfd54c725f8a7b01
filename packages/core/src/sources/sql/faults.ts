/**
 * What an error of a database or its driver means for us, and the one place that turns it into a coded error. Each
 * database brings its table of codes (`faultOf`). Nothing of a statement, a bind value or a credential leaves through a
 * message.
 */
import { isParqueueError, ParqueueError, type ErrorCode } from '../../model/errors.ts';

export type FaultKind =
  /** The connection or a resource of the server went away; the same work may succeed in a moment. */
  | 'transient'
  /** The database cannot be had, and asking again at once will not help. */
  | 'unavailable'
  /** What the snapshot needs is gone (undo overwritten, table rebuilt): start again whole, never mix two states. */
  | 'snapshot-lost'
  /** Never tried again by itself: accounts are locked after a few wrong passwords. */
  | 'credentials'
  /** The user may not do this; where there is another way, it is taken. */
  | 'privileges'
  | 'interrupted'
  | 'call-timeout'
  /** The driver and the server do not understand each other: a defect, here or there. */
  | 'defect'
  | 'rejected';

export interface Fault {
  readonly kind: FaultKind;
  /** As the database writes it: `ORA-00942`, `42P01`, `ER_NO_SUCH_TABLE`. */
  readonly code: string;
  /** The first line of what the database or driver said, without its code; values in it already taken out. */
  readonly text: string;
  /** What is to be done, where the code tells; half a sentence. */
  readonly advice?: string | undefined;
}

/** Thrown by drivers for a call that took longer than `limitCall` allowed; a fault of kind 'call-timeout'. */
export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';
}

const CODES: Readonly<Record<FaultKind, ErrorCode>> = {
  transient: 'PQ_SOURCE_UNAVAILABLE',
  unavailable: 'PQ_SOURCE_UNAVAILABLE',
  'snapshot-lost': 'PQ_SOURCE_UNSTABLE',
  credentials: 'PQ_SOURCE_REJECTED',
  privileges: 'PQ_SOURCE_REJECTED',
  interrupted: 'PQ_CANCELLED',
  'call-timeout': 'PQ_FILL_TIMEOUT',
  defect: 'PQ_INTERNAL',
  rejected: 'PQ_SOURCE_REJECTED',
};

/** Takes what must not be shown out of a text. */
export type Redact = (text: string) => string;

const TEXT_CHARS_MAX = 300;

/** Errors do not leave their thread with their kind, and inside it nobody has to read it out of a message. */
const kinds = new WeakMap<ParqueueError, FaultKind>();

function faultError({ kind, code, text, advice }: Fault, redact: Redact): ParqueueError {
  const shown = redact(text).slice(0, TEXT_CHARS_MAX);
  // The cause is left out on purpose: the driver's error holds the untouched message, and errors get logged whole.
  const error = new ParqueueError(CODES[kind], `${code}: ${shown}${advice === undefined ? '' : ` (${advice})`}`, {
    details: { database: code, ...(kind === 'credentials' || kind === 'privileges' ? { reason: kind } : {}) },
  });
  kinds.set(error, kind);
  return error;
}

/** A coded error for anything thrown while the database was used; what is none of its errors stays as it is. */
export function sourceError(error: unknown, redact: Redact, faultOf: (error: unknown) => Fault | null): unknown {
  if (isParqueueError(error)) return error;
  const fault = faultOf(error);
  return fault === null ? error : faultError(fault, redact);
}

/** The kind of fault behind a coded error, or null where it came from elsewhere. */
export function faultKindOf(error: unknown): FaultKind | null {
  if (!isParqueueError(error)) return null;
  return kinds.get(error) ?? (error.code === 'PQ_SOURCE_UNAVAILABLE' ? 'transient' : null);
}

/** Marks an error of ours with what it means for those who try again. */
export function ofKind(kind: FaultKind, error: ParqueueError): ParqueueError {
  kinds.set(error, kind);
  return error;
}

const SECRET_CHARS_MIN = 3;

/** Replaces each of the texts, longest first; very short ones would blacken words by chance. */
export function redactionOf(hidden: readonly (string | null)[]): Redact {
  const texts = [...new Set(hidden)]
    .filter((text): text is string => text !== null && text.length >= SECRET_CHARS_MIN)
    .toSorted((a, b) => b.length - a.length);
  return (text) => texts.reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

/** Whether the session must not be used again after this error. */
export function endsSession(kind: FaultKind | null): boolean {
  return (
    kind === null
    || kind === 'transient'
    || kind === 'unavailable'
    || kind === 'defect'
    || kind === 'interrupted'
    || kind === 'call-timeout'
  );
}

/** Errors of sockets and names, which reach us the same way whatever the driver. */
export function systemFault(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|EAI_)/.test(code)) return { kind: 'transient', code, text: error.message };
  // A name that nobody knows will be as unknown in a moment.
  if (code === 'ENOTFOUND') return { kind: 'unavailable', code, text: error.message };
  return null;
}
