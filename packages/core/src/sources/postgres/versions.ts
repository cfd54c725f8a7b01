/**
 * Versions of Postgres' tables, all asked in the one transaction that shows one state. A part's is `<rows>/<digest>`: of
 * each table behind it the version of its rows (row-version.ts), and a digest of everything else that its rows and
 * values depend on: columns, types, views, functions of views (structure.ts, functions.ts), the cluster (snapshot.ts).
 *
 * What stands behind a part is asked of the planner every time: about a millisecond, and nothing remembered can be
 * wrong. Planning takes locks to the end of the transaction, so from then on no relation can get another file,
 * definition or column; only a partition may still come, or another name of a schema, which `confirm` looks for after
 * the last row.
 */
import { createHash } from 'node:crypto';
import { ParqueueError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProbedPart } from '../../ports/source.ts';
import type { AskedTable, AskedTables, Known, PartName } from '../sql/database.ts';
import { ofKind } from '../sql/faults.ts';
import type { SqlSourceQuestion } from '../sql/question.ts';
import { untrackable } from '../sql/untrackable.ts';
import { boundStatement } from './bind.ts';
import type { PostgresSession } from './driver.ts';
import {
  functionsOfViews,
  ofCatalogue,
  refuseDefinitions,
  refuseFunctions,
  refuseRowFunctions,
  refuseUnknownCalls,
} from './functions.ts';
import { ask as askSession } from './query.ts';
import {
  named,
  plannedPart,
  plannedReads,
  qualified,
  quoted,
  refusalOfPlan,
  type Ask,
  type PlannedReads,
  type RelationName,
} from './relations.ts';
import { rowVersion, type Target } from './row-version.ts';
import { originOf, type Origin } from './snapshot.ts';
import { refuseTypes } from './statement-types.ts';
import { factsOf, membersOf, type Member, type RelationFacts } from './structure.ts';
import { targetsOf } from './targets.ts';

export interface TableTools {
  readonly clock: Clock;
  readonly schema: string;
}

/** What was found behind one part. */
interface Expansion {
  readonly part: PartName;
  readonly members: readonly Member[];
  readonly reads: PlannedReads;
}

interface Expanded {
  readonly expansions: readonly Expansion[];
  /** By `qualified` name. */
  readonly facts: ReadonlyMap<string, RelationFacts>;
}

interface ToAsk extends Expanded {
  /** null: there is no table. */
  readonly origin: Origin | null;
  readonly known: Known;
}

/** Longer ones are hashed: they are kept with every generation and record. */
const VERSION_CHARS_MAX = 400;

const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

export class PostgresTables {
  readonly #tools: TableTools;
  /** What plans read when the versions were asked, for `confirm`. */
  readonly #seen = new WeakMap<PostgresSession, readonly Expansion[]>();

  constructor(tools: TableTools) {
    this.#tools = tools;
  }

  /** Plan, structure and rows of a table are several questions. */
  asksSeveral({ asked, parts }: SqlSourceQuestion, known: Known): boolean {
    return asked.version.kind === 'row-version' && parts.some(({ label }) => !Object.hasOwn(known, label));
  }

  /**
   * Where nothing is left to ask nothing is looked at, the statement's own plan and functions neither: a load does it.
   * @throws ParqueueError PQ_UNTRACKABLE; PQ_SOURCE_UNSTABLE (fault 'snapshot-lost'); what a session throws
   */
  async askTables(session: PostgresSession, question: SqlSourceQuestion, known: Known): Promise<AskedTables> {
    const wanted = question.parts.filter(({ label }) => !Object.hasOwn(known, label));
    if (wanted.length === 0 && question.parts.length > 0) return { parts: {}, reads: {}, tables: [] };
    const ask: Ask = (sql, values) => askSession(session, sql, values);
    return await withoutJit(ask, async () => {
      const origin = wanted.length === 0 ? null : await originOf(ask);
      const { expansions, facts } = await this.#expanded(session, ask, question);
      return await this.#asked(ask, { expansions, facts, origin, known });
    });
  }

  async #expanded(session: PostgresSession, ask: Ask, question: SqlSourceQuestion): Promise<Expanded> {
    await refuseFunctions(ask, question.statement.text, this.#tools.schema);
    await refuseUnknownCalls(ask, question.statement.calls, this.#tools.schema);
    const expansions: Expansion[] = [];
    for (const part of question.parts) expansions.push(await expand(ask, part));
    const facts = await factsOf(ask, expansions.flatMap(relationsOf));
    await refuseTypes(ask, { text: question.statement.text, schema: this.#tools.schema }, facts.values());
    this.#seen.set(session, expansions);
    await this.#refuseStrangers(ask, question, expansions);
    return { expansions, facts };
  }

  async #asked(ask: Ask, { expansions, facts, origin, known }: ToAsk): Promise<AskedTables> {
    const { clock } = this.#tools;
    const asked = new Map<string, AskedTable>();
    const parts: Record<string, ProbedPart> = {};
    const reads: Record<string, readonly string[]> = {};
    for (const expansion of expansions) {
      const { part } = expansion;
      if (origin === null || Object.hasOwn(known, part.label)) continue;
      const beganMs = clock.now();
      const { targets, digest } = await this.#looked(ask, expansion, { facts, origin });
      for (const target of targets) {
        if (asked.has(keyOf(target))) continue;
        const tableBeganMs = clock.now();
        const version = await rowVersion(ask, target, origin.m);
        asked.set(keyOf(target), {
          name: named(target),
          version,
          costMs: Math.max(0, clock.now() - tableBeganMs),
        });
      }
      const vector = targets.map((target) => asked.get(keyOf(target)) as AskedTable);
      parts[part.label] = {
        version: `${rowsOf(part, vector)}/${digest}`,
        costMs: Math.max(0, clock.now() - beganMs),
      };
      const tables = this.#tablesOf(expansion);
      if (tables.length !== 1 || tables[0] !== part.label) reads[part.label] = tables;
    }
    return { parts, reads, tables: [...asked.values()] };
  }

  /**
   * ATTACH PARTITION and INHERIT take a lock that reading does not keep out. Rows that were planned with a table that the
   * version does not know would be an answer that its version names for ever, should the table be detached again
   * before anybody looks: the version would then be newer than the rows (I2). Our locks keep it from being detached
   * before the end of this transaction, so one look after the last row is enough. Nor does a lock on a table keep its
   * schema from another name: the rows may be of a table that took the name from the one whose version was asked. Loads
   * whose version looks at no table only have to be of one state.
   */
  async confirm(session: PostgresSession, question: SqlSourceQuestion): Promise<void> {
    const ask: Ask = (sql, values) => askSession(session, sql, values);
    const seen = this.#seen.get(session);
    if (seen !== undefined) {
      await refuseChanged(ask, seen);
      return await refuseUnsettled(ask, seen.flatMap(lockedOf));
    }
    const { text, binds } = boundStatement(question.statement.text, question.asked.binds);
    const { relations } = await plannedReads(ask, text, binds);
    await refuseUnsettled(ask, relations);
  }

  /** The statement itself may read what stands behind its parts and nothing else, whatever its text looks like. */
  async #refuseStrangers(ask: Ask, question: SqlSourceQuestion, expansions: readonly Expansion[]): Promise<void> {
    const { text, binds } = boundStatement(question.statement.text, question.asked.binds);
    const statement = await plannedReads(ask, text, binds);
    const label = 'the statement';
    const elsewhere = refusalOfPlan({ label }, statement);
    if (elsewhere !== null) throw elsewhere;
    await refuseRowFunctions(ask, { label }, statement.functions);
    // Members too: a join that the planner takes out of the view alone may stay in the statement's plan.
    const behind = new Set(expansions.flatMap(relationsOf).map(qualified));
    const stranger = statement.relations.find((relation) => !behind.has(qualified(relation)));
    if (stranger === undefined) return;
    // It may have been attached just now.
    await refuseChanged(ask, expansions);
    if (SYSTEM_SCHEMAS.has(stranger.schema)) throw ofCatalogue({ label }, stranger);
    throw untrackable({ label }, `it reads ${named(stranger)} without naming it, by a function or a rule`);
  }

  async #looked(
    ask: Ask,
    expansion: Expansion,
    { facts, origin }: { readonly facts: Expanded['facts']; readonly origin: Origin },
  ): Promise<{ readonly targets: readonly Target[]; readonly digest: string }> {
    const { part, members, reads } = expansion;
    const elsewhere = refusalOfPlan(part, reads);
    if (elsewhere !== null) throw elsewhere;
    await refuseRowFunctions(ask, part, reads.functions);
    const views = distinct(members.filter(({ kind }) => kind === 'v'));
    await refuseDefinitions(ask, part, views);
    const functions = await functionsOfViews(ask, part, views);
    const all = relationsOf(expansion).map((name) => facts.get(qualified(name)) as RelationFacts);
    for (const relation of all) this.#refuseRelation(part, relation, { behindView: views.length > 0 });
    const byOid = new Map(all.map((relation) => [relation.oid, relation]));
    const targets = targetsOf({
      part,
      members,
      planned: reads.relations.map((name) => facts.get(qualified(name)) as RelationFacts),
      factsOf: (oid) => byOid.get(oid),
    });
    const lines = [
      `cluster ${origin.cluster ?? ''}`,
      `money ${origin.money}`,
      ...[...byOid.values()].map(({ oid, structure }) => `relation ${oid} ${structure}`).toSorted(),
      ...functions,
    ];
    return {
      targets: targets.toSorted((a, b) => (named(a) < named(b) ? -1 : 1)),
      digest: createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 12),
    };
  }

  #refuseRelation(part: PartName, relation: RelationFacts, { behindView }: { readonly behindView: boolean }): void {
    const label = named(relation);
    if (!relation.isSettled) throw changedMeanwhile(label);
    if (SYSTEM_SCHEMAS.has(relation.schema)) throw ofCatalogue(part, relation);
    if (relation.kind === 'S') throw untrackable(part, `${label} is a sequence, which changes without a trace`);
    if (relation.kind === 'f')
      throw untrackable(part, `${label} is a foreign table: its rows are kept on another server`);
    if (relation.isTemporary) throw untrackable(part, `${label} is a temporary table: its rows belong to one session`);
    if (relation.accessMethod !== null && relation.accessMethod !== 'heap') {
      throw untrackable(part, `the rows of ${label} are kept by ${relation.accessMethod}, not by Postgres' own heap`);
    }
    // Below a view it is the view's owner whose policies count, which cannot be asked.
    if (relation.rowSecurity === 'active' || (relation.rowSecurity === 'for others' && behindView)) {
      throw untrackable(
        part,
        `${label} has row security, whose policies decide by more than its rows`,
        'read it as a user with BYPASSRLS',
      );
    }
  }

  /** Base tables and partitioned ones: what an invalidation may name. */
  #tablesOf(expansion: Expansion): readonly string[] {
    const views = new Set(expansion.members.filter(({ kind }) => kind === 'v').map(qualified));
    const tables = relationsOf(expansion).filter((relation) => !views.has(qualified(relation)));
    return [...new Set(tables.map((table) => named(table)))].toSorted();
  }
}

async function expand(ask: Ask, part: PartName): Promise<Expansion> {
  // The plan first: it takes the locks, and tells best what is wrong with a name.
  const reads = await plannedPart(ask, part);
  const written = part.unqualified ? quoted(part.name) : qualified(part);
  const members = await membersOf(ask, written);
  // Made after the snapshot, which does not show it.
  if (members.length === 0) throw changedMeanwhile(part.label);
  return { part, reads, members };
}

/** The catalogue's queries cost half a millisecond, and their estimates are such that compiling them would take 300. */
async function withoutJit<T>(ask: Ask, work: () => Promise<T>): Promise<T> {
  const [row] = await ask("SELECT pg_catalog.current_setting('jit'), pg_catalog.set_config('jit', 'off', true)");
  const result = await work();
  // Fails the work, so does the transaction, and the setting with it.
  await ask("SELECT pg_catalog.set_config('jit', $1, true)", [row?.[0] ?? 'on']);
  return result;
}

/** @throws ParqueueError PQ_SOURCE_UNSTABLE (fault 'snapshot-lost') where a part reads other relations than it did */
async function refuseChanged(ask: Ask, expansions: readonly Expansion[]): Promise<void> {
  for (const { part, reads } of expansions) {
    const now = await plannedPart(ask, part);
    if (JSON.stringify(now.relations) !== JSON.stringify(reads.relations)) throw changedMeanwhile(part.label);
  }
}

/** @throws ParqueueError PQ_SOURCE_UNSTABLE (fault 'snapshot-lost') where a name or file is not the snapshot's any more */
async function refuseUnsettled(ask: Ask, relations: readonly RelationName[]): Promise<void> {
  const facts = await withoutJit(ask, () => factsOf(ask, relations));
  for (const relation of facts.values()) {
    if (!relation.isSettled) throw changedMeanwhile(named(relation));
  }
}

/** What our plans have locked: partitions that they leave out are not. */
function lockedOf({ members, reads }: Expansion): readonly RelationName[] {
  return [...reads.relations, ...members.filter(({ way }) => way !== 'child')];
}

/** In the plan or the catalogue, each once. */
function relationsOf({ members, reads }: Expansion): readonly RelationName[] {
  return distinct([...reads.relations, ...members]);
}

function distinct<T extends RelationName>(relations: readonly T[]): readonly T[] {
  return [...new Map(relations.map((relation) => [qualified(relation), relation])).values()];
}

function keyOf({ oid, withChildren }: Target): string {
  return `${oid} ${withChildren}`;
}

function rowsOf(part: PartName, vector: readonly AskedTable[]): string {
  const [first] = vector;
  if (vector.length === 1 && first !== undefined && first.name === part.label) return first.version;
  const text = vector.map(({ name, version }) => `${name}=${version}`).join(',');
  return text.length <= VERSION_CHARS_MAX ? text : `sha256-${createHash('sha256').update(text).digest('hex')}`;
}

function changedMeanwhile(label: string): ParqueueError {
  return ofKind(
    'snapshot-lost',
    new ParqueueError('PQ_SOURCE_UNSTABLE', `${label} was rebuilt, truncated, attached or renamed while it was read`, {
      details: { object: label },
    }),
  );
}
