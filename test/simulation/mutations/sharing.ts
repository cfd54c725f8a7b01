/** Defects of shared probes, tables behind views, and reading without Redis (I11, I13). */
import type { Mutation } from './mutation.ts';

const SHARED = 'packages/core/src/shared-probe.ts';
const PARTS = 'packages/core/src/testing/memory/part-steps.ts';
const LOOKS = 'packages/core/src/looks-of-a-turn.ts';
const DEGRADED = 'packages/core/src/degraded.ts';

export const SHARING_MUTATIONS: readonly Mutation[] = [
  {
    name: 'records-taken-at-the-tick-itself',
    wrong: 'A look that began before the caller asked serves him.',
    edits: [
      {
        file: SHARED,
        text: 'record !== null && record.tick > after ?',
        replacement: 'record !== null && record.tick >= after ?',
      },
    ],
    profiles: ['shared tables'],
  },
  {
    name: 'proof-as-young-as-its-youngest-part',
    wrong: 'A change of a table that was asked early is hidden from everybody who asked between the looks.',
    edits: [
      {
        file: SHARED,
        text: '    tick: Math.min(...proofs.map(({ tick }) => tick)),',
        replacement: '    tick: Math.max(...proofs.map(({ tick }) => tick)),',
      },
    ],
    profiles: ['late readers'],
  },
  {
    name: 'records-go-back',
    wrong: 'A slow probe that ends after a later one takes its record away, and the change it found with it.',
    edits: [{ file: PARTS, text: 'found.tick > (known.record?.tick ?? 0))', replacement: 'found.tick > 0)' }],
    profiles: [],
    unseen: {
      why: 'A record goes with its own tick: an older one serves fewer, and never wrongly.',
      tests: ['packages/core/src/redis/coordination.test.ts'],
    },
    twin: [
      {
        file: 'packages/core/lua/part-record.lua',
        text: "ARGV[at] == '1' and tonumber(ARGV[3]) > tonumber(known[1] or 0) then",
        replacement: "ARGV[at] == '1' then",
      },
    ],
  },
  {
    name: 'marks-not-handed-to-views',
    wrong:
      'A table was marked before anybody knew that a view reads it, and rows of the view from before are answered.',
    edits: [
      {
        file: PARTS,
        text: '      if (told[mode] <= marks[mode]) continue;\n',
        replacement: '      if (told[mode] >= 0) continue;\n',
      },
    ],
    profiles: ['marked tables'],
    twin: [
      {
        file: 'packages/core/lua/part-learn.lua',
        text: '    if told and tonumber(told)',
        replacement: '    if false and tonumber(told)',
      },
    ],
  },
  {
    name: 'marks-do-not-reach-views',
    wrong: 'An invalidation of a table leaves the views that are known to read it as they were.',
    edits: [
      {
        file: 'packages/core/src/invalidate.ts',
        text: '  return readers.toSorted().map((name) => `table:${name}`);',
        replacement: '  return readers.slice(readers.length).map((name) => `table:${name}`);',
      },
    ],
    profiles: ['known views'],
  },
  {
    name: 'views-learned-after-the-commit',
    wrong: 'Rows of a view become the head before it is known which marked tables they come from.',
    edits: [
      { file: 'packages/core/src/fill.ts', text: '        await learnReads(manifest, this.#deps);\n', replacement: '' },
    ],
    profiles: ['unknown views'],
  },
  {
    name: 'views-not-learned-from-the-store',
    wrong: 'After Redis forgot, a mark of a table does not reach the view whose head the store brought back.',
    edits: [
      {
        file: 'packages/core/src/rebuild.ts',
        text: '  if (newest !== null) await learnReads(newest, deps);\n',
        replacement: '',
      },
    ],
    profiles: [],
    unseen: {
      why: 'The next probe of the view learns it, and takes over the marks; a mark in between is the moment that is too short here.',
      tests: ['packages/core/src/rebuild.test.ts'],
    },
  },
  {
    name: 'looks-shared-while-under-way',
    wrong: 'Whoever asks while a look at the head is on its way hears what was true before he asked.',
    edits: [
      { file: LOOKS, text: '      gathered.clear();\n', replacement: '' },
      {
        file: LOOKS,
        text: 'nextTurn().then(() => heads.look(target, wish));',
        replacement: 'nextTurn().then(() => heads.look(target, wish)).finally(() => gathered.delete(target.key));',
      },
    ],
    profiles: ['shared looks'],
  },
  {
    name: 'cut-off-readers-ignore-marks',
    wrong: 'Without Redis, rows are answered that somebody called wrong.',
    edits: [
      {
        file: DEGRADED,
        text: "  if (manifest.fence <= hard) return refused('forbidden');",
        replacement: "  if (manifest.fence <= hard - Infinity) return refused('forbidden');",
      },
    ],
    profiles: ['cut off'],
  },
  {
    name: 'cut-off-readers-ignore-tables-of-views',
    wrong: 'Without Redis, rows of a view are answered although a table that it reads was marked.',
    edits: [
      {
        file: DEGRADED,
        text: '...scopes, ...behind.map((table) => `table:${table}`)',
        replacement: '...scopes, ...behind.slice(behind.length)',
      },
    ],
    profiles: [],
    unseen: {
      why: 'A mark of a table is told to the views that are known to read it; only a view that becomes known later depends on this.',
      tests: ['packages/core/src/degraded.test.ts'],
    },
  },
  {
    name: 'cut-off-readers-ignore-age',
    wrong: 'Without Redis, an answer is older than its policy allows.',
    edits: [{ file: DEGRADED, text: "  if (ageMs > ageMaxMs) return refused('too-old');\n", replacement: '' }],
    profiles: ['cut off'],
  },
  {
    name: 'cut-off-readers-trust-the-time-of-writing',
    wrong: 'Without Redis, age is counted from when the rows were written, not from when their snapshot was opened.',
    edits: [
      {
        file: DEGRADED,
        text: '  const verifiedAtMs = told?.verifiedAtMs ?? manifest.startedAtMs;',
        replacement: '  const verifiedAtMs = told?.verifiedAtMs ?? manifest.sealedAtMs;',
      },
    ],
    profiles: ['cut off from slow loads'],
  },
];
