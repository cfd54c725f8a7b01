/** Parts on Redis: what probes share, and what stands behind a view (I13). */
import type { RedisGate } from './gate.ts';
import { inChunks } from './chunks.ts';
import { KEYS, markKey } from './keys.ts';
import { asArray, asNumber } from './replies.ts';
import type { PartQuestion } from '../model/parts.ts';
import { READERS_MAX, type Parts, type SeenPart } from '../ports/parts.ts';

/** Callers need a record for seconds; the rest of its life shows people what asking costs. */
export const PART_LIFE_MS = 24 * 3_600_000;

/** Tables handed over per call: bounds the time one script holds Redis. */
const TABLES_PER_CALL = 50;

export function redisParts(gate: RedisGate): Parts {
  return {
    read: async (question) => {
      const [now, parts] = asArray(await gate.script('part-read', partKeys(question), []));
      const seen = asArray(parts).map((fields) => seenPart(asArray(fields), asNumber(now)));
      const named = question.targets.map((target, i) => [target, seen[i] ?? NOTHING] as const);
      return { parts: Object.fromEntries(named), nowMs: asNumber(now) };
    },
    record: async (question, { tick, beganAtMs, parts }) => {
      const found = question.targets.flatMap((target) => {
        const part = parts[target];
        return part === undefined ? [0, '', 0] : [1, part.version, part.costMs];
      });
      await gate.script('part-record', partKeys(question), [tick, beganAtMs, PART_LIFE_MS, ...found]);
    },
    learn: async (name, tables) => {
      for (const some of inChunks(tables, TABLES_PER_CALL)) {
        const pairs = some.flatMap((table) => [KEYS.readers(table), markKey(`table:${table}`)]);
        await gate.script('part-learn', [markKey(`table:${name}`), ...pairs], [name, READERS_MAX]);
      }
    },
    readers: async (table) => asArray(await gate.script('part-readers', [KEYS.readers(table)], [])).map(String),
  };
}

export function partKeys({ asked, targets }: PartQuestion): readonly string[] {
  return targets.map((target) => KEYS.part(`${asked}:${target}`));
}

const NOTHING: SeenPart = { record: null, running: null };

function seenPart([version, tick, beganAt, costMs, running, until]: readonly unknown[], nowMs: number): SeenPart {
  const record =
    typeof version === 'string'
      ? { version, tick: asNumber(tick), beganAtMs: asNumber(beganAt), costMs: Number(costMs) }
      : null;
  const live = typeof running === 'string' && asNumber(until) > nowMs;
  return { record, running: live ? { tick: asNumber(running), untilMs: asNumber(until) } : null };
}
