/** Defects of epochs, reconciliation and marks that must outlive Redis (I11). */
import type { Mutation } from './mutation.ts';

const REDIS = 'packages/core/src/testing/memory/redis.ts';
const RETIRE = 'packages/core/src/testing/memory/retire-steps.ts';
const REBUILD = 'packages/core/src/rebuild.ts';
const INVALIDATE = 'packages/core/src/invalidate.ts';
const EPOCH = 'packages/core/src/epoch.ts';

export const EPOCH_MUTATIONS: readonly Mutation[] = [
  {
    name: 'clock-not-moved-by-a-new-epoch',
    wrong: 'Ticks are given out a second time after Redis forgot: old proofs and old fences look new.',
    edits: [
      { file: REDIS, text: '      state.clock = Math.max(state.clock, epochStart(next.epoch));\n', replacement: '' },
    ],
    profiles: ['forgetful', 'amnesia'],
    twin: [
      {
        file: 'packages/core/lua/epoch-open.lua',
        text: "if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[6]) then redis.call('SET', KEYS[2], ARGV[6]) end\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'epoch-opened-late',
    wrong:
      'An opener that stalled opens an older epoch over a newer one that Redis forgot, without the marks of that one.',
    edits: [
      {
        file: REDIS,
        text: 'if (state.runId !== expected.runId || incarnationOf(state) !== expected.incarnation) return false;',
        replacement: 'if (state.runId !== expected.runId) return false;',
      },
    ],
    profiles: ['late openings unchanged'],
    twin: [
      {
        file: 'packages/core/lua/epoch-open.lua',
        text: 'if m[2] ~= ARGV[5] or tonumber(ARGV[1])',
        replacement: 'if tonumber(ARGV[1])',
      },
    ],
  },
  {
    name: 'resent-before-the-run-id-is-compared',
    wrong: 'A command of before a restart is executed by a Redis that lost its last second.',
    edits: [
      {
        file: REDIS,
        text: "      if (told !== null && told.runId !== state.runId) throw new EpochLost('Redis was restarted');\n",
        replacement: '',
      },
    ],
    profiles: ['forgetful'],
  },
  {
    name: 'restart-is-no-new-epoch',
    wrong: 'A Redis that was restarted goes on in its epoch, whatever its last second held.',
    edits: [
      {
        file: EPOCH,
        text: '    if (adopt && marker?.runId === runId) {\n',
        replacement: '    if (adopt && marker !== null) {\n',
      },
      {
        file: REDIS,
        text: "      if (told !== null && told.runId !== state.runId) throw new EpochLost('Redis was restarted');\n",
        replacement: '',
      },
    ],
    profiles: ['forgetful'],
  },
  {
    name: 'hard-marks-only-in-redis',
    wrong: 'Redis forgets, and what somebody called wrong is answered again.',
    edits: [
      {
        file: INVALIDATE,
        text: '  for (const mark of durable) await deps.marks.raiseMark(mark);\n  await deps.ticks',
        replacement: '  await deps.ticks',
      },
    ],
    profiles: ['amnesia'],
  },
  {
    name: 'marks-not-told-again',
    wrong:
      'Redis forgets while a mark is on its way to the store; the next epoch is opened without it, and it is acknowledged.',
    edits: [
      { file: INVALIDATE, text: '  await deps.ticks.restoreMarks(epochOf(first.tick), durable);\n', replacement: '' },
    ],
    profiles: ['marks in flight'],
  },
  {
    name: 'marks-of-scopes-not-restored',
    wrong: 'A new epoch does not know what datasets, sources and tables were marked.',
    edits: [
      {
        file: EPOCH,
        text: '{ runId, incarnation: seen }, marks))) return null;',
        replacement: '{ runId, incarnation: seen }, marks.slice(marks.length)))) return null;',
      },
    ],
    profiles: ['amnesia'],
  },
  {
    name: 'marks-of-keys-not-restored',
    wrong: 'A new epoch does not know what keys were marked, and makes a head of what a mark forbids.',
    edits: [
      {
        file: REBUILD,
        text: '  const { staging, generations, mark } = await directories.listWithMark(key, { wasSeen });\n',
        replacement:
          '  const { staging, generations } = await directories.listWithMark(key, { wasSeen });\n  const mark = null as Mark | null;\n',
      },
    ],
    profiles: ['amnesia'],
  },
  {
    name: 'reconciliation-restores-no-head',
    wrong: 'After Redis forgot, good rows are taken for orphans and removed, and everything is loaded again.',
    edits: [
      {
        file: REBUILD,
        text: '  const newest = await newestWhole(key, older, { mark, deps });\n',
        replacement: '  const newest = older.length < 0 ? await newestWhole(key, older, { mark, deps }) : null;\n',
      },
    ],
    profiles: [],
    unseen: {
      why: 'It costs loads, and nothing that is right.',
      tests: ['packages/core/src/rebuild.test.ts'],
    },
  },
  {
    name: 'reconciliation-leaves-old-staging',
    wrong:
      'What was being loaded when Redis forgot takes room until the pause of the epoch is over; its fills publish after their key was compared with the store.',
    edits: [
      {
        file: REBUILD,
        text: '    if (epochOf(ref.fence) < epoch) await directories.moveToTrash(ref);\n',
        replacement: '    if (epochOf(ref.fence) < 0) await directories.moveToTrash(ref);\n',
      },
    ],
    profiles: ['forgetful', 'amnesia'],
  },
  {
    name: 'reconciliation-lowers-heads',
    wrong: 'A comparison that was slow puts an older generation in the place of a newer head.',
    edits: [
      {
        file: RETIRE,
        text: '    && newest.fence > Math.max(known.head?.fence ?? 0, known.evicted?.fence ?? 0);',
        replacement: '    && newest.fence > (known.evicted?.fence ?? 0);',
      },
    ],
    profiles: [],
    unseen: {
      why: 'A store in memory shows every host all that was published; on NFS a listing may lag behind a commit.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/reconcile-apply.lua',
        text: 'math.max(tonumber(head[1] or 0), tonumber(',
        replacement: 'math.max(0, tonumber(',
      },
    ],
  },
  {
    name: 'what-was-evicted-comes-back',
    wrong: 'A comparison that was slow makes a head of what gc has its leave to remove.',
    edits: [
      {
        file: RETIRE,
        text: '    && newest.fence > Math.max(known.head?.fence ?? 0, known.evicted?.fence ?? 0);',
        replacement: '    && newest.fence > (known.head?.fence ?? 0);',
      },
    ],
    profiles: [],
    unseen: {
      why: 'gc forbids on the store what it removes, before it asks for leave.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/reconcile-apply.lua',
        text: "tonumber(redis.call('HGET', KEYS[2], 'evicted') or 0))",
        replacement: '0)',
      },
    ],
  },
  {
    name: 'restored-heads-stay-removable',
    wrong:
      'A head that gc once had leave to remove goes without a grace, under its readers, as soon as it is replaced.',
    edits: [{ file: RETIRE, text: '    known.removing.delete(newest.fence);\n', replacement: '' }],
    profiles: [],
    unseen: {
      why: 'gc asks no leave for what is newer than the head, and forbids on the store what it removes; only a store that lost its marks gets here.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/reconcile-apply.lua',
        text: "for i = 4, 5 do redis.call('HDEL', KEYS[i], newest) end",
        replacement: "redis.call('HDEL', KEYS[4], newest)",
      },
    ],
  },
  {
    name: 'purges-of-scopes-spare-their-keys',
    wrong: 'Rows under a purged dataset can be pinned and read on.',
    edits: [
      {
        file: INVALIDATE,
        text: "    const purgesKeys = mode === 'purge' && own === null;\n",
        replacement: "    const purgesKeys = mode === 'purge' && own === null && tick < 0;\n",
      },
    ],
    profiles: [],
    unseen: {
      why: 'Marks of scopes hide the rows; marks of keys end pins and let files go.',
      tests: ['packages/core/src/invalidate.test.ts'],
    },
  },
  {
    name: 'purged-heads-are-shown',
    wrong: 'A purged head is answered until it is replaced.',
    edits: [
      {
        file: 'packages/core/src/testing/memory/head-steps.ts',
        text: 'known.head !== null && known.head.fence > marks.purge ? known.head : null',
        replacement: 'known.head !== null ? known.head : null',
      },
    ],
    profiles: [],
    unseen: {
      why: 'A purge is a hard mark as well, and no answer is at or below one; shown, it would be pinned and stay.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/head-pin.lua',
        text: 'if fence and tonumber(fence) > ticks[4] then',
        replacement: 'if fence then',
      },
    ],
  },
];
