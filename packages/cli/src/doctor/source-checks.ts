/** Sources: reached, let in, and readable for what versions are made of. */
import type { SourceKind } from '@parqueue/core';
import type { SourceAnswer } from '@parqueue/worker';
import { spellMs } from '../output/units.ts';
import type { Checks } from './check.ts';

/** A probe so dear is paid by every strict ask. */
const SLOW_PROBE_MS = 10_000;

export function checkSource(checks: Checks, answer: SourceAnswer, kind: SourceKind): void {
  const { source, dataset, ok, failure, tookMs, parts, skipped } = answer;
  const name = dataset ?? 'connection';
  if (skipped !== null) return checks.skipped(name, skipped);
  if (!ok) {
    const code = failure?.code ?? 'PQ_INTERNAL';
    return checks.fail(name, `${code}: ${(failure?.message ?? '').replaceAll(/\s*\n\s*/g, ' · ')}`, {
      means:
        dataset === null
          ? 'nothing of it can be loaded or verified; entries are answered as staleIfError allows'
          : 'this dataset cannot be verified, and probably not loaded',
      todo: todoOf(code, source, kind),
    });
  }
  const costs = Object.entries(parts).map(([part, ms]) => `${part} ${spellMs(ms)}`);
  const found = `${spellMs(tookMs)}${costs.length === 0 ? '' : ` (${costs.join(', ')})`}`;
  if (dataset === null || tookMs <= SLOW_PROBE_MS) return checks.ok(name, found);
  return checks.warn(name, found, {
    means: 'so long takes what a strict ask waits for, each time',
    todo: 'give the dataset a maxAge, or a cheaper version (refresh-key); an index on what it counts may help',
  });
}

function todoOf(code: string, source: string, kind: SourceKind): string {
  switch (code) {
    case 'PQ_SOURCE_UNAVAILABLE':
      if (kind === 'file')
        return `mount it on this host, or correct sources.${source}.root; docs/operations.md, "A source is down"`;
      return `try the address of sources.${source} from this host; look at firewall, listener and certificate; docs/operations.md, "A source is down"`;
    case 'PQ_SOURCE_REJECTED':
      return "correct user, password or grants: the database's message tells which; docs/*-sources.md lists the grants";
    case 'PQ_NOT_FOUND':
      return 'correct the path, or let the producer write the file';
    case 'PQ_UNTRACKABLE':
      return 'leave the construct out, or set freshness.version to ttl or a refresh-key';
    default:
      return `docs/errors.md, ${code}`;
  }
}
