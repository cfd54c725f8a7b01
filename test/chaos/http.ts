/**
 * HTTP as cheap as it gets: connections that are kept, whole bodies, no redirects. What fails below HTTP is an answer too,
 * with the name of the failure for a code: many of these are expected.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Reply {
  /** 0: none came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The problem's code, or what became of the connection; null where the answer is a good one. */
  readonly code: string | null;
  /** What the problem says about itself, for people. */
  readonly detail: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Nobody has to wait for so long, whatever is broken, on a machine however busy: longer than a load may take (stage.ts). */
export const HANGS_AFTER_MS = 300_000;

export class Http {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });

  async send(url: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Reply> {
    const text = body === undefined ? null : JSON.stringify(body);
    const typed = text === null ? headers : { ...headers, 'content-type': 'application/json' };
    const reply = await this.#once(url, method, typed, text);
    // A connection that was closed for being idle while we took it: nothing was asked yet.
    return reply.reused && reply.code === 'ECONNRESET' ? await this.#once(url, method, typed, text) : reply;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #once(
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    text: string | null,
  ): Promise<Reply & { readonly reused: boolean }> {
    return await new Promise((resolve) => {
      const request = httpRequest(url, { method, headers: { ...headers }, agent: this.#agent });
      const failed = (code: string): void => {
        clearTimeout(limit);
        request.destroy();
        resolve({ status: 0, headers: {}, body: Buffer.alloc(0), code, detail: '', reused: request.reusedSocket });
      };
      const limit = setTimeout(() => failed('hangs'), HANGS_AFTER_MS);
      request.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => failed('broken'));
        response.on('end', () => {
          clearTimeout(limit);
          const body = Buffer.concat(chunks);
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, body, ...problemIn(status, body), reused: false });
        });
      });
      request.end(text ?? undefined);
    });
  }
}

function problemIn(status: number, body: Buffer): Pick<Reply, 'code' | 'detail'> {
  if (status < 400) return { code: null, detail: '' };
  try {
    const { code, detail } = JSON.parse(body.toString()) as { readonly code?: unknown; readonly detail?: unknown };
    return { code: typeof code === 'string' ? code : `a ${status} without a code`, detail: String(detail) };
  } catch {
    return { code: `a ${status} without a problem`, detail: '' };
  }
}
