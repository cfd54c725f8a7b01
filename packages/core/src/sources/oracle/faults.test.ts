/** What becomes of the database's errors, and what never gets into ours. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isParqueueError, type ParqueueError } from '../../model/errors.ts';
import { faultKindOf, redactionOf, sourceError } from '../sql/faults.ts';
import { faultOf } from './faults.ts';

const asThey = (text: string) => redactionOf([])(text);

function coded(message: string, hidden: readonly string[] = []): ParqueueError {
  const error = sourceError(new Error(message), redactionOf(hidden), faultOf);
  if (!isParqueueError(error)) throw new Error(`not coded: ${message}`);
  return error;
}

describe('an error of the database', () => {
  it.each([
    ['ORA-00942: table or view does not exist', 'PQ_SOURCE_REJECTED', false],
    ['ORA-00904: "X": invalid identifier', 'PQ_SOURCE_REJECTED', false],
    ['ORA-01017: invalid username/password; logon denied', 'PQ_SOURCE_REJECTED', false],
    ['ORA-28000: the account is locked', 'PQ_SOURCE_REJECTED', false],
    ['ORA-77777: a number nobody has seen', 'PQ_SOURCE_REJECTED', false],
    ['ORA-12514: TNS:listener does not currently know of service', 'PQ_SOURCE_UNAVAILABLE', true],
    ['ORA-00060: deadlock detected', 'PQ_SOURCE_UNAVAILABLE', true],
    ['ORA-01555: snapshot too old: rollback segment number 7', 'PQ_SOURCE_UNSTABLE', true],
    ['ORA-01013: user requested cancel of current operation', 'PQ_CANCELLED', true],
    ['NJS-123: call timeout of 500 ms exceeded', 'PQ_FILL_TIMEOUT', true],
    [
      'NJS-503: connection to host db port 1521 could not be established. (CONNECTION_ID=x)\nECONNREFUSED',
      'PQ_SOURCE_UNAVAILABLE',
      true,
    ],
    ['NJS-103: unexpected message type 77', 'PQ_INTERNAL', false],
  ])('%s becomes %s', (message, code, retryable) => {
    expect(coded(message)).toMatchObject({
      code,
      retryable,
      details: { database: message.slice(0, message.indexOf(':')) },
    });
  });

  it('keeps the number that the driver put below its own "closed"', () => {
    const killed = coded(
      'NJS-500: connection to Oracle Database was closed or broken\nORA-00028: your session has been killed',
    );
    expect(killed).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', details: { database: 'ORA-00028' } });
    // ORA-00600 alone would be a refusal; with the connection gone, the next one may fare better.
    const internal = coded(
      'NJS-500: connection to Oracle Database was closed or broken\nORA-00600: internal error code',
    );
    expect(internal).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
    expect(faultKindOf(internal)).toBe('transient');
  });

  it('shows its first line and what to do, and no more', () => {
    const { message } = coded(
      'ORA-00942: table or view "APP"."T" does not exist\nHelp: https://docs.oracle.com/error-help/db/ora-00942/',
    );
    expect(message).toMatch(/^ORA-00942: table or view "APP"\."T" does not exist \(check the name/);
    expect(message).not.toContain('Help');
  });

  it.each([
    ["ORA-01722: unable to convert string value containing 'geheim' to a number", []],
    ['ORA-20001: no customer called geheim', ['geheim']],
    ['NJS-515: error in Easy Connect connection string: (DESCRIPTION=(PASSWORD=geheim)(ADDRESS=(HOST=db)))', []],
  ])('never shows a bind value or a credential: %s', (message, hidden) => {
    const error = coded(message, hidden);
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('leaves what is no error of a database as it is', () => {
    const error = new TypeError('x is not a function');
    expect(sourceError(error, asThey, faultOf)).toBe(error);
    expect(faultKindOf(error)).toBeNull();
  });

  it('of a bare socket counts as a lost connection', () => {
    expect(
      sourceError(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), asThey, faultOf),
    ).toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
    });
  });
});
