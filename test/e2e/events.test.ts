/** The stream of what happens in the cache: who hears what, in which order, and what is heard after having been away. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemOf, Stage } from './api-stage.ts';

interface Heard {
  readonly event: string;
  readonly id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const as = (name: string) => ({ authorization: `Bearer ${name}` });
const YAML = `
auth:
  apiKeys:
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, adhoc, admin] }
    - { name: other, sha256: ${sha256('other')}, scopes: [read], datasets: [lenient] }
`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ yaml: YAML });
  await stage.writeWords('one', 'two');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** A stream under way, and all that was heard of it. */
class Listening implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly #left = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(body: ReadableStream<Uint8Array>, left: AbortController) {
    this.#left = left;
    this.#reading = this.#read(body).catch(() => undefined);
  }

  static async open(path: string, who: string, headers: Record<string, string> = {}): Promise<Listening> {
    const left = new AbortController();
    const response = await fetch(`${stage.url}${path}`, { headers: { ...as(who), ...headers }, signal: left.signal });
    if (response.body === null || response.status !== 200) throw new Error(`${response.status}`);
    return new Listening(response.body, left);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of body) {
      text += decoder.decode(piece, { stream: true });
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const event of whole) {
        const fields = new Map(event.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
        if (!fields.has('event')) continue;
        const data = JSON.parse(fields.get('data') ?? 'null') as Heard['data'];
        this.heard.push({ event: fields.get('event') ?? '', id: fields.get('id') ?? null, data });
      }
    }
  }

  fills(dataset: string): readonly Heard['data'][] {
    return this.heard.flatMap(({ event, data }) => (event === 'fill' && data['dataset'] === dataset ? [data] : []));
  }

  heads(): readonly Heard[] {
    return this.heard.filter(({ event }) => event === 'head');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left.abort();
    await this.#reading;
  }
}

async function load(dataset: string): Promise<number> {
  const response = await stage.post('/v1/resolve', { dataset }, as('admin'));
  expect(response.status).toBe(200);
  return ((await response.json()) as { generation: number }).generation;
}

describe('the stream', () => {
  test('tells a load from its beginning to its end, and the head that it made, to who may see the dataset', async () => {
    await using admin = await Listening.open('/v1/events', 'admin');
    await using narrow = await Listening.open('/v1/events?dataset=lenient', 'admin');
    await using other = await Listening.open('/v1/events', 'other');
    const generation = await load('words');
    await expect.poll(() => admin.heads().length).toBe(1);
    // The probe before it ends too.
    const told = (): Heard['data'] | undefined => admin.fills('words').findLast(({ kind }) => kind === 'fill');
    await expect.poll(() => told()?.['state']).toBe('finished');
    expect(told()).toMatchObject({
      source: 'lake',
      outcome: { kind: 'committed', fence: generation },
    });
    expect(admin.heads()[0]).toMatchObject({
      id: expect.stringMatching(/^\d+-\d+$/),
      data: {
        dataset: 'words',
        source: 'lake',
        generation,
        rows: 2,
        url: expect.stringContaining(`/generations/${generation}/data`),
      },
    });
    await load('lenient');
    await expect.poll(() => other.heads().length).toBe(1);
    await expect.poll(() => narrow.heads().length).toBe(1);
    for (const bounded of [narrow, other])
      expect(bounded.heard.map(({ data }) => data['dataset'])).toEqual(bounded.heard.map(() => 'lenient'));
  });

  test('begins with what is under way, and tells the end of what was cancelled before it ran', async () => {
    await stage.stopWorker();
    const ids: string[] = [];
    for (const market of ['a', 'b', 'c']) {
      const question = { dataset: 'prices', params: { market } };
      const response = await stage.post('/v1/resolve', question, { ...as('admin'), prefer: 'respond-async' });
      ids.push(((await response.json()) as { fill: { id: string } }).fill.id);
    }
    await using admin = await Listening.open('/v1/events', 'admin');
    await expect.poll(() => admin.fills('prices').map(({ id }) => id)).toEqual(ids);
    expect(admin.fills('prices').every(({ state }) => state === 'queued')).toBe(true);
    for (const id of ids) expect((await stage.get(`/v1/fills/${id}`, as('admin'), 'DELETE')).status).toBe(202);
    await expect.poll(() => admin.fills('prices').length).toBe(6);
    expect(admin.fills('prices').slice(3)).toMatchObject(
      ids.map(() => ({ dataset: 'prices', state: 'finished', outcome: { kind: 'cancelled' } })),
    );
    await stage.startWorker();
  });

  test('goes on behind the last event that was heard', async () => {
    const heard: string[] = [];
    {
      await using admin = await Listening.open('/v1/events', 'admin');
      await stage.writeWords('three');
      await load('words');
      await expect.poll(() => admin.heads().length).toBe(1);
      heard.push(admin.heads()[0]?.id ?? '');
    }
    await stage.writeWords('four');
    const missed = [await load('words'), await load('lenient')];
    await using back = await Listening.open('/v1/events', 'admin', { 'last-event-id': heard[0] ?? '' });
    await expect.poll(() => back.heads().length).toBeGreaterThan(0);
    // `lenient` may be answered within its hour: then its head did not move.
    expect(missed).toContain(back.heads()[0]?.data['generation']);
    expect(back.heads()[0]?.data).toMatchObject({ dataset: 'words', generation: missed[0] });
    await using stranger = await Listening.open('/v1/events', 'admin', { 'last-event-id': 'of-another-server' });
    await expect.poll(() => stranger.heard[0]?.event).toBe('missed');
  });

  test('is for datasets that there are and that the caller may use', async () => {
    const unknown = await stage.get('/v1/events?dataset=nothing', as('admin'));
    expect(await problemOf(unknown)).toMatchObject({ status: 404, code: 'PQ_UNKNOWN_DATASET' });
    const foreign = await stage.get('/v1/events?dataset=words', as('other'));
    expect(await problemOf(foreign)).toMatchObject({ status: 404, code: 'PQ_UNKNOWN_DATASET' });
  });

  test('is bounded per key, and leaves others theirs', async () => {
    const open: Listening[] = [];
    for (let at = 0; at < 50; at += 1) open.push(await Listening.open('/v1/events', 'other'));
    const one = await stage.get('/v1/events', as('other'));
    expect(await problemOf(one)).toMatchObject({ status: 429, code: 'PQ_RATE_LIMITED' });
    open.push(await Listening.open('/v1/events', 'admin'));
    for (const listening of open) await listening[Symbol.asyncDispose]();
    const again = async (): Promise<boolean> => {
      try {
        await using _stream = await Listening.open('/v1/events', 'other');
        return true;
      } catch {
        return false;
      }
    };
    await expect.poll(again).toBe(true);
  });

  test('says goodbye when the server stops', async () => {
    const admin = await Listening.open('/v1/events', 'admin');
    await stage.stopApi();
    await expect.poll(() => admin.heard.at(-1)).toMatchObject({ event: 'bye', data: { code: 'PQ_COORDINATION_DOWN' } });
  });
});
