/** part-read, part-record, part-learn: what probes share, and what stands behind a view (I13). */
import type { PartQuestion } from '../../model/parts.ts';
import { READERS_MAX, TOO_MANY_READERS, type PartsFound, type PartsSeen } from '../../ports/parts.ts';
import type { ServerContext } from './head-steps.ts';
import { marksOf, type PartState, type RedisState } from './state.ts';

export function readParts({ state, nowMs }: ServerContext, { asked, targets }: PartQuestion): PartsSeen {
  const parts = targets.map((target) => {
    const { record, running } = state.parts.get(partName(asked, target)) ?? NOTHING;
    return [target, { record, running: running !== null && running.untilMs > nowMs ? running : null }] as const;
  });
  return { parts: Object.fromEntries(parts), nowMs };
}

export function announce(
  { state, nowMs }: ServerContext,
  { asked, targets }: PartQuestion,
  probe: { readonly tick: number; readonly forMs: number },
): void {
  for (const target of targets)
    touchPart(state, asked, target).running = { tick: probe.tick, untilMs: nowMs + probe.forMs };
}

export function recordParts({ state }: ServerContext, { asked, targets }: PartQuestion, found: PartsFound): void {
  for (const target of targets) {
    const known = touchPart(state, asked, target);
    const part = found.parts[target];
    if (part !== undefined && found.tick > (known.record?.tick ?? 0))
      known.record = { version: part.version, costMs: part.costMs, tick: found.tick, beganAtMs: found.beganAtMs };
    if (known.running?.tick === found.tick) known.running = null;
  }
}

export function learn({ state }: ServerContext, name: string, tables: readonly string[]): void {
  const marks = marksOf(state, `table:${name}`);
  for (const table of tables) {
    const readers = state.readers.get(table) ?? new Set();
    state.readers.set(table, readers);
    readers.add(readers.has(name) || readers.size < READERS_MAX ? name : TOO_MANY_READERS);
    const told = state.scopes.get(`table:${table}`);
    if (told === undefined) continue;
    for (const mode of ['soft', 'hard', 'purge'] as const) {
      if (told[mode] <= marks[mode]) continue;
      marks[mode] = told[mode];
      marks.learned = Math.max(marks.learned ?? 0, told[mode]);
    }
  }
}

const NOTHING: PartState = { record: null, running: null };

/** Every part together with the question it answers. */
function partName(asked: string, target: string): string {
  return `${asked}:${target}`;
}

function touchPart(state: RedisState, asked: string, target: string): PartState {
  const known = state.parts.get(partName(asked, target)) ?? { record: null, running: null };
  state.parts.set(partName(asked, target), known);
  return known;
}
