import { describe, expect, test } from 'vitest';
import { judge, type Evidence, type LoadCounts, type Reason } from './judge.ts';
import type { Regeneration, Sighting } from './messages.ts';

const history: readonly Regeneration[] = [
  { revision: 1, rows: 10, beganNs: '100', completedNs: '110' },
  { revision: 2, rows: 10, beganNs: '200', completedNs: '210' },
  { revision: 3, rows: 10, beganNs: '300', completedNs: '310' },
];

function saw(change: Partial<Sighting>): Sighting {
  return {
    client: 1,
    askedNs: '250',
    answeredNs: '260',
    revision: 2,
    generation: 7,
    cacheStatus: 'parqueue; hit',
    problem: null,
    ...change,
  };
}

function reasons(change: Partial<Evidence>): readonly Reason[] {
  return judge({ history, sightings: [], warm: [], loads: null, executions: null, ...change }).map(
    ({ reason }) => reason,
  );
}

const counted = (change: Partial<LoadCounts>): LoadCounts => ({
  committed: 0,
  fenced: 0,
  failed: 0,
  unchanged: 0,
  ...change,
});

describe('the judge of a swarm', () => {
  test('has nothing to say of a caller who got the newest complete revision', () => {
    expect(reasons({ sightings: [saw({})] })).toEqual([]);
  });

  test('calls an older revision stale when a newer one was complete before the caller asked', () => {
    expect(reasons({ sightings: [saw({ revision: 1 })] })).toEqual(['stale']);
  });

  test('allows either revision while the newer one is being written', () => {
    expect(
      reasons({
        sightings: [saw({ askedNs: '205', revision: 1 }), saw({ askedNs: '205', revision: 2, generation: 8 })],
      }),
    ).toEqual([]);
  });

  test('allows a revision that was completed while the caller waited', () => {
    expect(reasons({ sightings: [saw({ askedNs: '250', answeredNs: '320', revision: 3 })] })).toEqual([]);
  });

  test('does not believe in a revision that nobody had begun to write', () => {
    expect(reasons({ sightings: [saw({ revision: 3 }), saw({ revision: 9 })] })).toEqual(['future', 'future']);
  });

  test('tells torn answers from failed gets', () => {
    expect(
      reasons({
        sightings: [
          saw({ problem: { kind: 'torn', message: 'two revisions' } }),
          saw({ problem: { kind: 'failed', message: 'PQ_X' }, revision: null }),
        ],
      }),
    ).toEqual(['torn', 'failed']);
  });

  test('calls it a duplicate when one revision has two generations', () => {
    expect(reasons({ sightings: [saw({}), saw({ generation: 8 })] })).toEqual(['duplicate']);
  });

  test('calls it a duplicate when workers loaded more often than the source changed, whatever became of the loads', () => {
    expect(reasons({ loads: counted({ committed: 3, unchanged: 5 }) })).toEqual([]);
    expect(reasons({ loads: counted({ committed: 3, fenced: 1 }) })).toEqual(['duplicate']);
    expect(reasons({ loads: counted({ committed: 2, failed: 2 }) })).toEqual(['duplicate']);
  });

  test('calls it a duplicate when the database ran the statement more often than the source changed', () => {
    expect(reasons({ executions: 3 })).toEqual([]);
    expect(reasons({ executions: 4 })).toEqual(['duplicate']);
  });

  test('wants the final check to be warm', () => {
    const late = { askedNs: '400', answeredNs: '410', revision: 3 };
    expect(reasons({ warm: [saw(late)] })).toEqual([]);
    expect(reasons({ warm: [saw({ ...late, cacheStatus: 'parqueue; fwd=miss; stored' })] })).toEqual(['cold']);
  });
});
