/**
 * Versions of Oracle's tables. A table's is `<count>@<newest ORA_ROWSCN>`: the count sees rows that went away, the SCN
 * rows that came or changed. A view's or synonym's is that of each base table behind it, with a digest of the
 * definitions on the way, since another definition shows other rows.
 */
import { isParqueueError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProbedPart } from '../../ports/source.ts';
import type { AskedTable, AskedTables, Known, PartName } from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import { untrackable } from '../sql/untrackable.ts';
import { quotedName } from './connect.ts';
import type { Dictionary, Expansion, TableName } from './dictionary.ts';
import type { OracleSession } from './driver.ts';
import { ask, textOrNull } from './query.ts';

export interface TableTools {
  readonly dictionary: Dictionary;
  readonly clock: Clock;
}

/** Whether asking takes several statements, which have to be answered for one point in time. */
export function asksSeveral({ asked, parts }: SqlSourceQuestion, { dictionary }: TableTools, known: Known): boolean {
  if (asked.version.kind !== 'rowscn') return false;
  const [first, ...others] = parts.filter(({ label }) => !Object.hasOwn(known, label));
  return others.length > 0 || (first !== undefined && !dictionary.isTable(first));
}

export async function askTables(
  session: OracleSession,
  { parts }: SqlSourceQuestion,
  tools: TableTools,
  known: Known,
): Promise<AskedTables> {
  const asked = new Map<string, AskedTable>();
  const probed: Record<string, ProbedPart> = {};
  const reads: Record<string, readonly string[]> = {};
  for (const part of parts) {
    if (Object.hasOwn(known, part.label)) continue;
    const beganMs = tools.clock.now();
    const { tables, definition } = await askPart(session, part, tools, asked);
    const vector = tables.map(({ label }) => ({ label, version: asked.get(label)?.version ?? '' }));
    probed[part.label] = {
      version:
        definition === null
          ? (vector[0]?.version ?? '')
          : [`definition=${definition}`, ...vector.map(({ label, version }) => `${label}=${version}`)].join(','),
      costMs: Math.max(0, tools.clock.now() - beganMs),
    };
    if (definition !== null) reads[part.label] = tables.map(({ label }) => label);
  }
  return { parts: probed, reads, tables: [...asked.values()] };
}

/** A remembered table may have become a view meanwhile: then asking it fails, and it is looked up afresh, once. */
async function askPart(
  session: OracleSession,
  part: PartName,
  { dictionary, clock }: TableTools,
  asked: Map<string, AskedTable>,
): Promise<Expansion> {
  for (let attempt = 1; ; attempt += 1) {
    const expansion = await dictionary.expand(session, part);
    try {
      for (const table of expansion.tables) {
        if (asked.has(table.label)) continue;
        const beganMs = clock.now();
        const version = await tableVersion(session, table, { part, isPart: expansion.definition === null });
        asked.set(table.label, { name: table.label, version, costMs: Math.max(0, clock.now() - beganMs) });
      }
      return expansion;
    } catch (error) {
      dictionary.forget(part);
      if (attempt > 1 || expansion.definition !== null || !isParqueueError(error) || error.code !== 'PQ_UNTRACKABLE')
        throw error;
    }
  }
}

/** Oracle's words for "this has no ORA_ROWSCN": it is no column there, or not of one table. */
const NO_ROWSCN = new Set(['ORA-00904', 'ORA-01445', 'ORA-01446', 'ORA-30501', 'ORA-01752', 'ORA-30657', 'ORA-29913']);

async function tableVersion(
  session: OracleSession,
  { owner, name, label }: TableName,
  { part, isPart }: { readonly part: PartName; readonly isPart: boolean },
): Promise<string> {
  let row: readonly unknown[] | undefined;
  try {
    [row] = await ask(session, `SELECT COUNT(*), MAX(ORA_ROWSCN) FROM ${quotedName(owner)}.${quotedName(name)}`);
  } catch (error) {
    const database = isParqueueError(error) ? String(error.details['database'] ?? '') : '';
    if (NO_ROWSCN.has(database)) throw untrackable(part, `${label} has no usable ORA_ROWSCN (${database})`);
    // The view's owner may read the table, and this user only the view.
    if (!isPart && faultKindOf(error) === 'privileges') {
      throw untrackable(part, `it reads ${label}, which the user of this source may not`, `grant SELECT on ${label}`);
    }
    throw error;
  }
  const [count, newest] = (row ?? []).map(textOrNull);
  if (count === undefined || count === null) throw untrackable(part, `${label} gave no count`);
  if (newest !== undefined && newest !== null) return `${count}@${newest}`;
  if (count !== '0') throw untrackable(part, `the rows of ${label} have no ORA_ROWSCN`);
  return '0@-';
}
