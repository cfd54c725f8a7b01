import { describe, expect, it } from 'vitest';
import type { Policy } from './policy.ts';
import { judge, tickLines, tickName, type Standing } from './verdict.ts';

const EPOCH = 1e12;
const POLICY: Policy = {
  version: 'checksum',
  maxAgeSeconds: 60,
  staleWhileRevalidateSeconds: 600,
  staleIfErrorSeconds: 3_600,
};
const STRICT: Policy = { ...POLICY, maxAgeSeconds: 0, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };

/** Filled at 10 and verified at 12 of the first epoch; nothing is wrong with it. */
function standing(
  changed: {
    readonly ticks?: Partial<Standing['ticks']>;
    readonly damaged?: string;
    readonly files?: Standing['files'];
    readonly reconciled?: boolean;
  } = {},
): Standing {
  return {
    head: {
      dataset: 'prices',
      source: 'lake',
      generation: EPOCH + 10,
      version: 'checksum:1',
      etag: '"1"',
      rows: 1,
      bytes: 1,
      sha256: '1',
      consistency: 'exact',
      verifiedAt: '2026-01-01T00:00:00.000Z',
      committedAt: '2026-01-01T00:00:00.000Z',
      damaged: changed.damaged ?? null,
    },
    ticks: {
      epoch: 1,
      started: EPOCH + 12,
      verified: EPOCH + 12,
      filled: EPOCH + 10,
      soft: 0,
      hard: 0,
      purge: 0,
      latestFence: EPOCH + 10,
      ...changed.ticks,
    },
    files: changed.files ?? { state: 'whole' },
    reconciled: changed.reconciled ?? true,
    lease: null,
    source: { name: 'lake', cooling: null },
  };
}

describe('the next ask', () => {
  it.each([
    ['is answered at once while the policy allows the age', standing(), POLICY, 59, 'answered'],
    ['has a change loaded behind it in the window after that', standing(), POLICY, 61, 'behind'],
    ['is checked first when it is older', standing(), POLICY, 700, 'checked'],
    ['is checked first under a strict policy, however young', standing(), STRICT, 0, 'checked'],
    ['is checked first after a soft mark', standing({ ticks: { soft: EPOCH + 13 } }), POLICY, 1, 'checked'],
    [
      'is answered after a soft mark that is older than the check',
      standing({ ticks: { soft: EPOCH + 11 } }),
      POLICY,
      1,
      'answered',
    ],
    ['is loaded after a hard mark', standing({ ticks: { hard: EPOCH + 11 } }), POLICY, 1, 'loaded'],
    ['is loaded after a purge', standing({ ticks: { purge: EPOCH + 10 } }), POLICY, 1, 'loaded'],
    ['is loaded when its files are damaged', standing({ damaged: 'size' }), POLICY, 1, 'loaded'],
    ['is loaded when its file is not there', standing({ files: { state: 'absent' } }), POLICY, 1, 'loaded'],
    ['is checked first when Redis was emptied since', standing({ ticks: { epoch: 2 } }), POLICY, 1, 'checked'],
    ['is checked first while it is not reconciled', standing({ reconciled: false }), POLICY, 1, 'checked'],
    [
      'is answered until somebody invalidates it where the version is manual',
      standing(),
      { ...STRICT, version: 'manual' },
      1e6,
      'answered',
    ],
    [
      'is loaded, not checked, where nothing tells of a change',
      standing(),
      { ...STRICT, version: 'ttl' },
      10,
      'loaded',
    ],
  ] as const)('%s', (_claim, given, policy, ageSeconds, verdict) => {
    const told = judge(given, policy, ageSeconds * 1_000);
    expect(told.verdict).toBe(verdict);
    expect(told.because).not.toHaveLength(0);
  });

  it('is decided by whoever asks where no dataset did', () => {
    expect(judge(standing(), null, 1_000).sentence).toContain('policy of whoever asks');
  });

  it('says that a source is left alone', () => {
    const cooling = { ...standing(), source: { name: 'lake', cooling: { until: '2026-01-01T00:00:00.000Z' } } };
    expect(judge(cooling, STRICT, 1_000).because.join(' ')).toContain('left alone');
  });
});

it('ticks are told in their order, marks only where there are any', () => {
  const lines = tickLines(standing({ ticks: { soft: EPOCH + 11 } }).ticks);
  expect(lines.map(({ name }) => name)).toEqual(['filled', 'latest fence', 'soft mark', 'verified', 'started']);
  expect([tickName(EPOCH + 43), tickName(0)]).toEqual(['1·43', '0']);
});
