/** What errors of Oracle and of node-oracledb mean: one table by number. */
import { systemFault, type Fault, type FaultKind } from '../sql/faults.ts';

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

const CODED = /\b(ORA|NJS)-([0-9]{3,5}): ?([^\n]*)/g;

/** null where the error is none of the database's or the driver's. */
export function faultOf(error: unknown): Fault | null {
  const found = foundIn(error);
  return found === null ? null : { ...found, text: shownText(found.text), advice: ADVICE[found.code] };
}

function foundIn(error: unknown): Fault | null {
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

function kindOf(family: string, number: number): FaultKind {
  return family === 'ORA' ? (BY_ORA.get(number) ?? 'rejected') : (BY_NJS.get(number) ?? 'defect');
}

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

/**
 * Database messages quote values in single quotes (`ORA-01722: unable to convert string value containing 'abc'`) and
 * names in double ones: the names stay. A connect descriptor is cut whole.
 */
function shownText(text: string): string {
  return (
    text
      .replace(/'[^']*'/g, "'…'")
      // Another one each time, and known to nobody but the listener's log.
      .replace(/ ?\(CONNECTION_ID=[^)]*\)/, '')
      .replace(/\(\s*(DESCRIPTION|ADDRESS)[^\s]*.*$/i, '(…)')
  );
}
