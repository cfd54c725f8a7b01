#!/usr/bin/env node
/**
 * Runs statements in an Oracle database, or in the protocol test server, and answers each with one line of JSON: for
 * demonstrations, swarms and people who want to change a table and watch the cache notice.
 *
 *   node infra/oracle/writer.mjs --connect USER/PASSWORD@HOST:PORT/SERVICE 'UPDATE …' 'SELECT …'
 *   node infra/oracle/writer.mjs --file infra/oracle/schema.sql        statements, each ended by ; at the end of a line
 *   echo 'DELETE FROM sales WHERE id = 1' | node infra/oracle/writer.mjs
 *
 * Without arguments it reads one statement per line from standard input and answers while the input is open. A line
 * (or argument) that is a JSON array of statements is one transaction: all of them, then one commit, one answer.
 * Everything else is committed by itself.
 *
 *   {"rows":n}                        rows changed (of a transaction: of all its statements together)
 *   {"columns":[…],"data":[[…]]}      of a query; numbers that a double cannot hold exactly are text, bytes are hex
 *   {"error":"ORA-00942: …"}          nothing of that statement, or of that transaction, was kept
 *
 * The connection comes from --connect or, better because `ps` does not show it, from ORACLE_TEST_URL. It is never printed.
 * Exit: 0 all went well, 1 a statement failed, 2 wrong usage, 4 no connection. Arguments and files end at their first error;
 * standard input goes on.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import oracledb from 'oracledb';

const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 4 };
/** A look, not an export: a query answers with so many rows at most, and says `"more":true` when there are others. */
const ROWS_MAX = 10_000;
const CONNECT_WITHIN_SECONDS = 20;

class UsageError extends Error {}

/** @returns {{ user: string, password: string, connectString: string }} */
function parseConnection(text) {
  // A password may hold `@` and `/`; user and connect string hold neither before, or after, their separator.
  const slash = text.indexOf('/');
  const at = text.lastIndexOf('@');
  const user = text.slice(0, slash);
  const password = text.slice(slash + 1, at);
  const connectString = text.slice(at + 1);
  if (slash < 1 || at < slash || password === '' || connectString === '')
    throw new UsageError('the connection must be USER/PASSWORD@HOST:PORT/SERVICE, in --connect or ORACLE_TEST_URL');
  return { user, password, connectString };
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        connect: { type: 'string' },
        file: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
    return { connect: values.connect, files: values.file ?? [], statements: positionals, help: values.help === true };
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** Comments and blank lines between statements go; a statement ends with `;` at the end of a line. */
function statementsOf(text) {
  return text
    .split('\n')
    .filter((line) => !/^\s*(--|$)/.test(line))
    .join('\n')
    .split(/;[ \t\r]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function readStatements(file) {
  try {
    return statementsOf(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** @returns {readonly string[]} the statements of one transaction */
function transactionOf(line) {
  if (!line.startsWith('[')) return [withoutSemicolon(line)];
  const list = JSON.parse(line);
  if (list.length === 0 || !list.every((statement) => typeof statement === 'string'))
    throw new SyntaxError('a transaction is a JSON array of statements');
  return list.map(withoutSemicolon);
}

function withoutSemicolon(statement) {
  return statement.trim().replace(/;$/, '');
}

/** Exact where JSON can be: Oracle's numbers have up to 40 digits. */
function numberOf(text) {
  if (text === null) return null;
  const value = Number(text);
  return Number.isFinite(value) && canonical(String(value)) === canonical(text) ? value : text;
}

/** `-.50` and `-0.5` are one number. */
function canonical(text) {
  return text
    .replace(/^(-?)0*(?=\d|\.)/, '$1')
    .replace(/^(-?)\./, '$10.')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

/** @param {{ dbType: unknown }} column */
function fetchTypeHandler({ dbType }) {
  if (dbType === oracledb.DB_TYPE_NUMBER) return { type: oracledb.STRING, converter: numberOf };
  if (dbType === oracledb.DB_TYPE_CLOB || dbType === oracledb.DB_TYPE_NCLOB) return { type: oracledb.STRING };
  if (dbType === oracledb.DB_TYPE_BLOB) return { type: oracledb.BUFFER, converter: hexOf };
  if (dbType === oracledb.DB_TYPE_RAW) return { converter: hexOf };
  return undefined;
}

function hexOf(bytes) {
  return bytes === null ? null : bytes.toString('hex');
}

async function run(connection, statements) {
  let rows = 0;
  let answer = null;
  try {
    for (const statement of statements) {
      const result = await connection.execute(statement, [], { maxRows: ROWS_MAX + 1, fetchTypeHandler });
      rows += result.rowsAffected ?? 0;
      answer =
        result.metaData === undefined
          ? null
          : { columns: result.metaData.map(({ name }) => name), data: result.rows.slice(0, ROWS_MAX) };
      if (answer !== null && result.rows.length > ROWS_MAX) answer.more = true;
    }
    await connection.commit();
    return answer ?? { rows };
  } catch (error) {
    // A session that is gone has rolled back already.
    await connection.rollback().catch(() => undefined);
    throw error;
  }
}

/** The database's words, without the driver's help link behind them. */
function wordsOf(error) {
  return String(error.message).split('\n')[0];
}

async function main() {
  const { connect = process.env.ORACLE_TEST_URL, files, statements, help } = readArguments();
  if (help) {
    const [, text = ''] = /\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(new URL(import.meta.url), 'utf8')) ?? [];
    console.log(text.replace(/^ \* ?/gm, ''));
    return EXIT.ok;
  }
  if (connect === undefined || connect === '')
    throw new UsageError('which database? --connect USER/PASSWORD@HOST:PORT/SERVICE, or set ORACLE_TEST_URL');
  const given = [...files.flatMap(readStatements), ...statements];
  const connection = await oracledb.getConnection({
    ...parseConnection(connect),
    connectTimeout: CONNECT_WITHIN_SECONDS,
    transportConnectTimeout: CONNECT_WITHIN_SECONDS,
  });
  const answer = async (line) => {
    try {
      console.log(JSON.stringify(await run(connection, transactionOf(line))));
      return true;
    } catch (error) {
      console.log(JSON.stringify({ error: wordsOf(error) }));
      return false;
    }
  };
  let well = true;
  try {
    if (given.length > 0) {
      for (const statement of given) {
        well = await answer(statement);
        if (!well) break;
      }
    } else {
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() !== '' && !(await answer(line.trim()))) well = false;
      }
    }
  } finally {
    await connection.close().catch(() => undefined);
  }
  return well ? EXIT.ok : EXIT.failed;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.log(JSON.stringify({ error: wordsOf(error) }));
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.unavailable;
}
