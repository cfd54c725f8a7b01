/** What a run was and what it saw, as markdown: docs/chaos-report.md is one of these. */
import { cpus, totalmem } from 'node:os';
import { DEED_KINDS } from './deeds.ts';
import { timeOf } from './loads.ts';
import type { Cut, Story } from './run.ts';

export function reportOf(story: Story): string {
  const { plan, tally, deeds, findings, cut } = story;
  const seconds = Math.round(story.readingMs / 1000);
  return `${[
    `# The chaos swarm, ${tally.answers} reads`,
    `Written by \`npm run chaos -- ${plan.reads} ${plan.seed}\` on ${new Date().toISOString().slice(0, 10)}, on ${machine()}. What it is and what it judges: [chaos.md](chaos.md).`,
    cut === null ? '' : cutShort(cut),
    [
      `- seed ${plan.seed}; ${plan.apis} API processes, ${plan.workers} workers, ${plan.clients} clients`,
      `- ${tally.answers} answers in ${seconds} s (${Math.round(tally.answers / seconds)} a second, whatever else the machine did), ${tally.refusals} refusals`,
      `- the machine kept Redis or an API process from running for more than a second ${story.stalls} times; ${story.slowByThemselves} times they took as long by themselves, which explains nothing`,
      `- ${story.calm} of the answers came in rests, while nothing was broken`,
      `- ${deeds.length} deeds; versions written: ${Object.entries(story.versions)
        .map(([name, versions]) => `${name} ${versions}`)
        .join(', ')}`,
      `- ${story.damagedOnTheWay} answers whose bytes were changed on the disk while they were sent; their digest told it`,
      `- the judge remembers ${story.remembered} generations and forms, and its process holds ${story.judgeMiB} MiB`,
      `- **${findings.length} findings**`,
    ].join('\n'),
    ...(findings.length === 0
      ? []
      : [
          '## Findings',
          findings.map(({ reason, message }) => `- ${reason}: ${message}`).join('\n'),
          '## What was done, one after the other',
          courseTable(story),
        ]),
    '## Answers and refusals, by the way of asking',
    answersTable(story),
    ...(story.explained.size === 0 ? [] : ['## Refusals, by what explains them', explainedTable(story)]),
    '## Deeds',
    deedsTable(story),
    '## Loads',
    loadsTable(story),
    story.executions === null
      ? ''
      : `The Oracle-protocol database counted ${story.executions} executions of the statement.`,
    '## Time and memory, for information',
    timesTable(story),
    heldTable(story),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function cutShort({ by, isLookedAt }: Cut): string {
  const looked = isLookedAt
    ? 'what was broken was mended first, and everything was looked at'
    : 'what was broken then was not mended, and what was left behind not looked at';
  return `**Cut short by ${by}**, before all was read or done that was wanted; ${looked}.`;
}

function machine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores, ${gib} GiB, Node ${process.versions.node}, ${process.platform}`;
}

function answersTable({ tally }: Story): string {
  const outcomes = tally.outcomes();
  const rows = [...tally.byWay].map(([way, counts]) => [
    way,
    ...outcomes.map((outcome) => String(counts.get(outcome) ?? '')),
  ]);
  return tableOf(['', ...outcomes], rows);
}

function deedsTable({ deeds }: Story): string {
  const rows = DEED_KINDS.map((kind) => {
    const own = deeds.filter((deed) => deed.kind === kind);
    const lasted = own.map(({ beganMs, endedMs }) => ((endedMs ?? beganMs) - beganMs) / 1000);
    const range = own.length === 0 ? '' : `${Math.min(...lasted).toFixed(1)} to ${Math.max(...lasted).toFixed(1)} s`;
    return [kind, String(own.length), range];
  });
  return tableOf(['deed', 'times', 'until it was proved mended'], rows);
}

/** For who looks for the cause of a finding. */
function courseTable({ deeds }: Story): string {
  const rows = deeds.map(({ kind, target, strikes, beganMs, endedMs }) => [
    `${kind} (${target})${strikes === 1 ? '' : `, ${strikes} times`}`,
    timeOf(beganMs),
    endedMs === null ? '' : timeOf(endedMs),
  ]);
  return tableOf(['deed', 'began', 'was proved mended'], rows);
}

function loadsTable({ loads }: Story): string {
  const rows = loads.map(({ question, writes, committed, versions, again, inVain }) =>
    [question.name, writes, committed, versions, again.all, inVain.all].map(String),
  );
  return tableOf(['question', 'writes', 'loads committed', 'of versions', 'loaded again', 'cut off'], rows);
}

function explainedTable({ explained }: Story): string {
  const kinds = [...DEED_KINDS, 'several' as const, 'stall' as const].filter((kind) =>
    [...explained.values()].some((by) => by.has(kind)),
  );
  const rows = kinds.map((kind) => [kind, ...[...explained.values()].map((by) => String(by.get(kind) ?? ''))]);
  return tableOf(['explained by', ...explained.keys()], rows);
}

function timesTable({ tally }: Story): string {
  const rows = tally
    .timed()
    .map((outcome) => [outcome, ...[0.5, 0.99, 1].map((share) => `${tally.below(outcome, share)} ms`)]);
  return tableOf(['answer', 'half below', '99 % below', 'all below'], rows);
}

function heldTable({ held }: Story): string {
  return tableOf(
    ['process', 'MiB resident', 'handles'],
    held.map(({ name, rssMiB, handles }) => [name, String(rssMiB), String(handles)]),
  );
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
