/**
 * What an error of Postgres or of pg means for us: tables by SQLSTATE (appendix "PostgreSQL Error Codes") and by what the
 * driver itself throws. Only the message is ever shown, never DETAIL, HINT, CONTEXT or a query; and of the message only
 * what cannot be a value: faults-text.ts decides that.
 */
import { CallTimeout, systemFault, type Fault, type FaultKind } from '../sql/faults.ts';
import { withoutValues, type ServerError } from './faults-text.ts';

/** By SQLSTATE. */
const BY_STATE = byKey({
  transient: [
    // Serialization, deadlocks, conflicts of a standby with what it replays, locks, objects in use.
    '40001',
    '40003',
    '40P01',
    '55006',
    '55P03',
    // Memory and connections exhausted.
    '53000',
    '53200',
    '53300',
    // Shutdown, crash of another backend, starting up, idle for too long.
    '57P01',
    '57P02',
    '57P03',
    '57P05',
  ],
  unavailable: ['53100', '57P04', '58000', '58030', 'XX001', 'XX002'],
  // Snapshot too old; a file that is gone, as of a table that was rebuilt.
  'snapshot-lost': ['72000', '58P01'],
  privileges: ['42501'],
  'call-timeout': ['25P03'],
  defect: ['08P01', '25P02', '26000', '34000'],
});

/** By the first two characters of the SQLSTATE; what is not listed is `rejected`. */
const BY_CLASS = byKey({ transient: ['08'], credentials: ['28'] });

/** The driver's own errors, by how their messages begin. */
const BY_DRIVER: readonly (readonly [string, FaultKind])[] = [
  ['Connection terminated', 'transient'],
  ['Client has encountered a connection error', 'transient'],
  ['Client was closed', 'transient'],
  ['timeout expired', 'unavailable'],
  ['The server does not support SSL connections', 'unavailable'],
  ['There was an error establishing an SSL connection', 'unavailable'],
  ['SASL: ', 'credentials'],
  ['Unknown authenticationOk message type', 'credentials'],
  ['Received unexpected', 'defect'],
  ['received invalid response', 'defect'],
];

const ADVICE: Readonly<Record<string, string>> = {
  '0A000': 'this server or this kind of transaction does not do that',
  '25006': 'statements are run in read-only transactions',
  '28000': 'check the user, pg_hba.conf on the server, and tls of the source',
  '28P01': 'check user and password of the source',
  '3D000': 'check the database in connectString',
  '42501': 'grant the user SELECT on it, and USAGE on its schema',
  '42703': 'check the name; names written without double quotes are lower case',
  '42704': 'check the name, and that its schema is the source’s or written in front of it',
  '42725': 'say which type is meant, as in :since::date',
  '42804': 'say which type is meant, as in :since::date',
  '42883': 'check name and types; say which type a placeholder has, as in :since::date',
  '42P01': 'check the name, the schema, and that the user was granted SELECT on it',
  '42P08': 'say which type is meant, as in :since::date',
  '42P18': 'say which type is meant, as in :since::date',
  '53300': 'the server has no connection left: lower pool.max, or raise max_connections',
  '72000': 'raise old_snapshot_threshold, or split the load',
};

const NO_TLS_ADVICE = 'the server has no TLS; tls: off means without';
const TLS_ADVICE = 'the certificate is not of a known authority or not of that host: check tls and ca of the source';

/** Codes of Node.js and OpenSSL for what is wrong with a certificate or a handshake. */
const TLS_CODE = /^(CERT_|CRL_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|HOSTNAME_|INVALID_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/;

/** null where the error is none of the database's or the driver's. */
export function faultOf(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof CallTimeout) return { kind: 'call-timeout', code: 'timeout', text: error.message };
  const told = serverErrorOf(error);
  if (told !== null) {
    const { code } = told;
    return { kind: kindOf(told), code, text: withoutValues(told), advice: ADVICE[code] };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS_CODE.test(code)) return { kind: 'unavailable', code, text: firstLine(error.message), advice: TLS_ADVICE };
  for (const [begin, kind] of BY_DRIVER) {
    if (!error.message.startsWith(begin)) continue;
    const advice = begin.includes('does not support SSL') ? NO_TLS_ADVICE : undefined;
    return { kind, code: 'pg', text: firstLine(error.message), advice };
  }
  return systemFault(error);
}

function serverErrorOf(error: Error): ServerError | null {
  // Node's errors have codes of five letters, too: EPIPE.
  if (!('severity' in error) || !('code' in error) || typeof error.code !== 'string') return null;
  const text = (name: string): string => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : '';
  };
  return {
    message: error.message,
    code: error.code,
    routine: text('routine'),
    placed: text('position') !== '',
    fatal: text('severity') === 'FATAL',
  };
}

function kindOf({ code, message, routine }: ServerError): FaultKind {
  switch (code) {
    case '57014':
      // Reported by one function for both; in other languages connection.ts knows by the time that has passed.
      return message.includes('statement timeout') ? 'call-timeout' : 'interrupted';
    case '0A000':
      // `cached plan must not change result type`
      return routine === 'RevalidateCachedQuery' ? 'snapshot-lost' : 'rejected';
    case 'XX000':
      // A table or type was dropped while it was read. Internal errors are not translated.
      return /^(could not open relation with OID|cache lookup failed for) /.test(message)
        ? 'snapshot-lost'
        : 'rejected';
    default:
      return BY_STATE.get(code) ?? BY_CLASS.get(code.slice(0, 2)) ?? 'rejected';
  }
}

function byKey(table: Partial<Record<FaultKind, readonly string[]>>): ReadonlyMap<string, FaultKind> {
  return new Map(Object.entries(table).flatMap(([kind, keys]) => keys.map((key) => [key, kind as FaultKind] as const)));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
