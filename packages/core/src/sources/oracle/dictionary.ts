/**
 * What stands behind a name: the base tables of a view or synonym, found by reading the dictionary and the view's own
 * text, again and again until only tables are left. What cannot be followed is refused, never left out.
 *
 * An expansion is remembered, and used again only when the dictionary still shows the same objects with the same
 * LAST_DDL_TIME: one query for the whole chain. That time has a resolution of a second: an object changed in the very
 * second in which it was read could change once more unseen, so such an expansion is not remembered. A name that is a
 * table is believed to be one for a minute without that query. Where it became a view meanwhile, asking for its
 * ORA_ROWSCN fails, and `forget` leads to a fresh look; where it became a synonym, asking does not fail, and shows the
 * target's state without the synonym's, which is why it is not believed for longer.
 */
import { createHash } from 'node:crypto';
import { isParqueueError, type ParqueueError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { labelOf, readStatement, tellObstacles } from '../../sql/index.ts';
import type { PartName } from '../sql/database.ts';
import { untrackable } from '../sql/untrackable.ts';
import type { OracleSession } from './driver.ts';
import { ask, askText, textOrNull } from './query.ts';

export interface TableName {
  readonly owner: string;
  readonly name: string;
  /** OWNER.NAME */
  readonly label: string;
}

export interface Expansion {
  /** By label, each once. */
  readonly tables: readonly TableName[];
  /** null: the part is a table. Otherwise a digest of every definition on the way; another one reads other rows. */
  readonly definition: string | null;
}

interface Remembered {
  readonly expansion: Expansion;
  /** What the dictionary showed, by the name it was asked for. */
  readonly shown: ReadonlyMap<string, string>;
  readonly asked: readonly Lookup[];
  readonly sinceMs: number;
}

interface Lookup {
  readonly owner: string;
  readonly name: string;
}

/** An object as ALL_OBJECTS has it. */
interface Found extends Lookup {
  readonly type: string;
  readonly changed: string;
  readonly now: string;
}

/** What may follow a view's query in its text: it restricts writing. */
const RESTRICTION = /\sWITH\s+(?:READ\s+ONLY|CHECK\s+OPTION)(?:\s+CONSTRAINT\s+(?:"[^"]+"|[\w$#]+))?\s*$/i;

/** Names that mean a view of the dictionary wherever the schema has nothing of that name. */
const DICTIONARY = /^G?V_?\$/;

/** Views that read views: deeper or wider than this is no accident any more. */
const DEPTH_MAX = 32;
const OBJECTS_MAX = 400;

/** How long a name that was a table is believed to be one. */
const TABLE_BELIEVED_MS = 60_000;

/** Expansions kept; those looked at longest ago go first. Forgetting one costs a few questions. */
const REMEMBERED_MAX = 5000;

/** Names asked for in one query. */
const NAMES_PER_QUERY = 100;

export class Dictionary {
  readonly #remembered = new Map<string, Remembered>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws ParqueueError PQ_UNTRACKABLE naming the object and the way out */
  async expand(session: OracleSession, part: PartName): Promise<Expansion> {
    const known = this.#remembered.get(keyOf(part));
    const believed = this.isTable(part);
    const sinceMs = this.#clock.now();
    if (known !== undefined && (believed || (await stillShown(session, known)))) {
      if (!believed) this.#remember(part, { ...known, sinceMs });
      return known.expansion;
    }
    const walk = new Walk(session, part);
    const expansion = await walk.expansion();
    if (walk.settled) {
      this.#remember(part, { expansion, shown: walk.shown, asked: walk.asked, sinceMs });
    }
    return expansion;
  }

  /** It was a table when it was looked at, a moment ago: one question answers for it. */
  isTable(part: PartName): boolean {
    const known = this.#remembered.get(keyOf(part));
    return known?.expansion.definition === null && this.#clock.now() - known.sinceMs < TABLE_BELIEVED_MS;
  }

  #remember(part: PartName, remembered: Remembered): void {
    const key = keyOf(part);
    this.#remembered.delete(key);
    this.#remembered.set(key, remembered);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
  }

  forget(part: PartName): void {
    this.#remembered.delete(keyOf(part));
  }
}

function keyOf({ label, unqualified }: PartName): string {
  return `${unqualified ? '' : '='}${label}`;
}

async function stillShown(session: OracleSession, { asked, shown }: Remembered): Promise<boolean> {
  const found = await lookUp(session, asked);
  return asked.every((name) => shown.get(labelFor(name)) === stateOf(matching(found, name)));
}

/** One walk from a part down to its tables. */
class Walk {
  readonly shown = new Map<string, string>();
  readonly asked: Lookup[] = [];
  /** Nothing on the way was changed in the second in which it was read. */
  settled = true;
  readonly #session: OracleSession;
  readonly #part: PartName;
  readonly #tables = new Map<string, TableName>();
  readonly #definitions: string[] = [];
  readonly #visited = new Set<string>();

  constructor(session: OracleSession, part: PartName) {
    this.#session = session;
    this.#part = part;
  }

  async expansion(): Promise<Expansion> {
    const { schema: owner, name, unqualified } = this.#part;
    await this.#visit({ owner, name }, { unqualified, depth: 0 });
    const tables = [...this.#tables.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
    if (this.#definitions.length === 0) return { tables, definition: null };
    const digest = createHash('sha256').update(this.#definitions.toSorted().join('\n')).digest('hex');
    return { tables, definition: digest.slice(0, 12) };
  }

  async #visit(target: Lookup, how: { readonly unqualified: boolean; readonly depth: number }): Promise<void> {
    const visit = `${how.unqualified ? '' : '='}${labelFor(target)}`;
    if (this.#visited.has(visit)) return;
    this.#visited.add(visit);
    if (target.owner === 'SYS') throw this.#ofDictionary(labelFor(target));
    const object = await this.#look(target, how.unqualified);
    const label = labelFor(object ?? target);
    if (object === null) {
      if (how.unqualified && DICTIONARY.test(target.name)) throw this.#ofDictionary(target.name);
      // Asked for by the statement itself: the database says best what is wrong with it.
      if (how.depth > 0) {
        throw untrackable(
          this.#part,
          `it reads ${label}, which the user of this source cannot see`,
          `grant SELECT on ${label}`,
        );
      }
      this.#tables.set(label, { ...target, label });
      return;
    }
    if (how.depth > DEPTH_MAX || this.asked.length > OBJECTS_MAX) {
      throw untrackable(this.#part, 'its views are nested too deeply to be followed');
    }
    switch (object.type) {
      case 'TABLE':
      case 'MATERIALIZED VIEW':
        return await this.#table(object, label);
      case 'SYNONYM':
        return await this.#synonym(object, label, how.depth);
      default:
        return await this.#view(object, label, how.depth);
    }
  }

  /** The object that a name means: one of its schema first, then a public synonym for an unqualified name. */
  async #look(target: Lookup, unqualified: boolean): Promise<Found | null> {
    const names = unqualified ? [target, { owner: 'PUBLIC', name: target.name }] : [target];
    const found = await lookUp(this.#session, names);
    for (const name of names) {
      if (this.shown.has(labelFor(name))) continue;
      this.asked.push(name);
      this.shown.set(labelFor(name), stateOf(matching(found, name)));
    }
    for (const name of names) {
      const objects = matching(found, name);
      // A materialized view is listed as the table that holds it as well.
      const object = objects.find(({ type }) => type === 'TABLE') ?? objects[0];
      if (object !== undefined) return object;
    }
    return null;
  }

  async #table(table: Found, label: string): Promise<void> {
    if (this.#tables.has(label)) return;
    const binds = { O: table.owner, N: table.name };
    const temporary = await askText(
      this.#session,
      'SELECT TEMPORARY FROM ALL_TABLES WHERE OWNER = :O AND TABLE_NAME = :N',
      binds,
    );
    if (temporary === 'Y')
      throw untrackable(this.#part, `${label} is a temporary table: its rows belong to one session`);
    const external = await askText(
      this.#session,
      'SELECT COUNT(*) FROM ALL_EXTERNAL_TABLES WHERE OWNER = :O AND TABLE_NAME = :N',
      binds,
    );
    if (external !== '0')
      throw untrackable(this.#part, `${label} is an external table: its rows are kept outside the database`);
    this.#tables.set(label, { owner: table.owner, name: table.name, label });
  }

  async #synonym(synonym: Found, label: string, depth: number): Promise<void> {
    this.#settle(synonym);
    const [row = []] = await ask(
      this.#session,
      'SELECT TABLE_OWNER, TABLE_NAME, DB_LINK FROM ALL_SYNONYMS WHERE OWNER = :O AND SYNONYM_NAME = :N',
      { O: synonym.owner, N: synonym.name },
    );
    const [owner, name, link] = row.map(textOrNull);
    if (link !== null && link !== undefined) {
      throw untrackable(this.#part, `${label} is a synonym for an object of another database (${link})`);
    }
    if (owner === null || owner === undefined || name === null || name === undefined) {
      throw untrackable(this.#part, `${label} is a synonym whose target the user of this source cannot see`);
    }
    this.#definitions.push(`synonym ${label} for ${labelFor({ owner, name })}`);
    await this.#visit({ owner, name }, { unqualified: false, depth: depth + 1 });
  }

  async #view(view: Found, label: string, depth: number): Promise<void> {
    this.#settle(view);
    const text = await askText(this.#session, 'SELECT TEXT FROM ALL_VIEWS WHERE OWNER = :O AND VIEW_NAME = :N', {
      O: view.owner,
      N: view.name,
    });
    if (text === null)
      throw untrackable(this.#part, `the user of this source cannot read the definition of the view ${label}`);
    // The names of a view's columns are not in its text; its time of change covers them.
    this.#definitions.push(`view ${label} of ${view.changed} as ${text}`);
    for (const { schema, name } of this.#reads(label, text)) {
      await this.#visit({ owner: schema ?? view.owner, name }, { unqualified: schema === null, depth: depth + 1 });
    }
  }

  #reads(label: string, text: string): readonly { readonly schema: string | null; readonly name: string }[] {
    try {
      const { reads, obstacles } = readStatement(text.replace(RESTRICTION, ''), 'oracle');
      if (obstacles.length === 0) return reads;
      throw untrackable(this.#part, `the view ${label} uses ${tellObstacles(obstacles)}`);
    } catch (error) {
      if (!isParqueueError(error) || error.code === 'PQ_UNTRACKABLE') throw error;
      throw untrackable(this.#part, `the definition of the view ${label} cannot be analysed: ${error.message}`);
    }
  }

  #ofDictionary(label: string): ParqueueError {
    return untrackable(this.#part, `${label} belongs to the data dictionary, whose rows change without a trace`);
  }

  #settle({ changed, now }: Found): void {
    if (changed >= now) this.settled = false;
  }
}

async function lookUp(session: OracleSession, names: readonly Lookup[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (let from = 0; from < names.length; from += NAMES_PER_QUERY) {
    const some = names.slice(from, from + NAMES_PER_QUERY);
    const binds = Object.fromEntries(
      some.flatMap(({ owner, name }, i) => [
        [`O${i}`, owner],
        [`N${i}`, name],
      ]),
    );
    const either = some.map((_, i) => `(OWNER = :O${i} AND OBJECT_NAME = :N${i})`).join(' OR ');
    const rows = await ask(
      session,
      "SELECT OWNER, OBJECT_NAME, OBJECT_TYPE, TO_CHAR(LAST_DDL_TIME, 'YYYY-MM-DD HH24:MI:SS'), "
        + "TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') FROM ALL_OBJECTS "
        + `WHERE OBJECT_TYPE IN ('TABLE', 'VIEW', 'SYNONYM', 'MATERIALIZED VIEW') AND (${either})`,
      binds,
    );
    for (const [owner, name, type, changed, now] of rows) {
      found.push({
        owner: String(owner),
        name: String(name),
        type: String(type),
        changed: String(changed),
        now: String(now),
      });
    }
  }
  return found;
}

function matching(found: readonly Found[], { owner, name }: Lookup): readonly Found[] {
  return found.filter((object) => object.owner === owner && object.name === name);
}

/** A table may be altered, indexed and granted as it likes; a view or synonym may not change. */
function stateOf(objects: readonly Found[]): string {
  return objects
    .map(({ type, changed }) => (type === 'VIEW' || type === 'SYNONYM' ? `${type} ${changed}` : type))
    .toSorted()
    .join(', ');
}

function labelFor({ owner, name }: Lookup): string {
  return labelOf({ schema: owner, name }, owner, 'oracle');
}
