/**
 * One request followed through API, queue, worker, thread and database: as a trace, at a real receiver of OTLP over HTTP, and as
 * log lines. The statement has a literal and a bind, and neither they nor the password are in anything that was told.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
import { POSTGRES } from './postgres-subject.ts';
import { SqlStage } from './sql-stage.ts';
import type { SubjectDatabase } from './sql-subject.ts';

const POLL = { timeout: 60_000 };
const TRACES = {
  first: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  second: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
  unrecorded: 'cccccccccccccccccccccccccccccccc',
  warm: 'dddddddddddddddddddddddddddddddd',
};
const CALLER_SPAN = '1111111111111111';
/** The span of the HTTP request. */
const REQUEST = 'GET /v1/datasets/:name.json';
const LITERAL = 'a-literal-of-ours';
const BIND = 471_100;

const parentOf = (trace: string, flags = '01') => ({ traceparent: `00-${trace}-${CALLER_SPAN}-${flags}` });

let receiver: OtlpReceiver;
let stage: SqlStage<SubjectDatabase>;

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  stage = await SqlStage.open(await POSTGRES.open(), {
    datasets: `
  orders:
    source: db
    sql: select id, label from orders where label <> '${LITERAL}' and id < :most
    params: { most: { type: integer, required: true } }`,
    more: `telemetry: { traces: { url: "${receiver.url}", ratio: 0% } }`,
  });
  await stage.db.commit('create table orders (id int, label text)', "insert into orders values (1, 'one'), (2, 'two')");
  const path = `/v1/datasets/orders.json?most=${BIND}`;
  // Nobody works yet: the second caller comes to the job of the first.
  const first = stage.get(path, { ...parentOf(TRACES.first), 'x-request-id': 'the-first-request' });
  await vi.waitUntil(async () => (await stage.everythingSaid()).includes('"enqueued"'), POLL);
  const second = stage.get(path, { ...parentOf(TRACES.second), 'x-request-id': 'the-second-request' });
  await vi.waitUntil(async () => (await stage.everythingSaid()).includes('the-second-request'), POLL);
  await stage.startWorker();
  for (const answer of [await first, await second]) expect((await answer.json()) as unknown[]).toHaveLength(2);
  await stage.get(path, parentOf(TRACES.unrecorded, '00'));
  await stage.get(path);
  await stage.get(path, parentOf(TRACES.warm));
  // Spans are sent every few seconds, by each process in its own time; a parent ends last.
  const came = (trace: string, ...wanted: readonly string[]) => wanted.every((name) => names(trace).includes(name));
  await vi.waitUntil(() => came(TRACES.first, 'job fill', REQUEST) && came(TRACES.second, REQUEST), POLL);
  await vi.waitUntil(() => came(TRACES.warm, 'job probe', REQUEST), POLL);
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function names(trace: string): readonly string[] {
  return receiver.of(trace).map(({ name }) => name);
}

function only(trace: string, name: string): ReceivedSpan {
  const found = receiver.of(trace).filter((span) => span.name === name);
  expect(found, `${name} among ${names(trace).join(', ')}`).toHaveLength(1);
  return found[0] as ReceivedSpan;
}

describe('a trace', () => {
  test('goes from the caller over request, job and fill into the thread and its statements', () => {
    const lineage = (span: ReceivedSpan): readonly string[] => {
      const parent = receiver.of(TRACES.first).find(({ spanId }) => spanId === span.parentSpanId);
      return parent === undefined ? [span.name] : [...lineage(parent), span.name];
    };
    const request = only(TRACES.first, REQUEST);
    expect(request.parentSpanId).toBe(CALLER_SPAN);
    const way = [request.name, 'resolve', 'job fill', 'fill'];
    expect(lineage(only(TRACES.first, 'commit'))).toEqual([...way, 'commit']);
    expect(lineage(only(TRACES.first, 'publish'))).toEqual([...way, 'publish']);
    expect(lineage(only(TRACES.first, 'SELECT public.orders'))).toEqual([...way, 'read', 'SELECT public.orders']);
    const services = new Map(receiver.of(TRACES.first).map(({ name, service }) => [name, service]));
    expect(services.get('resolve')).toBe('parqueue-api');
    expect(services.get('job fill')).toBe('parqueue-worker');
  });

  test('says what was done, in the order of the work', () => {
    const select = only(TRACES.first, 'SELECT public.orders');
    expect(select.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT public.orders',
      'db.response.returned_rows': 2,
      'parqueue.source': 'db',
    });
    const phases = ['open', 'read', 'publish', 'commit'].map((name) => only(TRACES.first, name));
    for (const [at, phase] of phases.slice(1).entries()) {
      expect(phase.beganNs >= (phases[at]?.endedNs ?? 0n), phase.name).toBe(true);
    }
    const job = only(TRACES.first, 'job fill');
    expect(job.attributes).toMatchObject({
      'parqueue.outcome': 'committed',
      'parqueue.dataset': 'orders',
      'parqueue.request.id': 'the-first-request',
    });
    expect(only(TRACES.first, 'resolve').events).toEqual(expect.arrayContaining(['looked', 'waited']));
    expect(only(TRACES.first, REQUEST).attributes).toMatchObject({ 'http.response.status_code': 200 });
  });

  test('of a caller who joined the work of another leads to the trace that has it', () => {
    expect(names(TRACES.second)).not.toContain('job fill');
    // It waited for the probe of the other, and for the fill.
    expect(only(TRACES.second, 'resolve').links).toEqual([TRACES.first, TRACES.first]);
  });

  test('of a warm ask has the probe and its question', () => {
    expect(names(TRACES.warm)).toEqual(expect.arrayContaining(['probe', 'VERSION public.orders']));
    expect(names(TRACES.warm)).not.toContain('fill');
  });

  test('is recorded where its caller records, and else by the ratio, which is nought here', () => {
    expect(receiver.of(TRACES.unrecorded)).toEqual([]);
    const known = new Set<string>(Object.values(TRACES));
    expect(receiver.spans.filter(({ traceId }) => !known.has(traceId))).toEqual([]);
  });
});

describe('log lines', () => {
  interface Line {
    readonly msg: string;
    readonly step?: string;
    readonly requestId?: string;
    readonly jobId?: string;
    readonly fillId?: string;
    readonly traceId?: string;
  }
  const linesOf = async (): Promise<readonly Line[]> =>
    (await stage.everythingSaid())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);

  test('lead from a request to its job and its fill, each with all that is known by then', async () => {
    const lines = await linesOf();
    const request = lines.filter(({ requestId }) => requestId === 'the-first-request');
    const steps = request.map(({ step }) => step).filter((step) => step !== undefined);
    for (const step of [
      'looked',
      'enqueued',
      'waited',
      'lease-acquired',
      'snapshot-opened',
      'published',
      'commit-acked',
    ])
      expect(steps, step).toContain(step);
    const jobs = new Set(request.map(({ jobId }) => jobId).filter((jobId) => jobId !== undefined));
    // Redis has no head: a probe job looks whether the store has one, and asks for the fill.
    expect(jobs.size).toBe(2);
    const leased = request.findIndex(({ step }) => step === 'lease-acquired');
    const { jobId: fillJob, fillId } = request[leased] as Line;
    expect(fillId).toMatch(/^[0-9a-f]{24}$/);
    const ofJob = lines.filter(({ jobId }) => jobId === fillJob);
    const byWorker = ofJob.slice(ofJob.findIndex(({ step }) => step === 'lease-acquired'));
    expect(byWorker.filter((line) => line.fillId !== fillId || line.requestId !== 'the-first-request')).toEqual([]);
    expect(byWorker.filter(({ traceId }) => traceId !== TRACES.first)).toEqual([]);
    expect(byWorker.at(-1)?.msg).toBe('job done');
  });

  test('name each step by the name that the code has for it', async () => {
    const steps = (await linesOf()).filter(({ step }) => step !== undefined);
    expect(steps.length).toBeGreaterThan(20);
    expect(steps.filter(({ step, msg }) => step !== msg)).toEqual([]);
  });
});

test('no literal, no bind value and no password is in any trace or line', async () => {
  const told = [...receiver.bodies, await stage.everythingSaid()].join('\n');
  expect(told).toContain('public.orders');
  for (const secret of [LITERAL, String(BIND), stage.db.password]) expect(told).not.toContain(secret);
});
