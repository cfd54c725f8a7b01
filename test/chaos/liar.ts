/**
 * Ways to be wrong, to see that the judge bites in a real run: something between client and API that answers with other
 * bytes than it was given, and an API of a configuration that allows what the others do not.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from './client.ts';
import type { Http, Reply } from './http.ts';
import type { Reason } from './judge.ts';
import type { Form } from './row-sets.ts';

export interface LieFacts {
  readonly caught: Reason;
  readonly form: Form;
  /** What comes between the honest answer and the lie: another version, or a mark. */
  readonly after: 'a write' | 'a hard mark' | 'nothing';
  /** Asked by who has the rows already, and wants to know whether they still hold. */
  readonly held?: true;
}

export const LIES = {
  'older rows, whole and with their own ETag': { caught: 'stale', form: 'parquet', after: 'a write' },
  'the bytes of another generation': { caught: 'changed', form: 'parquet', after: 'a write' },
  'the rows of somebody else': { caught: 'misattributed', form: 'parquet', after: 'a write' },
  'rows of two versions': { caught: 'torn', form: 'csv', after: 'a write' },
  'a byte that is another one': { caught: 'torn', form: 'parquet', after: 'nothing' },
  'what is an hour old, by its configuration': { caught: 'stale', form: 'parquet', after: 'a write' },
  'that nothing changed, although it did': { caught: 'torn', form: 'parquet', after: 'a write', held: true },
  'what was marked hard before': { caught: 'forbidden', form: 'parquet', after: 'a hard mark' },
  'an outage of a source that is there': { caught: 'unexplained', form: 'parquet', after: 'nothing' },
} as const satisfies Readonly<Record<string, LieFacts>>;
export type Lie = keyof typeof LIES;

type Told = Pick<Reply, 'status' | 'headers' | 'body'>;

/** What is told instead: from what was answered before the source changed, what is answered now, and to somebody else. */
const TELL: Readonly<Record<Lie, (before: Told, now: Told, other: Told) => Told>> = {
  'older rows, whole and with their own ETag': older,
  'the bytes of another generation': older,
  'the rows of somebody else': (_, now, { headers, body }) => ({
    ...now,
    headers: { ...now.headers, etag: headers.etag },
    body,
  }),
  'rows of two versions': (before, now) => {
    const [old, young] = [before, now].map(({ body }) => body.toString().split('\n'));
    const half = Math.floor((young?.length ?? 0) / 2);
    const mixed = [...(young?.slice(0, half) ?? []), ...(old?.slice(half) ?? [])];
    return { ...now, body: Buffer.from(mixed.join('\n')) };
  },
  'a byte that is another one': (_, now) => {
    const body = Buffer.from(now.body);
    body[100] = (body[100] ?? 0) ^ 1;
    return { ...now, body };
  },
  'what is an hour old, by its configuration': (_, now) => now,
  'that nothing changed, although it did': (_, now) => ({ ...now, status: 304, body: Buffer.alloc(0) }),
  'what was marked hard before': (before) => before,
  'an outage of a source that is there': () => ({
    status: 503,
    headers: {},
    body: Buffer.from('{"code":"PQ_SOURCE_UNAVAILABLE","detail":"so it says"}'),
  }),
};

function older(before: Told, now: Told): Told {
  return { ...now, headers: { ...now.headers, etag: before.headers.etag }, body: before.body };
}

export class Liar implements AsyncDisposable {
  readonly api: Api;
  /** Honest until told otherwise. */
  lying = false;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.api = { name: 'the liar', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  static async start(lie: Lie, behind: Api, http: Http): Promise<Liar> {
    let before: Told | null = null;
    const tell = async (path: string, headers: Readonly<Record<string, string>>): Promise<Told> => {
      const now = await http.send(`${behind.url}${path}`, { headers });
      before ??= now;
      if (!liar.lying) return now;
      const other = await http.send(`${behind.url}${path.replace('owner=ada', 'owner=bob')}`, { headers });
      return TELL[lie](before, now, other);
    };
    const server = createServer((request, response) => {
      const asked = request.headers['cache-control'];
      void tell(request.url ?? '', asked === undefined ? {} : { 'cache-control': asked }).then((told) => {
        const { status, headers, body } = told;
        const kept = Object.entries(headers).filter(([name]) =>
          /^(etag|age|cache-status|content-location|parqueue-.*)$/.test(name),
        );
        const length = status === 304 ? {} : { 'content-length': body.length };
        response.writeHead(status, { ...Object.fromEntries(kept), ...length }).end(body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const liar = new Liar(server);
    return liar;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
