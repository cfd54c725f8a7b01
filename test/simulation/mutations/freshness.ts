/** Defects of what satisfies a caller, and of waiting (I8, I12, I13). */
import type { Mutation } from './mutation.ts';

const MODEL = 'packages/core/src/model/freshness.ts';
const HEADS = 'packages/core/src/testing/memory/head-steps.ts';
const LEASES = 'packages/core/src/testing/memory/lease-steps.ts';
const SHARED = 'packages/core/src/shared-probe.ts';
const AWAIT = 'packages/core/src/await-outcome.ts';

export const FRESHNESS_MUTATIONS: readonly Mutation[] = [
  {
    name: 'other-questions-share-the-key',
    wrong: 'Rows of one file are answered to whoever asks for another.',
    edits: [
      {
        file: 'packages/core/src/model/cache-key.ts',
        text: '  return `${slugOf(request)}-${requestHash(request)}`;\n',
        replacement:
          "  const question = { kind: 'file' as const, path: '', format: 'csv' as const, csv: null };\n  return `${slugOf(request).slice(0, 4)}-${requestHash({ ...request, question })}`;\n",
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'fresh-for-longer-than-allowed',
    wrong: 'A caller who allows some age is answered with rows that are older.',
    edits: [
      {
        file: MODEL,
        text: 'nowMs - head.verifiedAtMs <= policy.maxAgeMs;',
        replacement: 'nowMs - head.verifiedAtMs <= policy.maxAgeMs * 2;',
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'age-counted-from-the-commit',
    wrong: 'A load that takes long makes rows that are old when they come; they count as young.',
    edits: [
      {
        file: HEADS,
        text: 'verifiedAtMs: request.startedAtMs, committedAtMs',
        replacement: 'verifiedAtMs: nowMs, committedAtMs',
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'strict-satisfied-by-any-head',
    wrong: 'Who wants proof is answered without any.',
    edits: [
      { file: MODEL, text: ' && head.verified > requirement.after && head.fence', replacement: ' && head.fence' },
    ],
    profiles: ['changing'],
  },
  {
    name: 'satisfied-below-a-hard-mark',
    wrong: 'Rows that somebody called wrong are proved right by their version, and answered.',
    edits: [{ file: MODEL, text: ' && head.fence > requirement.hardAfter\n  );', replacement: '\n  );' }],
    profiles: ['amnesia'],
  },
  {
    name: 'current-ticks-instead-of-those-of-the-arrival',
    wrong: 'While invalidations rain no caller is ever answered, because each look asks for more than the last.',
    edits: [
      {
        file: 'packages/core/src/arrival.ts',
        text: '    requirement: withMarksFound(kept.requirement, seen),\n',
        replacement: '    requirement: requirementAtArrival(seen),\n',
      },
    ],
    profiles: ['hard rain'],
  },
  {
    name: 'a-continued-ask-begins-anew',
    wrong:
      'Whoever was told to come back asks for newer rows each time, and never gets any from a source that changes faster than it loads.',
    edits: [
      {
        file: 'packages/core/src/arrival.ts',
        text: '    requirement: continues ?? requirementAtArrival(seen),\n',
        replacement: '    requirement: continues === null ? requirementAtArrival(seen) : requirementAtArrival(seen),\n',
      },
    ],
    profiles: ['reaching'],
  },
  {
    name: 'old-epochs-count-as-proof',
    wrong: 'A head that an epoch ago was proved right is answered as if Redis had not forgotten what was marked since.',
    edits: [
      {
        file: MODEL,
        text: '    after: Math.max(seen.started, seen.soft, seen.hard, floor),',
        replacement: '    after: Math.max(seen.started, seen.soft, seen.hard),',
      },
      {
        file: MODEL,
        text: 'Math.max(seen.soft, seen.hard, epochStart(seen.epoch)) && head.fence',
        replacement: 'Math.max(seen.soft, seen.hard) && head.fence',
      },
    ],
    profiles: ['forgetful', 'amnesia'],
  },
  {
    name: 'age-forgives-marks',
    wrong: 'A policy that allows age answers what was marked as stale.',
    edits: [{ file: MODEL, text: ' || !isUnmarked(head, seen)) return false;', replacement: ') return false;' }],
    profiles: ['invalidating'],
  },
  {
    name: 'stale-below-a-hard-mark',
    wrong: 'A window for stale answers shows rows that somebody called wrong.',
    edits: [
      {
        file: MODEL,
        text: ' || head.fence <= requirement.hardAfter) return false;\n  const',
        replacement: ') return false;\n  const',
      },
    ],
    profiles: ['invalidating'],
  },
  {
    name: 'stale-without-end',
    wrong: 'An answer is older than its window for stale answers allows.',
    edits: [
      {
        file: MODEL,
        text: '  return extraMs > 0 && nowMs - head.verifiedAtMs <= policy.maxAgeMs + extraMs;',
        replacement: '  return extraMs > 0 && nowMs > 0;',
      },
    ],
    profiles: ['failing', 'changing'],
  },
  {
    name: 'marks-found-late-are-forgotten',
    wrong:
      'A caller who came after the mark of a table is answered from a view that only its first load shows to read it.',
    edits: [
      {
        file: 'packages/core/src/arrival.ts',
        text: '    requirement: withMarksFound(kept.requirement, seen),\n',
        replacement: '    requirement: kept.requirement,\n',
      },
      {
        file: 'packages/core/src/arrival.ts',
        text: '{ ...kept.seen, soft: Math.max(kept.seen.soft, found.soft), hard: Math.max(kept.seen.hard, found.hard) }',
        replacement: '{ ...kept.seen, learned: Math.max(found.soft, found.hard, kept.seen.learned) }',
      },
    ],
    profiles: ['marked tables'],
  },
  {
    name: 'verified-whatever-the-version',
    wrong: 'A probe that found another version proves the head right.',
    edits: [{ file: HEADS, text: ' || head.version !== proof.version) return false;', replacement: ') return false;' }],
    profiles: ['changing'],
    twin: [
      {
        file: 'packages/core/lua/mark-verified.lua',
        text: 'if h[1] ~= ARGV[3] or h[3] then',
        replacement: 'if not h[1] or h[3] then',
      },
    ],
  },
  {
    name: 'verification-goes-back',
    wrong: 'A slow probe takes back what a later one proved, and callers wait for it again.',
    edits: [
      {
        file: HEADS,
        text: '  if (proof.tick > head.verified) known.head',
        replacement: '  if (proof.tick > 0) known.head',
      },
    ],
    profiles: [],
    unseen: {
      why: 'A verified tick that falls proves less, never more: callers ask once more.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/mark-verified.lua',
        text: 'if tonumber(ARGV[4]) > tonumber(h[2]) then',
        replacement: 'if tonumber(ARGV[4]) > 0 then',
      },
    ],
  },
  {
    name: 'tick-after-touching-a-file',
    wrong: 'A probe counts for callers who asked after it had looked.',
    edits: [
      {
        file: SHARED,
        text: '  const { tick, nowMs } = await deps.ticks.startProbe({ key, scopes, probeTargets });\n  const report = await touch(wish, { tick, known: {} }, deps);\n',
        replacement:
          '  const report = await touch(wish, { tick: 0, known: {} }, deps);\n  const { tick, nowMs } = await deps.ticks.startProbe({ key, scopes, probeTargets });\n',
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'tick-after-touching-a-table',
    wrong: 'A probe of parts counts for callers who asked after it had looked.',
    edits: [
      {
        file: SHARED,
        text: '  const { tick, nowMs } = await deps.ticks.startProbe(target, { asked: missing.asked, forMs });\n  flight.took(tick);\n',
        replacement: '',
      },
      {
        file: SHARED,
        text: '  const report = await touch(wish, { tick, known: versions }, deps);\n',
        replacement:
          '  const report = await touch(wish, { tick: 0, known: versions }, deps);\n  const { tick, nowMs } = await deps.ticks.startProbe(target, { asked: missing.asked, forMs });\n  flight.took(tick);\n',
      },
    ],
    profiles: ['late ticks'],
  },
  {
    name: 'probe-does-not-count-as-begun',
    wrong: 'Whoever asks while a probe runs is satisfied by it, although it looked before he asked.',
    edits: [
      {
        file: LEASES,
        text: '  touchKey(state, target.key).started = tick;\n  for (const name of target.probeTargets) state.targets.set(name, tick);\n',
        replacement: '',
      },
    ],
    profiles: ['changing'],
    twin: [
      {
        file: 'packages/core/lua/probe-start.lua',
        text: "for i = 3, last do redis.call('HSET', KEYS[i], 'started', tick) end\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'probe-of-a-table-counts-for-one-key',
    wrong: 'Whoever asks for another entry of the same table is satisfied by a look that began before he asked.',
    edits: [
      {
        file: LEASES,
        text: '  for (const name of target.probeTargets) state.targets.set(name, tick);\n',
        replacement: '',
      },
    ],
    profiles: ['shared tables'],
    twin: [{ file: 'packages/core/lua/probe-start.lua', text: 'for i = 3, last do', replacement: 'for i = 3, 3 do' }],
  },
  {
    name: 'waiters-do-not-read-again',
    wrong: 'A waiter whose notice was lost waits for ever.',
    edits: [
      {
        file: AWAIT,
        text: 'clock.sleep(REREAD_MS, timer.signal).catch(() => undefined)',
        replacement: 'new Promise<void>(() => undefined)',
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'vanished-jobs-are-waited-for',
    wrong: 'A waiter whose job Redis forgot waits for ever.',
    edits: [
      {
        file: AWAIT,
        text: "      if (status.state === 'vanished') ({ id } = await enqueue());\n",
        replacement: '',
      },
    ],
    profiles: ['lost jobs'],
  },
  {
    name: 'jobs-joined-by-their-key-alone',
    wrong: 'A request is swallowed by work that began too early for it.',
    edits: [
      {
        file: 'packages/core/src/model/job.ts',
        text: '  return `${kind}:${request.key}:${requirement.after}:${requirement.hardAfter}`;',
        replacement: "  return `${kind}:${request.key}:${requirement.after < 0 ? 'never' : ''}`;",
      },
    ],
    profiles: [],
    unseen: {
      why: 'Whoever joined work that began too early looks again and asks for more; the pair in the name saves him the round.',
      tests: ['packages/core/src/redis/job-queue.test.ts'],
    },
  },
  {
    name: 'damaged-heads-are-kept',
    wrong: 'A load finds the version of a head whose files are damaged, reports "unchanged", and they stay.',
    edits: [
      {
        file: 'packages/core/src/materialize.ts',
        text: "  return (await reader.inspect(request.key, current.fence)).kind === 'whole';",
        replacement: "  return reader.inspect !== undefined && request.key !== '';",
      },
      {
        file: 'packages/core/src/fill.ts',
        text: '    const keepable = head !== null && head.damaged === null && head.fence',
        replacement: '    const keepable = head !== null && head.fence',
      },
    ],
    profiles: ['failing'],
  },
];
