import { expect, test } from 'vitest';
import type { FaultKind } from '../sql/faults.ts';
import { CallTimeout } from '../sql/faults.ts';
import { faultOf } from './faults.ts';

interface Told {
  readonly message: string;
  readonly code: string;
  readonly position?: string;
  readonly routine?: string;
  readonly severity?: string;
}

const serverError = ({ message, ...fields }: Told): Error =>
  Object.assign(new Error(message), {
    severity: 'ERROR',
    detail: 'DETAIL secret',
    hint: 'HINT secret',
    where: 'WHERE secret',
    internalQuery: 'QUERY secret',
    ...fields,
  });

test.each<[string, string, FaultKind]>([
  ['57P01', 'terminating connection due to administrator command', 'transient'],
  ['57P03', 'the database system is starting up', 'transient'],
  ['53300', 'sorry, too many clients already', 'transient'],
  ['40001', 'canceling statement due to conflict with recovery', 'transient'],
  ['40P01', 'deadlock detected', 'transient'],
  ['55P03', 'canceling statement due to lock timeout', 'transient'],
  ['08006', 'connection failure', 'transient'],
  ['08P01', 'invalid message format', 'defect'],
  ['53100', 'could not write to file: No space left on device', 'unavailable'],
  ['28P01', 'password authentication failed for user "app"', 'credentials'],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.7", user "app", database "sales", no encryption', 'credentials'],
  ['42501', 'permission denied for table sales', 'privileges'],
  ['57014', 'canceling statement due to user request', 'interrupted'],
  ['57014', 'canceling statement due to statement timeout', 'call-timeout'],
  ['25P03', 'terminating connection due to idle-in-transaction timeout', 'call-timeout'],
  ['72000', 'snapshot too old', 'snapshot-lost'],
  ['58P01', 'could not open file "base/5/16384": No such file or directory', 'snapshot-lost'],
  ['XX000', 'could not open relation with OID 16402', 'snapshot-lost'],
  ['XX000', 'cache lookup failed for type 16402', 'snapshot-lost'],
  ['XX000', 'unexpected something', 'rejected'],
  ['3D000', 'database "sales" does not exist', 'rejected'],
  ['42P01', 'relation "sales" does not exist', 'rejected'],
  ['99999', 'a code that nobody knows', 'rejected'],
])('%s (%s) is %s', (code, message, kind) => {
  expect(faultOf(serverError({ code, message }))).toMatchObject({ kind, code });
});

test('a plan that was made for other columns is a lost snapshot, in whatever language that is told', () => {
  const told = { code: '0A000', message: 'gecachter Plan darf den Ergebnistyp nicht ändern' };
  expect(faultOf(serverError({ ...told, routine: 'RevalidateCachedQuery' }))?.kind).toBe('snapshot-lost');
  expect(faultOf(serverError({ ...told, routine: 'transformLockingClause' }))?.kind).toBe('rejected');
});

test.each<[string, string, FaultKind]>([
  ['Connection terminated unexpectedly', 'pg', 'transient'],
  ['timeout expired', 'pg', 'unavailable'],
  ['The server does not support SSL connections', 'pg', 'unavailable'],
  ['SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match', 'pg', 'credentials'],
  ['Received unexpected dataRow message from backend.', 'pg', 'defect'],
])('of the driver, "%s" is %s: %s', (message, code, kind) => {
  expect(faultOf(new Error(message))).toMatchObject({ kind, code, text: message });
});

test('whoever asks a server without TLS for it is told how to do without', () => {
  expect(faultOf(new Error('The server does not support SSL connections'))?.advice).toMatch(/tls: off/);
});

test('errors of sockets, of certificates and of our own time limit are known; others are none of the database', () => {
  const coded = (code: string, message = 'something'): Error => Object.assign(new Error(message), { code });
  expect(faultOf(coded('ECONNREFUSED'))?.kind).toBe('transient');
  expect(faultOf(coded('EPIPE'))?.kind).toBe('transient');
  expect(faultOf(coded('SELF_SIGNED_CERT_IN_CHAIN'))).toMatchObject({
    kind: 'unavailable',
    advice: /tls and ca/ as never,
  });
  expect(faultOf(coded('ERR_TLS_CERT_ALTNAME_INVALID'))?.kind).toBe('unavailable');
  expect(faultOf(new CallTimeout('too long'))?.kind).toBe('call-timeout');
  expect(faultOf(coded('ERR_INVALID_ARG_TYPE'))).toBeNull();
  expect(faultOf(new TypeError('x is not a function'))).toBeNull();
  expect(faultOf('a text')).toBeNull();
});

/** Message, code, whether it has a place in the statement → what is shown. */
test.each<[string, string, boolean, string]>([
  ['invalid input syntax for type integer: "4111 1111"', '22P02', false, 'invalid input syntax for type integer: "…"'],
  ['invalid input syntax for type integer: "4111"', '22P02', true, 'invalid input syntax for type integer: "…"'],
  ['invalid input syntax for type integer: "a"b\n"c"', '22P02', false, 'invalid input syntax for type integer: "…"'],
  ['invalid input syntax for type integer: "a\nb"', '22P02', false, 'invalid input syntax for type integer: "…"'],
  [
    'value "99999999999" is out of range for type integer',
    '22003',
    false,
    'value "…" is out of range for type integer',
  ],
  ['invalid value "ab" for "YYYY"', '22007', false, 'invalid value "…"'],
  ['ungültige Eingabesyntax für Typ integer: »4111«', '22P02', false, 'ungültige Eingabesyntax für Typ integer: "…"'],
  [
    'requested character too large for encoding: 1114112',
    '54000',
    false,
    'requested character too large for encoding: …',
  ],
  ['invalid value for parameter "TimeZone": "x"', '22023', false, 'invalid value for parameter "TimeZone": "…"'],
  ['column "price" does not exist', '42703', true, 'column "price" does not exist'],
  ['relation "app.sales" does not exist', '42P01', true, 'relation "app.sales" does not exist'],
  // Of a value that was cast to regclass, while rows were read.
  ['relation "4111 1111" does not exist', '42P01', false, 'relation "…" does not exist'],
  ['syntax error at or near "FORM"', '42601', true, 'syntax error at or near "FORM"'],
  ['syntax error at or near "\'4111\'"', '42601', true, 'syntax error at or near "…"'],
  ['unterminated quoted string at or near "\'my secret', '42601', true, 'unterminated quoted string at or near "…"'],
  // Of a value that was cast to regnamespace.
  ['schema "zebra" does not exist', '3F000', false, 'schema "…" does not exist'],
  ['schema "app" does not exist', '3F000', true, 'schema "app" does not exist'],
  [
    'no luck with 4111',
    'P0001',
    false,
    'a function or a foreign server raised an error, whose text is in the log of the database',
  ],
])('of "%s" (%s) is shown what cannot be a value', (message, code, placed, shown) => {
  const fault = faultOf(serverError({ message, code, ...(placed ? { position: '8' } : {}) }));
  expect(fault?.text).toBe(shown);
});

test('an error that ends the session tells whose session, and in which database', () => {
  const message = 'password authentication failed for user "app"';
  expect(faultOf(serverError({ message, code: '28P01', severity: 'FATAL' }))?.text).toBe(message);
});

test('a code that a function made up does not show its text', () => {
  const fault = faultOf(serverError({ message: 'card 4111', code: '42501', routine: 'exec_stmt_raise' }));
  expect(fault?.text).not.toContain('4111');
});

test('nothing but the message is taken, and of it the first line', () => {
  const fault = faultOf(serverError({ message: 'first\nsecret second', code: '42P01', position: '1' }));
  expect(JSON.stringify(fault)).not.toContain('secret');
});
