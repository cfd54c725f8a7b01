/**
 * What an error of the database or the driver means for us: one table by number, and one place that turns such an error
 * into a coded one. Nothing of a statement, a bind value or a credential leaves through a message.
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
  /** The user may not do this; for flashback and the SCN there is another way. */
  | 'privileges'
  | 'interrupted'
  | 'call-timeout'
  /** The driver and the server do not understand each other: a defect, here or there. */
  | 'defect'
  | 'rejected';

/** By `ORA-` number; what is not listed is `rejected`. */
const BY_ORA: ReadonlyMap<number, FaultKind> = new Map(
  Object.entries({
    transient: [
      // Sessions and processes exhausted, killed or disconnected.
      18, 20, 28, 31, 1012, 2391, 2396, 2399, 3113, 3114, 3135, 25408,
      // Locks, deadlocks, memory and parallel servers: another moment, another answer.
      54, 60, 4020, 4021, 4031, 4061, 4065, 4068, 12801, 12805, 12829,
      // Starting up, shutting down.
      1033, 1034, 1089, 1090, 1092, 1109,
      // The listener and the network.
      12170, 12516, 12518, 12519, 12520, 12521, 12526, 12527, 12528, 12537, 12541, 12547, 12570, 12571, 12583, 12592,
      12637,
    ],
    unavailable: [257, 1157, 1652, 12154, 12505, 12514, 12533, 12535, 12543, 12545, 12547, 12560, 30036],
    'snapshot-lost': [1410, 1466, 1555, 8103, 8176, 8177, 8181, 22924],
    credentials: [1004, 1005, 1017, 1045, 28000, 28001, 28003, 28007, 28009, 28040, 28759],
    privileges: [942, 1031, 1720, 41900],
    interrupted: [1013],
  } satisfies Partial<Record<FaultKind, readonly number[]>>).flatMap(([kind, numbers]) =>
    numbers.map((number) => [number, kind as FaultKind] as const),
  ),
);

/** By `NJS-` number; what is not listed is a `defect`: we use the driver wrongly, or it misread the server. */
const BY_NJS: ReadonlyMap<number, FaultKind> = new Map(
  Object.entries({
    transient: [3, 500, 501, 503, 513, 521],
    unavailable: [
      40, 65, 504, 505, 506, 507, 508, 510, 511, 512, 514, 515, 516, 517, 518, 519, 520, 522, 530, 531, 532, 533, 536,
    ],
    credentials: [101, 116],
    rejected: [10, 19, 97, 98, 137, 138, 192, 201],
    'call-timeout': [123],
  } satisfies Partial<Record<FaultKind, readonly number[]>>).flatMap(([kind, numbers]) =>
    numbers.map((number) => [number, kind as FaultKind] as const),
  ),
);

export interface Fault {
  readonly kind: FaultKind;
  /** `ORA-00942`, `NJS-503`. */
  readonly code: string;
  /** The first line of what the database or driver said, without its code. */
  readonly text: string;
}

const CODED = /\b(ORA|NJS)-([0-9]{3,5}): ?([^\n]*)/g;

/** null where the error is none of the database's or the driver's. */
export function faultOf(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  const found = [...error.message.matchAll(CODED)].map(([, family = '', digits = '', text = '']) => ({
    kind: kindOf(family, Number(digits)),
    code: `${family}-${digits}`,
    text: text.trim(),
  }));
  const [first] = found;
  if (first === undefined) return systemFault(error);
  // The driver says "closed" in its own words, and below them the database why: ORA-00028.
  const why = first.code === 'NJS-500' ? found.find(({ code }) => code.startsWith('ORA-')) : undefined;
  return why === undefined ? first : { ...why, kind: why.kind === 'rejected' ? 'transient' : why.kind };
}

/** Errors of sockets and names that reach us without the driver's own words. */
function systemFault(error: Error): Fault | null {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|EAI_)/.test(code)) return { kind: 'transient', code, text: error.message };
  return null;
}

function kindOf(family: string, number: number): FaultKind {
  return family === 'ORA' ? (BY_ORA.get(number) ?? 'rejected') : (BY_NJS.get(number) ?? 'defect');
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

/** What is to be done, where the number tells; half a sentence. */
const ADVICE: Readonly<Record<string, string>> = {
  'ORA-00942': 'check the name, the schema, and that the user was granted SELECT on it',
  'ORA-01017': 'check user and password of the source',
  'ORA-01031': 'grant the privilege it needs, see docs/oracle-sources.md',
  'ORA-01555': 'the undo the snapshot needed was overwritten: raise UNDO_RETENTION, or split the load',
  'ORA-28000': 'the account is locked',
  'ORA-28001': "the account's password has expired",
  'NJS-116': 'the account has only an old password verifier: set its password again',
  'NJS-533': 'the server asks for native network encryption, which Thin mode does not have: use TCPS',
};

/** Takes what must not be shown out of a text. */
export type Redact = (text: string) => string;

/** A coded error for anything thrown while the database was used; what is none of its errors stays as it is. */
export function sourceError(error: unknown, redact: Redact): unknown {
  if (isParqueueError(error)) return error;
  const fault = faultOf(error);
  if (fault === null) return error;
  const { kind, code } = fault;
  const text = shownText(fault.text, redact);
  const advice = ADVICE[code];
  // The cause is left out on purpose: the driver's error holds the untouched message, and errors get logged whole.
  return new ParqueueError(CODES[kind], `${code}: ${text}${advice === undefined ? '' : ` (${advice})`}`, {
    details: { database: code, ...(kind === 'credentials' || kind === 'privileges' ? { reason: kind } : {}) },
  });
}

const TEXT_CHARS_MAX = 300;

/**
 * Database messages quote values in single quotes (`ORA-01722: unable to convert string value containing 'abc'`) and
 * names in double ones: the names stay. A connect descriptor is cut whole.
 */
function shownText(text: string, redact: Redact): string {
  return (
    redact(text)
      .replace(/'[^']*'/g, "'…'")
      // Another one each time, and known to nobody but the listener's log.
      .replace(/ ?\(CONNECTION_ID=[^)]*\)/, '')
      .replace(/\(\s*(DESCRIPTION|ADDRESS)[^\s]*.*$/i, '(…)')
      .slice(0, TEXT_CHARS_MAX)
  );
}

const SECRET_CHARS_MIN = 3;

/** Replaces each of the texts, longest first; very short ones would blacken words by chance. */
export function redactionOf(hidden: readonly (string | null)[]): Redact {
  const texts = [...new Set(hidden)]
    .filter((text): text is string => text !== null && text.length >= SECRET_CHARS_MIN)
    .toSorted((a, b) => b.length - a.length);
  return (text) => texts.reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

/** The kind of fault behind a coded error, or null where it came from elsewhere. */
export function faultKindOf(error: unknown): FaultKind | null {
  if (!isParqueueError(error)) return null;
  const match = /^(ORA|NJS)-([0-9]+)$/.exec(String(error.details['database'] ?? ''));
  if (match === null) return error.code === 'PQ_SOURCE_UNAVAILABLE' ? 'transient' : null;
  const kind = kindOf(match[1] ?? '', Number(match[2]));
  // A code inside a closed connection's message was made transient above.
  return error.code === 'PQ_SOURCE_UNAVAILABLE' && kind === 'rejected' ? 'transient' : kind;
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
