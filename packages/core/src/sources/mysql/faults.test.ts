/** What errors mean, and what of their messages may be shown. */
import { describe, expect, it } from 'vitest';
import { CallTimeout } from '../sql/faults.ts';
import { ConnectionCut } from './connection.ts';
import { faultOf } from './faults.ts';

/** As mysql2 makes it. */
function serverError(errno: number, message: string, code = `ER_${errno}`, sqlState = 'HY000'): Error {
  return Object.assign(new Error(message), { errno, code, sqlState, sqlMessage: message });
}

describe('the kind of a fault', () => {
  it.each([
    [1040, 'transient'],
    [1053, 'transient'],
    [1205, 'transient'],
    [1213, 'transient'],
    [1927, 'transient'],
    [4031, 'transient'],
    [1412, 'snapshot-lost'],
    [1045, 'credentials'],
    [1698, 'credentials'],
    [1862, 'credentials'],
    [1044, 'privileges'],
    [1142, 'privileges'],
    [1227, 'privileges'],
    [1317, 'interrupted'],
    [1969, 'call-timeout'],
    [3024, 'call-timeout'],
    [1064, 'rejected'],
    [1146, 'rejected'],
    [99_999, 'rejected'],
  ])('of %i is %s', (errno, kind) => {
    expect(faultOf(serverError(errno, 'so it is'))).toMatchObject({ kind, code: `ER_${errno} (${errno})` });
  });

  it.each([
    ['PROTOCOL_CONNECTION_LOST', 'transient'],
    ['PROTOCOL_UNEXPECTED_PACKET', 'defect'],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'unavailable'],
    ['AUTH_SWITCH_PLUGIN_ERROR', 'credentials'],
    ['ECONNREFUSED', 'transient'],
    ['ETIMEDOUT', 'transient'],
  ])('of %s is %s', (code, kind) => {
    expect(faultOf(Object.assign(new Error('so it is'), { code }))).toMatchObject({ kind, code });
  });

  it('is none for errors of somebody else', () => {
    expect(faultOf(new TypeError('a defect of ours'))).toBeNull();
    expect(faultOf(Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2 }))).toBeNull();
    expect(faultOf('a text')).toBeNull();
  });

  it('tells what was given up here', () => {
    expect(faultOf(new CallTimeout('late'))).toMatchObject({ kind: 'call-timeout' });
    expect(faultOf(new ConnectionCut('cut'))).toMatchObject({ kind: 'interrupted' });
  });
});

describe('the text of a fault', () => {
  it.each([
    [1054, "Unknown column 'pric' in 'field list'", "Unknown column 'pric' in 'field list'"],
    [1146, "Table 'app.sale' doesn't exist", "Table 'app.sale' doesn't exist"],
    [1305, 'FUNCTION app.nothing does not exist', 'FUNCTION app.nothing does not exist'],
  ])('keeps the names of %i', (errno, message, text) => {
    expect(faultOf(serverError(errno, message))?.text).toBe(text);
  });

  it.each([
    [1292, "Truncated incorrect DOUBLE value: 'secret'", 'Truncated incorrect DOUBLE value: …'],
    [1292, "Incorrect datetime value: 'it's secret' for column 'a' at row 1", 'Incorrect datetime value: …'],
    [1064, `You have an error near '"secret"' at line 1`, 'You have an error near … at line 1'],
    [1366, "Incorrect integer value: 'secret", 'Incorrect integer value: …'],
    [1690, "BIGINT value is out of range in '(`a`.`b` + 'secret')'", 'BIGINT value is out of range in …'],
    [3141, `Invalid JSON text: "secret" at position 0 in 'also secret'.`, 'Invalid JSON text: ….'],
    [1105, "Can't do it with 'secret' now", "Can't do it with … now"],
    [1105, 'first line\nsecret', 'first line'],
  ])('has no values: %i %s', (errno, message, text) => {
    expect(faultOf(serverError(errno, message))?.text).toBe(text);
  });
});
