/** What stands where the server would: the browser's fetch, answering out of a table and noting what was asked. */

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Behind the `?`, with it. */
  readonly query: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: string | undefined;
}

export interface FakeServer extends Disposable {
  readonly asked: readonly Asked[];
  /**
   * By path without its query: what JSON is made of, a Response as it is, an Error for no answer at all; of a list of
   * Responses one after the other.
   */
  readonly answers: Map<string, unknown>;
}

/** Whatever else is asked stays within the test. */
const nobody = async (): Promise<Response> => await Promise.reject(new TypeError('nobody is there'));

/** @param answers what is not among them is answered 404 with a problem that says `missing` */
export function serve(answers: Readonly<Record<string, unknown>>, missing = 'not there'): FakeServer {
  const asked: Asked[] = [];
  const table = new Map(Object.entries(answers));
  globalThis.fetch = async (target, { method = 'GET', body, headers, credentials } = {}) => {
    const [, path = '', query = ''] = /^\.([^?]*)(.*)$/.exec(String(target)) ?? [];
    asked.push({
      method,
      path,
      query,
      body: typeof body === 'string' ? JSON.parse(body) : null,
      headers: { ...(headers as Record<string, string> | undefined) },
      credentials,
    });
    const given = table.get(path);
    const answer: unknown = isList(given) ? given.shift() : given;
    if (answer instanceof Error) throw answer;
    if (answer instanceof Response) return answer.clone();
    if (answer === undefined) return Response.json({ code: 'PQ_NOT_FOUND', detail: missing }, { status: 404 });
    return Response.json(answer);
  };
  return {
    asked,
    answers: table,
    [Symbol.dispose]: () => {
      globalThis.fetch = nobody;
    },
  };
}

function isList(answer: unknown): answer is Response[] {
  return Array.isArray(answer) && answer[0] instanceof Response;
}
