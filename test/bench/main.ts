/** `npm run bench [-- SECTION…] [--long] [--write] [--list]`: the sections by name, or all of them; see docs/performance.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SECTIONS } from './sections/index.ts';
import { Bench, type Findings } from './section.ts';

const { values, positionals } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.list) {
  for (const { name, title } of SECTIONS) console.log(`${name}\t${title}`);
  process.exit(0);
}
const unknown = positionals.filter((wanted) => SECTIONS.every(({ name }) => name !== wanted));
if (unknown.length > 0) {
  console.error(`no section is called ${unknown.join(', ')}: npm run bench -- --list`);
  process.exit(2);
}
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort(new Error(signal)));
const chosen = SECTIONS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const found: Record<string, Findings> = {};
for (const section of chosen) {
  if (ended.signal.aborted) break;
  const scratch = mkdtempSync(join(tmpdir(), `parqueue-bench-${section.name}-`));
  try {
    const bench = new Bench({
      scale: values.long ? 'long' : values.tiny ? 'tiny' : 'short',
      scratch,
      signal: ended.signal,
      progress: (text) => console.log(`${section.name}: ${text}`),
    });
    const findings = await section.run(bench);
    found[section.name] = findings;
    console.table(findings.measures);
    console.table(findings.ratios ?? []);
    for (const { text, reached } of section.goals) {
      const isReached = reached(findings.figures);
      console.log(`${isReached === null ? 'not measured' : isReached ? 'reached' : 'missed'}: ${text}`);
    }
  } catch (error) {
    console.error(section.name, error);
    process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
const folder = join(import.meta.dirname, '../../../var/bench');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'report.json'), `${JSON.stringify(found, null, 2)}\n`);
