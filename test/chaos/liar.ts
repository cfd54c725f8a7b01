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
}

export const LIES = {
  'older rows, whole and with their own ETag': { caught: 'stale', form: 'parquet' },
  'the bytes of another generation': { caught: 'changed', form: 'parquet' },
  'the rows of somebody else': { caught: 'misattributed', form: 'parquet' },
  'rows of two versions': { caught: 'torn', form: 'csv' },
  'a byte that is another one': { caught: 'torn', form: 'parquet' },
  'what is an hour old, by its configuration': { caught: 'stale', form: 'parquet' },
} as const satisfies Readonly<Record<string, LieFacts>>;
export type Lie = keyof typeof LIES;

type Told = Pick<Reply, 'headers' | 'body'>;

/** What is told instead: from what was answered before the source changed, what is answered now, and to somebody else. */
const TELL: Readonly<Record<Lie, (before: Told, now: Told, other: Told) => Told>> = {
  'older rows, whole and with their own ETag': (before, now) => ({
    headers: { ...now.headers, etag: before.headers.etag },
    body: before.body,
  }),
  'the bytes of another generation': (before, now) => ({
    headers: { ...now.headers, etag: before.headers.etag },
    body: before.body,
  }),
  'the rows of somebody else': (_, now, other) => ({
    headers: { ...now.headers, etag: other.headers.etag },
    body: other.body,
  }),
  'rows of two versions': (before, now) => {
    const [old, young] = [before, now].map(({ body }) => body.toString().split('\n'));
    const half = Math.floor((young?.length ?? 0) / 2);
    const mixed = [...(young?.slice(0, half) ?? []), ...(old?.slice(half) ?? [])];
    return { headers: now.headers, body: Buffer.from(mixed.join('\n')) };
  },
  'a byte that is another one': (_, { headers, body }) => {
    const other = Buffer.from(body);
    other[100] = (other[100] ?? 0) ^ 1;
    return { headers, body: other };
  },
  'what is an hour old, by its configuration': (_, now) => now,
};

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
      void tell(request.url ?? '', asked === undefined ? {} : { 'cache-control': asked }).then(({ headers, body }) => {
        const kept = Object.entries(headers).filter(([name]) =>
          /^(etag|age|cache-status|content-location|parqueue-.*)$/.test(name),
        );
        response.writeHead(200, { ...Object.fromEntries(kept), 'content-length': body.length }).end(body);
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
