/** The command line of the bench. */
import { parseArgs } from 'node:util';
import { didYouMean } from '@parqueue/core/config';
import type { Scale } from './section.ts';

export const USAGE = `usage: npm run bench [-- SECTION… [--long] [--write] [--profile] [--list]]
  SECTION…  these only; all of them unless said
  --long    longer runs of more rows, some of many minutes
  --tiny    shows that everything runs, and measures nothing worth having
  --write   writes docs/performance.md, its figures and its plots
  --profile writes a CPU profile of each process to var/bench/profiles, for node's inspector or speedscope
  --list    the names of the sections`;

export interface Wanted {
  /** In the order of `known`. */
  readonly sections: readonly string[];
  readonly scale: Scale;
  readonly write: boolean;
  readonly profile: boolean;
  readonly list: boolean;
}

/** @returns what is wrong with the arguments, as text, or what they ask for */
export function wantedOf(args: readonly string[], known: readonly string[]): Wanted | string {
  const parsed = parsedOf(args);
  if (typeof parsed === 'string') return parsed;
  const { values, positionals } = parsed;
  const { long = false, tiny = false, write = false, profile = false, list = false } = values;
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    return unknown.map((name) => `no section is called ${name}${didYouMean(name, known)}`).join('\n');
  if (long && tiny) return '--long and --tiny exclude each other';
  if (profile && write) return 'what is measured beside a profiler is not worth writing down';
  if (tiny && write) return '--tiny measures nothing that is worth writing down';
  const sections = known.filter((name) => positionals.length === 0 || positionals.includes(name));
  return { sections, scale: long ? 'long' : tiny ? 'tiny' : 'short', write, profile, list };
}

function parsedOf(args: readonly string[]) {
  const boolean = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { long: boolean, tiny: boolean, write: boolean, profile: boolean, list: boolean },
      allowPositionals: true,
    });
  } catch (error) {
    // An option that there is not: its message says which.
    return error instanceof Error ? error.message : String(error);
  }
}
