/**
 * One way of asking after the other: whole files in each form, whether they still hold, with patience and without, pinned
 * and read by path, parts of them by their own address. Each answer goes to the judge.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HANGS_AFTER_MS, type Http, type Reply } from './http.ts';
import type { Answered, Finding, Judge, Refused, Wish } from './judge.ts';
import { datasetOf, POLICIES, queryOf, type PolicyName, type Question } from './questions.ts';
import { FORMS, type Form, type RowSets } from './row-sets.ts';
import type { Dice } from './dice.ts';

export interface Api {
  readonly name: string;
  readonly url: string;
}

export const WAYS = [
  'whole',
  'converted',
  'unchanged',
  'patient',
  'proved',
  'younger',
  'pinned',
  'own address',
  'range',
] as const;
export type Way = (typeof WAYS)[number];

/** A generation that was read: what a later ask for it, or for parts of it, must be like. */
interface Seen {
  readonly question: Question;
  readonly key: string;
  readonly generation: number;
  readonly etag: string;
  readonly path: string;
  readonly bytes: Buffer;
  /** When it was asked for and answered as current, for the last time. */
  readonly currentMs: number;
}

export interface ClientDeps {
  readonly http: Http;
  readonly judge: Judge;
  readonly rowSets: RowSets;
  readonly dice: Dice;
  readonly habits: Habits;
  readonly now: () => number;
  readonly heard: (way: Way, outcome: string, ms: number) => void;
  readonly found: (finding: Finding) => void;
}

/** How often each way and each policy comes by, of all asks. */
export interface Habits {
  readonly ways: Readonly<Record<Way, number>>;
  readonly policies: Readonly<Record<Exclude<PolicyName, 'ttl'>, number>>;
}

const SEEN_KEPT = 32;
const PIN_TTL_S = 8;
const PIN_HELD_MAX_MS = 2500;
/** Who was refused comes back a little later, as clients do. */
const AFTER_REFUSAL_MS = 100;

export class Client {
  readonly #deps: ClientDeps;
  readonly #ways: readonly Way[];
  readonly #policies: readonly (keyof Habits['policies'])[];
  readonly #latest = new Map<string, Seen>();
  readonly #seen: Seen[] = [];

  constructor(deps: ClientDeps) {
    this.#deps = deps;
    this.#ways = WAYS.flatMap((way) => Array.from({ length: deps.habits.ways[way] }, () => way));
    const policies = ['strict', 'aged', 'lazy'] as const;
    this.#policies = policies.flatMap((name) => Array.from({ length: deps.habits.policies[name] }, () => name));
  }

  /** One ask of its own choice. */
  async ask(api: Api, question: Question): Promise<void> {
    const { dice } = this.#deps;
    await this.askThus(dice.one(this.#ways), api, question);
  }

  async askThus(way: Way, api: Api, question: Question): Promise<void> {
    const { dice } = this.#deps;
    const policy = question.byAge ? 'ttl' : dice.one(this.#policies);
    switch (way) {
      case 'whole':
        return await this.#whole(way, { api, question, policy, form: 'parquet' });
      case 'converted':
        return await this.#whole(way, { api, question, policy, form: dice.one(FORMS.slice(1)) });
      case 'proved':
        return await this.#whole(way, { api, question, policy, form: 'parquet', cacheControl: 'no-cache' });
      case 'younger':
        return await this.#whole(way, { api, question, policy, form: 'parquet', cacheControl: 'max-age=1' });
      case 'unchanged':
        return await this.#unchanged({ api, question, policy, form: 'parquet' });
      case 'patient':
        return await this.#patient({ api, question, policy, form: 'parquet' });
      case 'pinned':
        return await this.#pinned({ api, question, policy, form: 'parquet' });
      case 'own address':
      case 'range':
        return await this.#ownAddress(way, api);
    }
  }

  /** Strictly, in a form of the caller's choice. */
  async askIn(form: Form, api: Api, question: Question): Promise<void> {
    await this.#whole('whole', { api, question, policy: 'strict', form });
  }

  /** Strictly, whether what this client has still holds. */
  async askWhether(api: Api, question: Question): Promise<void> {
    await this.#unchanged({ api, question, policy: 'strict', form: 'parquet' });
  }

  async #whole(way: Way, plan: Plan): Promise<void> {
    const { now, http } = this.#deps;
    const { api, question, policy, form, cacheControl, held } = plan;
    const askedMs = now();
    const url = `${api.url}/v1/datasets/${datasetOf(question, policy)}.${form}?${queryOf(question)}`;
    const headers: Record<string, string> = {
      ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
      ...(held === undefined ? {} : { 'if-none-match': held }),
    };
    await this.#take(way, plan, { askedMs, reply: await http.send(url, { headers }) });
  }

  async #unchanged(plan: Plan): Promise<void> {
    const latest = this.#latest.get(plan.question.name);
    await this.#whole('unchanged', latest === undefined ? plan : { ...plan, held: latest.etag });
  }

  /** Is told to come back, and does: what satisfied the first ask satisfies it then, so its age counts from there. */
  async #patient(plan: Plan): Promise<void> {
    const { now, http } = this.#deps;
    const { api, question, policy } = plan;
    const askedMs = now();
    const url = `${api.url}/v1/datasets/${datasetOf(question, policy)}/data?${queryOf(question)}`;
    let fill: string | null = null;
    for (;;) {
      const headers: Record<string, string> = { prefer: 'wait=1', ...(fill === null ? {} : { 'parqueue-fill': fill }) };
      const reply = await http.send(url, { headers });
      if (reply.status !== 202) return await this.#take('patient', plan, { askedMs, reply });
      if (now() - askedMs > HANGS_AFTER_MS)
        return await this.#refused('patient', {
          api,
          question,
          askedMs,
          answeredMs: now(),
          code: 'hangs',
          detail: '202',
        });
      fill = (JSON.parse(reply.body.toString()) as { readonly fill: { readonly id: string } }).fill.id;
    }
  }

  async #pinned(plan: Plan): Promise<void> {
    const { now, http, judge, rowSets, dice, heard } = this.#deps;
    const { api, question, policy } = plan;
    const askedMs = now();
    const body = {
      dataset: datasetOf(question, policy),
      params: { owner: question.owner },
      ...(question.columns.length === 5 ? {} : { columns: question.columns }),
      pin: `${PIN_TTL_S}s`,
    };
    const reply = await http.send(`${api.url}/v1/resolve`, { method: 'POST', body });
    const answeredMs = now();
    if (reply.code !== null)
      return await this.#refused('pinned', {
        api,
        question,
        askedMs,
        answeredMs,
        code: reply.code,
        detail: reply.detail,
      });
    // Not yet, on a machine that takes so long; who comes back for it is `patient`.
    if (reply.status === 202) return heard('pinned', 'pending', answeredMs - askedMs);
    const told = JSON.parse(reply.body.toString()) as Resolved;
    await sleep(dice.below(PIN_HELD_MAX_MS));
    let bytes: Buffer;
    try {
      bytes = await readFile(told.file.path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? `${String(error.code)} under a pin` : 'unreadable';
      return await this.#refused('pinned', { api, question, askedMs, answeredMs: now(), code, detail: told.file.path });
    }
    const { digest, found } = await rowSets.read('parquet', bytes, question.columns);
    this.#judged(
      'pinned',
      now() - askedMs,
      judge.answered({
        api: api.name,
        question,
        askedMs,
        answeredMs: now(),
        wish: wishOf(plan),
        key: told.key,
        generation: told.generation,
        form: 'parquet',
        digest,
        promised: told.sha256,
        tag: null,
        found,
        age: Math.floor(told.ageSeconds),
        stale: told.cache.detail ?? 'no',
      }),
    );
    // A pin that cannot be given back ends by itself.
    await http.send(`${api.url}/v1/pins/${encodeURIComponent(told.pin.id)}`, { method: 'DELETE' });
  }

  /** Bytes of a generation, whole or in part, whatever has become of its entry meanwhile. */
  async #ownAddress(way: 'own address' | 'range', api: Api): Promise<void> {
    const { now, http, judge, rowSets, dice } = this.#deps;
    if (this.#seen.length === 0) return;
    const seen = dice.one(this.#seen);
    const { question, key, generation } = seen;
    const askedMs = now();
    const from = dice.below(seen.bytes.length);
    const to = from + dice.below(seen.bytes.length - from);
    const headers: Record<string, string> = way === 'range' ? { range: `bytes=${from}-${to}` } : {};
    const reply = await http.send(`${api.url}${seen.path}`, { headers });
    const answeredMs = now();
    const asked = { api: api.name, question, askedMs, answeredMs };
    if (reply.code === 'PQ_GONE') return await this.#gone(way, seen, { ...asked, api });
    if (reply.code !== null)
      return await this.#refused(way, { ...asked, api, code: reply.code, detail: reply.detail, isOfGeneration: true });
    const expected = way === 'range' ? seen.bytes.subarray(from, to + 1) : seen.bytes;
    const whole = reply.body.equals(expected) ? seen.bytes : reply.body;
    const { digest, found } = await rowSets.read('parquet', whole, question.columns);
    const promised = hashIn(reply.headers.etag);
    this.#judged(
      way,
      answeredMs - askedMs,
      judge.answered({
        ...asked,
        wish: null,
        key,
        generation,
        form: 'parquet',
        digest,
        promised,
        tag: reply.headers.etag ?? null,
        found,
        age: null,
        stale: 'no',
      }),
    );
  }

  /** What was replaced may go, after its grace. The generation that a strict ask is answered with is there. */
  async #gone(
    way: Way,
    seen: Seen,
    { api, askedMs, answeredMs }: { readonly api: Api; readonly askedMs: number; readonly answeredMs: number },
  ): Promise<void> {
    const { now, judge } = this.#deps;
    const { question, key, generation, currentMs } = seen;
    const asked = { api: api.name, question, askedMs, answeredMs };
    this.#judged(way, answeredMs - askedMs, judge.gone({ ...asked, key, generation, currentMs }), 'gone');
    const at = this.#seen.indexOf(seen);
    if (at >= 0) this.#seen.splice(at, 1);
    const againMs = now();
    const before = this.#latest.get(question.name);
    await this.askThus('proved', api, question);
    const latest = this.#latest.get(question.name);
    // Who was refused this time has what it had.
    if (latest !== undefined && latest !== before && latest.generation === generation)
      await this.#refused(way, {
        api,
        question,
        askedMs: againMs,
        answeredMs: now(),
        code: 'PQ_GONE',
        detail: 'and is the head',
      });
  }

  async #take(
    way: Way,
    plan: Plan,
    { askedMs, reply }: { readonly askedMs: number; readonly reply: Reply },
  ): Promise<void> {
    const { now, judge, rowSets } = this.#deps;
    const { api, question, form, held } = plan;
    const answeredMs = now();
    if (reply.code !== null)
      return await this.#refused(way, { api, question, askedMs, answeredMs, code: reply.code, detail: reply.detail });
    const { headers, status } = reply;
    const key = String(headers['parqueue-key']);
    const generation = Number(headers['parqueue-generation']);
    const promised = form === 'parquet' ? hashIn(headers.etag) : null;
    const kept = hashIn(held);
    const read =
      status === 304
        ? {
            digest: kept,
            found: rowSets.known(form, kept, question.columns) ?? { wrong: '304 for bytes that nobody has' },
          }
        : await rowSets.read(form, reply.body, question.columns);
    const answered: Answered = {
      api: api.name,
      question,
      askedMs,
      answeredMs,
      wish: wishOf(plan),
      key,
      generation,
      form,
      ...read,
      promised,
      tag: headers.etag ?? null,
      age: headers.age === undefined ? null : Number(headers.age),
      stale: staleIn(String(headers['cache-status'])),
    };
    const findings = judge.answered(answered);
    this.#judged(way, answeredMs - askedMs, findings, outcomeOf(status, answered, String(headers['cache-status'])));
    if (form === 'parquet' && status === 200 && findings.length === 0)
      this.#remember({
        question,
        key,
        generation,
        etag: headers.etag ?? '',
        path: String(headers['content-location']),
        bytes: reply.body,
        currentMs: askedMs,
      });
  }

  #remember(seen: Seen): void {
    const latest = this.#latest.get(seen.question.name);
    this.#latest.set(seen.question.name, seen);
    const isSame = latest?.generation === seen.generation && latest.key === seen.key;
    if (isSame && this.#seen.at(-1) === latest) this.#seen.pop();
    this.#seen.push(seen);
    if (this.#seen.length > SEEN_KEPT) this.#seen.shift();
  }

  async #refused(way: Way, { api, ...refused }: Omit<Refused, 'api'> & { readonly api: Api }): Promise<void> {
    const { judge, heard } = this.#deps;
    heard(way, refused.code, refused.answeredMs - refused.askedMs);
    for (const finding of judge.refused({ ...refused, api: api.name })) this.#deps.found(finding);
    await sleep(AFTER_REFUSAL_MS);
  }

  #judged(way: Way, ms: number, findings: readonly Finding[], outcome = 'answered'): void {
    this.#deps.heard(way, findings.length === 0 ? outcome : 'WRONG', ms);
    for (const finding of findings) this.#deps.found(finding);
  }
}

interface Plan {
  readonly api: Api;
  readonly question: Question;
  readonly policy: PolicyName;
  readonly form: Form;
  readonly cacheControl?: 'no-cache' | 'max-age=1';
  /** The ETag of what the caller has already. */
  readonly held?: string;
}

interface Resolved {
  readonly key: string;
  readonly generation: number;
  readonly sha256: string;
  readonly ageSeconds: number;
  readonly file: { readonly path: string };
  readonly cache: { readonly detail: Exclude<Answered['stale'], 'no'> | null };
  readonly pin: { readonly id: string };
}

/** A request tightens what its dataset allows, and takes nothing stale then. */
function wishOf({ policy, cacheControl }: Plan): Wish {
  const declared = POLICIES[policy];
  const { maxAgeMs, ifErrorMs } = declared;
  if (cacheControl === undefined) return { ...declared, degradedMs: ifErrorMs === 0 ? 0 : maxAgeMs + ifErrorMs };
  const tightened = { whileRevalidateMs: 0, ifErrorMs: 0 };
  if (cacheControl === 'no-cache') return { ...tightened, maxAgeMs: 0, degradedMs: 0 };
  return { ...tightened, maxAgeMs: Math.min(1000, maxAgeMs), degradedMs: ifErrorMs === 0 ? 0 : 1000 };
}

function hashIn(etag: string | undefined): string {
  return etag?.replace(/^W\//, '').replaceAll('"', '') ?? 'no ETag';
}

function staleIn(cacheStatus: string): Answered['stale'] {
  if (!cacheStatus.includes('fwd=stale')) return 'no';
  const [, detail] = /detail="?([A-Za-z-]+)/.exec(cacheStatus) ?? [];
  return detail === 'staleWhileRevalidate' || detail === 'coordination-down' ? detail : 'staleIfError';
}

function outcomeOf(status: number, { stale }: Answered, cacheStatus: string): string {
  if (stale !== 'no') return `stale (${stale})`;
  const how = cacheStatus.includes('fwd=miss') ? 'miss' : cacheStatus.includes('revalidated') ? 'revalidated' : 'hit';
  return status === 304 ? `${how}, 304` : how;
}
