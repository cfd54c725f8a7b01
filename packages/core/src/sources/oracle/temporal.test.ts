/** Times as TO_CHAR writes them: Oracle's years, fields and offsets. */
import { describe, expect, it } from 'vitest';
import { dateOf, isoText, isoTime } from '../sql/temporal.ts';
import { timeExpression } from './temporal-sql.ts';

describe('what is selected in place of a time', () => {
  it.each([
    [{ digits: 0, zone: 'none' }, `TO_CHAR("C",'SYYYYMMDDHH24MISS')`],
    [{ digits: 6, zone: 'none' }, `TO_CHAR("C",'SYYYYMMDDHH24MISSFF6')`],
    [{ digits: 9, zone: 'utc' }, `TO_CHAR(SYS_EXTRACT_UTC("C"),'SYYYYMMDDHH24MISSFF9')`],
    [{ digits: 3, zone: 'offset' }, `TO_CHAR("C",'SYYYYMMDDHH24MISSFF3TZH:TZM')`],
  ] as const)('%j', (time, sql) => {
    expect(timeExpression(time)('"C"')).toBe(sql);
  });
});

describe('years', () => {
  it.each([
    [' 20240229123456', ' 20240229123456'],
    [' 00010101000000', ' 00010101000000'],
    ['-00011231235959', ' 00001231235959'],
    ['-00020101000000', '-00010101000000'],
    ['-00440315120000', '-00430315120000'],
    ['-47120101000000', '-47110101000000'],
  ])('%j is %j with an ISO year: Oracle has no year 0', (oracle, iso) => {
    expect(isoTime(oracle)).toBe(iso);
  });
});

describe('times for people', () => {
  it.each([
    [' 20240229123456', { digits: 0, zone: 'none' }, '2024-02-29T12:34:56'],
    [' 20240229123456120000', { digits: 6, zone: 'none' }, '2024-02-29T12:34:56.120000'],
    [' 00010101000000123456789', { digits: 9, zone: 'utc' }, '0001-01-01T00:00:00.123456789Z'],
    [' 20240229123456123+05:30', { digits: 3, zone: 'offset' }, '2024-02-29T12:34:56.123+05:30'],
    [' 20240229123456-02:30', { digits: 0, zone: 'offset' }, '2024-02-29T12:34:56-02:30'],
    ['-00440315120000', { digits: 0, zone: 'none' }, '-0043-03-15T12:00:00'],
  ] as const)('%j %j is %s', (text, time, written) => {
    expect(isoText(text, time)).toBe(written);
  });

  it('are dates at midnight only', () => {
    expect(dateOf(' 20240229000000')).toBe('2024-02-29');
    expect(dateOf(' 20240229000000000000')).toBe('2024-02-29');
    expect(dateOf('-00010101000000')).toBe('0000-01-01');
    expect(dateOf(' 20240229000001')).toBeNull();
    expect(dateOf(' 20240229000000000001')).toBeNull();
  });
});
