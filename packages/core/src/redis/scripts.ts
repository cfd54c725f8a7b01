/** The Lua scripts, read once. One script is one atomic step; the files under lua/ are their documentation. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const SCRIPT_NAMES = [
  'epoch-open',
  'head-pin',
  'mark-verified',
  'head-commit',
  'head-damage',
  'lease-acquire',
  'lease-renew',
  'lease-release',
  'probe-start',
  'part-read',
  'part-record',
  'part-learn',
  'part-readers',
  'cooling-admit',
  'cooling-tell',
  'invalidate',
  'marks-restore',
  'pin-generation',
  'pin-renew',
  'pin-release',
  'noted-recall',
  'noted-begin',
  'keys-survey',
  'head-evict',
  'key-forget',
  'generation-orphans',
  'generation-retire',
  'generation-grace',
  'generation-removed',
  'usage-read',
  'usage-measure',
  'room-reserve',
  'room-outgrown',
  'room-release',
  'reconcile-apply',
  'pass-read',
  'pass-save',
  'pass-complete',
  'ask-count',
  'heads-sum',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly name: ScriptName;
  readonly text: string;
  readonly sha1: string;
}

export const SCRIPTS: Readonly<Record<ScriptName, Script>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => {
    // The same relative path holds from src and from dist.
    const text = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8');
    return [name, { name, text, sha1: createHash('sha1').update(text).digest('hex') }];
  }),
) as Record<ScriptName, Script>;
