/** Which of several reads a range belongs to. Sizes and offsets are made up; what readers really send is in docs/reading.md. */
import type { NotedRead } from '@parqueue/core';
import { describe, expect, test } from 'vitest';
import { chooseRead, IDLE_MS, type Candidate, type Choice } from './read-choice.ts';

const NOW = 1_000_000;
const TAIL = '900-999';

const read = (fence: number, more: Partial<NotedRead> = {}): NotedRead => ({
  fence,
  begunAtMs: NOW - 10_000 + fence,
  usedAtMs: NOW - 100,
  verifiedAtMs: 0,
  committedAtMs: 0,
  first: '',
  asked: { [TAIL]: 1 },
  usable: true,
  ...more,
});

/** 1,000 bytes: chunks up to 800, then the footer. */
const candidate = (
  of: NotedRead,
  ends: readonly number[] = [400],
  more: { bytes?: number; sha256?: string } = {},
): Candidate => {
  const { bytes = 1_000, sha256 = `content of ${of.fence}` } = more;
  const boundaries = new Set([4, ...ends, bytes - 200, bytes - 8, bytes]);
  return { read: of, layout: { sha256, bytes, dataEnd: bytes - 200, boundaries } };
};

const choose = (text: string, ...candidates: readonly Candidate[]): Choice => {
  const [start = '', end = ''] = text.split('-');
  return chooseRead(candidates, { start: Number(start), end: end === '' ? null : Number(end) }, { text, nowMs: NOW });
};
const fenceOf = (choice: Choice): number | string => (choice.kind === 'chosen' ? choice.read.fence : choice.kind);

describe('the range tells', () => {
  test('it is of the generation on whose boundaries it begins and ends', () => {
    const both = [candidate(read(1), [400]), candidate(read(2), [410])];
    expect(fenceOf(choose('4-399', ...both))).toBe(1);
    expect(fenceOf(choose('4-409', ...both))).toBe(2);
    expect(fenceOf(choose('410-799', ...both))).toBe(2);
    expect(fenceOf(choose('123-456', ...both))).toBe('undecided');
  });

  test('read-ahead of fsspec counts from where it ends', () => {
    const ahead = 5 * 1024 * 1024;
    const large = { bytes: 10_000_000 };
    const asked = { '9900000-9999999': 1 };
    const both = [candidate(read(1, { asked }), [400], large), candidate(read(2, { asked }), [410], large)];
    expect(fenceOf(choose(`4-${399 + ahead}`, ...both))).toBe(1);
    expect(fenceOf(choose(`4-${409 + ahead}`, ...both))).toBe(2);
  });

  test('also where its reader kept the footer of an earlier read, and one of another shares a beginning with it', () => {
    const kept = candidate(read(1, { asked: {} }), [400]);
    expect(fenceOf(choose('4-399', kept, candidate(read(2), [410])))).toBe(1);
    expect(fenceOf(choose('4-409', kept, candidate(read(2), [410])))).toBe(2);
  });

  test('the end of the file tells sizes apart', () => {
    const both = [candidate(read(1)), candidate(read(2, { asked: {} }), [400], { bytes: 1_100 })];
    expect(fenceOf(choose('850-999', ...both))).toBe(1);
    expect(fenceOf(choose('1000-1099', ...both))).toBe(2);
  });
});

describe('laid out alike', () => {
  test('a generation whose footer nobody has is not meant by a range of data', () => {
    expect(fenceOf(choose('4-399', candidate(read(1)), candidate(read(2, { asked: {} }))))).toBe(1);
  });

  test('data read ahead to the end of a file is not its footer', () => {
    expect(fenceOf(choose('4-999', candidate(read(1)), candidate(read(2, { asked: {} }))))).toBe(1);
  });

  test('a footer asked for by itself is of any of them, and may be asked for again', () => {
    expect(fenceOf(choose('800-999', candidate(read(1)), candidate(read(2, { asked: {} }))))).toBe('undecided');
    const older = read(1, { asked: { '850-999': 1 } });
    expect(fenceOf(choose(TAIL, candidate(older), candidate(read(2))))).toBe('undecided');
  });

  test('a range to the end without saying where it is may have been for a footer', () => {
    const open = read(1, { asked: { '900-': 1 } });
    expect(fenceOf(choose('4-399', candidate(open), candidate(read(2))))).toBe('undecided');
  });

  test('a generation all of whose readers had the range is not meant: one poll after the other', () => {
    const polled = read(1, { asked: { [TAIL]: 3, '4-399': 3 } });
    expect(fenceOf(choose('4-399', candidate(polled), candidate(read(2))))).toBe(2);
    expect(fenceOf(choose(TAIL, candidate(polled), candidate(read(2, { asked: {} }))))).toBe(2);
  });

  test('nor the newer one, when only a reader of the older one lacks it', () => {
    const newer = read(2, { asked: { [TAIL]: 1, '4-399': 1 } });
    expect(fenceOf(choose('4-399', candidate(read(1)), candidate(newer)))).toBe(1);
  });

  test('what readers of both still lack is undecided, until the older one was idle', () => {
    expect(choose('4-399', candidate(read(1)), candidate(read(2)))).toMatchObject({
      kind: 'undecided',
      newest: { fence: 2 },
    });
    const idle = read(1, { usedAtMs: NOW - IDLE_MS });
    expect(fenceOf(choose('4-399', candidate(idle), candidate(read(2))))).toBe(2);
  });

  test('equal content is one: of the one that may be sent', () => {
    const same = { sha256: 'same' };
    const ended = candidate(read(2, { usable: false }), [400], same);
    expect(fenceOf(choose('4-399', candidate(read(1), [400], same), ended))).toBe(1);
    expect(fenceOf(choose('4-399', candidate(read(1), [400], same), candidate(read(3), [400], same)))).toBe(3);
  });
});

test('a generation whose files are gone explains nothing', () => {
  const gone: Candidate = { read: read(1), layout: null };
  expect(fenceOf(choose('4-399', gone, candidate(read(2))))).toBe(2);
  expect(fenceOf(choose('123-456', gone, candidate(read(2))))).toBe('undecided');
});
