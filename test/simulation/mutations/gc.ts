/** Defects of garbage collection, eviction and room (I6, I7, I9). */
import type { Mutation } from './mutation.ts';

const RETIRE = 'packages/core/src/testing/memory/retire-steps.ts';
const EVICTION = 'packages/core/src/testing/memory/eviction-steps.ts';
const USAGE = 'packages/core/src/testing/memory/usage-steps.ts';
const GC = 'packages/core/src/gc.ts';
const GC_KEY = 'packages/core/src/gc-key.ts';
const GC_PLAN = 'packages/core/src/gc-plan.ts';
const ROOM = 'packages/core/src/room.ts';

export const GC_MUTATIONS: readonly Mutation[] = [
  {
    name: 'pins-ignored-by-gc',
    wrong: 'A generation is removed under a reader who has pinned it.',
    edits: [
      {
        file: RETIRE,
        text: "  for (const pin of known.pins.values()) if (pin.fence === fence && pin.expiresAtMs > nowMs) return 'refused';\n",
        replacement: '',
      },
    ],
    profiles: ['pinned readers'],
    twin: [
      {
        file: 'packages/core/lua/generation-retire.lua',
        text: 'if fence == ARGV[3] then return 0 end',
        replacement: 'if fence == nil then return 0 end',
      },
    ],
  },
  {
    name: 'grace-ignored-by-gc',
    wrong: 'A generation is removed although who was told its name may be on the way to it.',
    edits: [
      { file: RETIRE, text: "  if (old.retiredAtMs + graceMs > nowMs) return 'refused';\n", replacement: '' },
      {
        file: GC_PLAN,
        text: 'since !== undefined && since + graceMs <= context.nowMs',
        replacement: 'since !== undefined',
      },
    ],
    profiles: ['long grace'],
    twin: [
      {
        file: 'packages/core/lua/generation-retire.lua',
        text: "if now < string.match(retired, '^%d+') + ARGV[4] then return 0 end\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'retired-whatever-the-fence',
    wrong:
      'What a fill has published and is about to commit is removed as an orphan, and becomes a head without files.',
    edits: [
      { file: RETIRE, text: '    if (!settled || known.head', replacement: '    if (known.head' },
      { file: RETIRE, text: '    const settled = fence < below;\n', replacement: '' },
      {
        file: GC_PLAN,
        text: '      if (fence < settledBelow || fence <= purge) orphans.push(fence);\n',
        replacement: '      orphans.push(fence);\n',
      },
      {
        file: GC_PLAN,
        text: '    if (wouldBeHead(seen, fence) && !removing.has(fence)) continue;\n',
        replacement: '',
      },
    ],
    profiles: ['late commits'],
    twin: [
      {
        file: 'packages/core/lua/generation-orphans.lua',
        text: 'if tonumber(ARGV[i]) < settledBelow and ARGV[i]',
        replacement: 'if ARGV[i]',
      },
    ],
  },
  {
    name: 'gc-does-not-wait-for-pins-of-the-last-epoch',
    wrong: 'Redis forgot the pins that readers still rely on, and what they read is removed.',
    edits: [
      {
        file: GC,
        text: '  return nowMs < opensAtMs\n',
        replacement: '  return nowMs < opensAtMs - pinMaxMs - rules.graceMs\n',
      },
    ],
    profiles: ['forgotten pins'],
  },
  {
    name: 'gc-does-not-forbid-what-it-removes',
    wrong: 'Redis forgets between leave and removal; the next epoch makes a head of what is about to go.',
    edits: [{ file: GC_KEY, text: '  if (!dryRun) await forbid(seen, leaving, deps);\n', replacement: '' }],
    profiles: ['forgotten evictions', 'forgotten damage'],
  },
  {
    name: 'gc-forgets-what-it-had-leave-for',
    wrong: 'A collector dies between leave and rename, and what it was about to remove stays for ever.',
    edits: [
      { file: GC_PLAN, text: 'if (removing.has(fence) || (since', replacement: 'if ((since' },
      {
        file: GC_PLAN,
        text: 'const others = [...new Set([...(listing?.generations ?? []), ...retiredAt.keys(), ...removing])]',
        replacement: 'const others = [...new Set([...(listing?.generations ?? []), ...retiredAt.keys()])]',
      },
    ],
    profiles: ['evictions'],
  },
  {
    name: 'evicted-while-read',
    wrong: 'A head goes between the look of a reader and its pin.',
    edits: [
      { file: EVICTION, text: '(state.reads.get(key) ?? null) !== readAtMs || isLeased', replacement: 'isLeased' },
      {
        file: EVICTION,
        text: "  for (const pin of known.pins.values()) if (pin.fence === fence && pin.expiresAtMs > nowMs) return 'refused';\n",
        replacement: '',
      },
    ],
    profiles: [],
    unseen: {
      why: 'Pins are asked for again before the files go; what is left costs a load.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/head-evict.lua',
        text: "if (redis.call('ZSCORE', KEYS[8], ARGV[3]) or '') ~= ARGV[6] then return 0 end\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'evicted-heads-can-be-committed-again',
    wrong: 'A commit that is sent again after its head was evicted makes a head of what is being removed.',
    edits: [
      {
        file: EVICTION,
        text: "  known.fence = nextTick(state);\n  known.fillId = '';\n",
        replacement: '  nextTick(state);\n',
      },
    ],
    profiles: [],
    unseen: {
      why: 'It needs a commit that is sent again a grace after it succeeded.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/head-evict.lua',
        text: "redis.call('HSET', KEYS[2], 'fence', string.format('%.0f', redis.call('INCR', KEYS[9])), 'fillId', '',\n  'evicted'",
        replacement: "redis.call('INCR', KEYS[9])\nredis.call('HSET', KEYS[2], 'evicted'",
      },
    ],
  },
  {
    name: 'removed-is-still-counted',
    wrong: 'The store seems full of what is gone, and loads are refused.',
    edits: [{ file: RETIRE, text: '  known.sizes.delete(fence);\n', replacement: '' }],
    profiles: [],
    unseen: {
      why: 'The next collection takes off what it finds counted and gone.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      { file: 'packages/core/lua/generation-removed.lua', text: 'if bytes then\n', replacement: 'if false then\n' },
    ],
  },
  {
    name: 'commits-are-not-counted',
    wrong: 'The store seems empty, and quotas hold nobody.',
    edits: [
      {
        file: 'packages/core/src/testing/memory/head-steps.ts',
        text: '  count(known, request.fence, request);\n',
        replacement: '',
      },
    ],
    profiles: ['crowded store'],
    twin: [
      {
        file: 'packages/core/lua/head-commit.lua',
        text: "  for field, by in pairs(counts) do redis.call('HINCRBY', KEYS[9], field, by) end\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'reservations-of-others-are-not-seen',
    wrong: 'Two fills take the same room, and the quota is passed.',
    edits: [
      {
        file: USAGE,
        text: '  const ofStore = used.bytes + sum(others);\n',
        replacement: '  const ofStore = used.bytes;\n',
      },
    ],
    profiles: ['crowded store'],
    twin: [{ file: 'packages/core/lua/room-reserve.lua', text: '    all = all + bytes\n', replacement: '' }],
  },
  {
    name: 'guesses-may-take-everything',
    wrong: 'A result that never fits, asked for again and again, costs the store everything else.',
    edits: [
      { file: ROOM, text: 'guessed: bytes > (headBytes ?? 0) };', replacement: 'guessed: bytes < (headBytes ?? 0) };' },
    ],
    profiles: ['greedy load'],
  },
  {
    name: 'reservations-stay',
    wrong: 'Fills that are over hold room that nobody uses.',
    edits: [
      {
        file: ROOM,
        text: '      await rest();\n      await usage.release(fill.fillId).catch(ignoreOperational);\n',
        replacement: '      await rest();\n',
      },
    ],
    profiles: [],
    unseen: {
      why: 'A reservation that nobody repeats ends by its time.',
      tests: ['packages/core/src/room.test.ts'],
    },
  },
];
