/** Defects of leases, fences and commits (I3). */
import type { Mutation } from './mutation.ts';

const HEADS = 'packages/core/src/testing/memory/head-steps.ts';
const LEASES = 'packages/core/src/testing/memory/lease-steps.ts';
const FILL = 'packages/core/src/fill.ts';
const HEARTBEAT = 'packages/core/src/heartbeat.ts';

export const FENCE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'commit-on-any-higher-fence',
    wrong:
      'A holder whose lease ran out commits between the grant and the commit of the next one, and an older snapshot replaces a newer one.',
    edits: [
      {
        file: HEADS,
        text: '    known.fence === request.fence\n    && known.fillId === request.fillId\n',
        replacement: '    request.fence > (known.head?.fence ?? 0)\n',
      },
    ],
    profiles: ['deaf holders'],
    twin: [
      {
        file: 'packages/core/lua/head-commit.lua',
        text: 'k[1] ~= fence or k[2] ~= fillId',
        replacement: 'tonumber(fence) <= tonumber(old[1] or 0)',
      },
    ],
  },
  {
    name: 'commit-under-a-fence-of-an-older-epoch',
    wrong:
      'What a fill loaded under a Redis that forgot it becomes the head after the next epoch was compared with the store.',
    edits: [{ file: HEADS, text: '    && epochOf(request.fence) === epoch\n', replacement: '' }],
    profiles: [],
    unseen: {
      why: 'The clock has jumped: the head is unverified, every later fence is above it, and a comparison with the store only raises.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/head-commit.lua',
        text: 'math.floor(fence / 1e12) ~= tonumber(ARGV[1]) or ',
        replacement: '',
      },
    ],
  },
  {
    name: 'commit-below-a-purge',
    wrong: 'Rows that were loaded before a purge become the head after it.',
    edits: [{ file: HEADS, text: '    && request.fence > purge;\n', replacement: ';\n' }],
    profiles: [],
    unseen: {
      why: 'A head at or below a purge is not shown, nor is it ever above hardAfter; gc retires it.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      { file: 'packages/core/lua/head-commit.lua', text: ' or tonumber(fence) <= purge then', replacement: ' then' },
    ],
  },
  {
    name: 'commit-is-not-idempotent',
    wrong:
      'A commit that is sent again, because its reply was lost, retires the very generation that it made the head.',
    edits: [
      {
        file: HEADS,
        text: '    known.head?.fillId === request.fillId\n    || [...known.retired.values()].some((old) => old.fillId === request.fillId)\n',
        replacement: '    request.fillId === null\n',
      },
    ],
    profiles: [],
    unseen: {
      why: 'Sent again, it commits the same once more, or is refused and the rows are loaded again.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/head-commit.lua',
        text: 'if old[2] == fillId then return { 1 } end\n',
        replacement: '',
      },
    ],
  },
  {
    name: 'head-verified-by-the-clock',
    wrong:
      'A commit counts as proof up to the moment of the commit, although its rows are those of the moment of its fence.',
    edits: [{ file: HEADS, text: '{ verified: request.fence,', replacement: '{ verified: state.clock,' }],
    profiles: ['changing'],
    twin: [
      {
        file: 'packages/core/lua/head-commit.lua',
        text: "  'verified', fence,",
        replacement: "  'verified', tonumber(fence) + 1,",
      },
    ],
  },
  {
    name: 'lease-granted-beside-a-live-one',
    wrong: 'Two workers load the same state of the source at once.',
    edits: [
      {
        file: LEASES,
        text: '  if (lease !== null && lease.expiresAtMs > nowMs && epochOf(lease.fence) === epoch) {\n',
        replacement: '  if (lease !== null && lease.expiresAtMs > nowMs && lease.fillId === claim.fillId) {\n',
      },
    ],
    profiles: ['calm'],
    twin: [
      {
        file: 'packages/core/lua/lease-acquire.lua',
        text: "  return { 'busy', held[1], held[2], held[3], held[4], now }\n",
        replacement: '',
      },
    ],
  },
  {
    name: 'lease-of-the-last-epoch-holds',
    wrong:
      'The holder of a lease that Redis brought back from before its restart cannot commit, and keeps everybody else from loading.',
    edits: [
      {
        file: LEASES,
        text: '  if (lease !== null && lease.expiresAtMs > nowMs && epochOf(lease.fence) === epoch) {\n',
        replacement: '  if (lease !== null && lease.expiresAtMs > nowMs) {\n',
      },
    ],
    profiles: [],
    unseen: {
      why: 'Its holder gives it back where it lives, or it runs out: others wait for nothing.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/lease-acquire.lua',
        text: ' and math.floor(held[1] / 1e12) == tonumber(ARGV[1]) then',
        replacement: ' then',
      },
    ],
  },
  {
    name: 'grant-does-not-count-as-begun',
    wrong: 'Whoever asks while a load runs is satisfied by it, although its snapshot was opened before he asked.',
    edits: [{ file: LEASES, text: '  known.started = fence;\n', replacement: '' }],
    profiles: ['changing'],
    twin: [{ file: 'packages/core/lua/lease-acquire.lua', text: ", 'started', fence)", replacement: ')' }],
  },
  {
    name: 'leases-are-not-renewed',
    wrong: 'A load that takes longer than a lease is begun again by others, and none is ever committed.',
    edits: [
      {
        file: HEARTBEAT,
        text: '        if (await leases.renew(claim, fence)) continue;\n',
        replacement: '        continue;\n',
      },
    ],
    profiles: ['changing'],
  },
  {
    name: 'renewals-outlive-a-purge',
    wrong: 'A load goes on although a purge forbids what it loads.',
    edits: [
      {
        file: LEASES,
        text: '  if (fence <= marksOver(state, claim.key, claim.scopes).purge) {\n    known.lease = null;\n    return false;\n  }\n',
        replacement: '',
      },
    ],
    profiles: [],
    unseen: {
      why: 'The commit is refused; a load runs to its end for nothing.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/lease-renew.lua',
        text: 'if tonumber(ARGV[4]) <= purge then',
        replacement: 'if false then',
      },
    ],
  },
  {
    name: 'fenced-counts-as-committed',
    wrong: 'A zombie whose commit was refused tells its callers that their rows are there; a refresh believes it.',
    edits: [
      {
        file: FILL,
        text: "      await onStep('fenced', { key, fence, fillId, latestFence: result.latestFence });\n      return 'again';\n",
        replacement:
          "      await onStep('fenced', { key, fence, fillId, latestFence: result.latestFence });\n      return { kind: 'committed', fence, rows: manifest.part.rows, bytes: manifest.part.bytes };\n",
      },
    ],
    profiles: ['zombies', 'late snapshots'],
  },
  {
    name: 'failure-of-a-zombie-counts',
    wrong: "The next holder sweeps a zombie's staging away under it, and the callers hear that their load failed.",
    edits: [
      {
        file: FILL,
        text: "    return held ? { kind: 'failed', failure: report.failure } : 'again';\n",
        replacement: "    return held || !held ? { kind: 'failed', failure: report.failure } : 'again';\n",
      },
    ],
    profiles: ['slow commits'],
  },
  {
    name: 'look-again-ignores-hard-after',
    wrong: 'A fill that was asked for because its rows were called wrong is satisfied with those very rows.',
    edits: [
      {
        file: FILL,
        text: '      if (look.head !== null && satisfies(look.head, job.requirement))\n        return',
        replacement:
          '      if (look.head !== null && satisfies(look.head, { ...job.requirement, hardAfter: 0 }))\n        return',
      },
      {
        file: FILL,
        text: '      if (look.head !== null && satisfies(look.head, requirement))\n        return',
        replacement:
          '      if (look.head !== null && satisfies(look.head, { ...requirement, hardAfter: 0 }))\n        return',
      },
    ],
    profiles: ['marked tables'],
  },
  {
    name: 'unchanged-ignores-hard-after',
    wrong: 'A load finds the version of rows that were called wrong, reports "unchanged", and nobody loads them again.',
    edits: [
      {
        file: FILL,
        text: ' && head.damaged === null && head.fence > job.requirement.hardAfter;',
        replacement: ' && head.damaged === null;',
      },
    ],
    profiles: ['hard rain', 'invalidating'],
  },
  {
    name: 'failures-cost-the-head',
    wrong: 'A load that failed takes the good rows along that were there before it (I12).',
    edits: [
      {
        file: FILL,
        text: '      return await this.#failed({ ...report, failure }, granted, context.signal);\n',
        replacement:
          "      if (at.look.head !== null) await this.#deps.heads.markDamaged(key, at.look.head.fence, 'failed');\n      return await this.#failed({ ...report, failure }, granted, context.signal);\n",
      },
    ],
    profiles: ['failing'],
  },
  {
    name: 'staging-of-the-lost-stays',
    wrong: 'What fills that lost their lease, or died, left in staging fills the store.',
    edits: [
      { file: FILL, text: '      await this.#sweepStaging(key, fence);\n', replacement: '' },
      {
        file: 'packages/core/src/gc-key.ts',
        text: '  for (const ref of plan.deadStaging) await sweep(ref, deps, options);\n',
        replacement: '',
      },
    ],
    profiles: ['zombies'],
  },
  {
    name: 'staging-of-the-latest-stays',
    wrong: "The staging directory of a key's last fill stays for ever where its worker died.",
    edits: [
      {
        file: 'packages/core/src/gc-key.ts',
        text: '  if (plan.staleStaging !== null) await fenceOutAndSweep(plan.staleStaging, deps, options);\n',
        replacement: '',
      },
    ],
    profiles: [],
    unseen: {
      why: 'The next fill of the key sweeps it, and in a simulated world somebody always asks again.',
      tests: ['packages/core/src/gc.test.ts'],
    },
  },
];
