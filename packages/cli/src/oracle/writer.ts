/**
 * infra/oracle/writer.mjs as a partner in a story: one process, one session, statements in the order they are given.
 * The command line loads no driver; this is how it reaches a database without one.
 */
import type { Context } from '../context.ts';
import { spellConnection, type OracleConnection } from './connection.ts';
import { LineProcess } from './line-process.ts';

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

type WriterAnswer = { readonly rows: number } | QueryAnswer | { readonly error: string };

/** Runs a file of statements. @throws StatementRefused at the first that the database does not take. */
export async function runStatements(context: Context, script: string, plan: StatementsPlan): Promise<void> {
  const said: string[] = [];
  const process = new LineProcess({
    script,
    args: ['--file', plan.file],
    env: { ...context.env, ORACLE_TEST_URL: spellConnection(plan.connection) },
    onLine: (line) => said.push(line),
  });
  const ended = await process.ended;
  if (ended !== 'exit 0') throw new StatementRefused(`${plan.file}: ${said.at(-1) ?? process.lastWords}`);
}

export interface StatementsPlan {
  readonly file: string;
  readonly connection: OracleConnection;
}

/** The database refused a statement; the message is its own. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
}

export class OracleWriter {
  readonly #process: LineProcess;
  readonly #waiting: ((answer: WriterAnswer) => void)[] = [];
  #ended: string | null = null;
  /** What it said before anybody asked: why there is no connection. */
  #unasked = '';

  constructor(context: Context, script: string, connection: OracleConnection) {
    this.#process = new LineProcess({
      script,
      args: [],
      env: { ...context.env, ORACLE_TEST_URL: spellConnection(connection) },
      onLine: (line) => this.#hear(line),
    });
    void this.#process.ended.then((reason) => {
      this.#ended = `the writer ended (${reason}) ${this.#unasked} ${this.#process.lastWords}`.trim();
      for (const answer of this.#waiting.splice(0)) answer({ error: this.#ended });
    });
  }

  /** One transaction, committed when this resolves. @returns rows changed. @throws StatementRefused */
  async commit(...statements: readonly string[]): Promise<number> {
    const answer = await this.#ask(statements);
    return 'rows' in answer ? answer.rows : 0;
  }

  /** @throws StatementRefused */
  async query(statement: string): Promise<QueryAnswer> {
    const answer = await this.#ask([statement]);
    if (!('data' in answer)) throw new StatementRefused(`not a query: ${statement}`);
    return answer;
  }

  /** The one value of a query with one row of one number. */
  async number(statement: string): Promise<number> {
    const { data } = await this.query(statement);
    return Number(data[0]?.[0]);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #hear(line: string): void {
    const answer = this.#waiting.shift();
    if (answer === undefined) this.#unasked = line;
    else answer(JSON.parse(line) as WriterAnswer);
  }

  async #ask(statements: readonly string[]): Promise<Exclude<WriterAnswer, { readonly error: string }>> {
    if (this.#ended !== null) throw new StatementRefused(this.#ended);
    const answer = await new Promise<WriterAnswer>((resolve) => {
      this.#waiting.push(resolve);
      this.#process.send(JSON.stringify(statements));
    });
    if ('error' in answer) throw new StatementRefused(answer.error);
    return answer;
  }
}
