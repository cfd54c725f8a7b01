/**
 * The second half of the demonstration: the same promises over the Oracle protocol. Each count of statements comes from
 * the server's V$SQL, not from Parqueue. A hint in a statement is kept by it as it is and ignored by databases that do not
 * know it: it serves as the name by which V$SQL is asked.
 */
import { dirname, join } from 'node:path';
import type { Context } from '../context.ts';
import { countExecutions } from '../oracle/executions.ts';
import type { OracleTools } from '../oracle/clone.ts';
import type { OracleTestServer } from '../oracle/test-server.ts';
import { OracleWriter, runStatements } from '../oracle/writer.ts';
import { spellCount } from '../output/units.ts';
import type { Asking, AskedRows } from './asking.ts';
import { CALLERS } from './file-story.ts';
import type { Story, Telling } from './story.ts';

export const ORACLE_SOURCE = 'erp';
export const ORACLE_PASSWORD_ENV = 'PARQUEUE_DEMO_ORACLE_PASSWORD';

const SALES = { dataset: 'oracle_sales' };
const REVENUE = { dataset: 'oracle_revenue' };
/** As many as infra/oracle/schema.sql makes. */
const SALES_ROWS = 20_000;
const SALES_HINT = '/*+ demo_sales */';
const REVENUE_HINT = '/*+ demo_revenue */';

export function oracleYaml({ connection: { connectString, user } }: OracleTestServer): {
  readonly source: string;
  readonly datasets: string;
} {
  return {
    source: `  ${ORACLE_SOURCE}: { kind: oracle, connectString: "${connectString}", user: ${user}, password: "\${${ORACLE_PASSWORD_ENV}}", adhoc: true }\n`,
    datasets: `  oracle_sales:
    source: ${ORACLE_SOURCE}
    sql: select ${SALES_HINT} id, region_id, sold_on, product, amount from sales order by id
  oracle_revenue:
    source: ${ORACLE_SOURCE}
    sql: >
      select ${REVENUE_HINT} r.name as region, count(*) as sales, sum(s.amount) as amount
      from sales s join regions r on r.id = s.region_id group by r.name order by r.name
`,
  };
}

export interface OracleScene {
  readonly context: Context;
  readonly tools: OracleTools;
  readonly server: OracleTestServer;
}

export async function tellOracleStory(story: Story, asking: Asking, scene: OracleScene): Promise<void> {
  const writer = new OracleWriter(scene.context, scene.tools.writer, scene.server.connection);
  try {
    await story.step('Oracle, over the wire: two tables', async (telling) => await makeTables(scene, writer, telling));
    await tellOfOneTable(story, asking, writer);
    await tellOfTheJoin(story, asking, writer);
    await tellOfAdhoc(story, asking, writer);
  } finally {
    await writer.stop();
  }
}

async function makeTables(
  { context, tools, server }: OracleScene,
  writer: OracleWriter,
  telling: Telling,
): Promise<void> {
  const { connection } = server;
  telling.show('server', `${connection.connectString}: this repository's protocol test server, NO Oracle Database`);
  telling.show('driver', "node-oracledb in Thin mode, in the workers' threads: what production uses");
  await runStatements(context, tools.writer, { file: join(dirname(tools.writer), 'schema.sql'), connection });
  const rows = await writer.number('SELECT COUNT(*) FROM sales');
  telling.show(
    'tables',
    `SALES with ${spellCount(rows)} rows, REGIONS with ${await writer.number('SELECT COUNT(*) FROM regions')}`,
  );
  telling.claim(rows === SALES_ROWS, 'the tables of infra/oracle/schema.sql are there');
}

async function tellOfOneTable(story: Story, asking: Asking, writer: OracleWriter): Promise<void> {
  const cold = await story.step('Cold: the first ask is one statement at the server', async (telling) => {
    const { asked, loads } = await askCounting(telling, asking, writer, SALES, SALES_HINT);
    telling.claim(/fwd=(uri-)?miss/.test(asked.cacheStatus), 'the cache had nothing yet');
    telling.claim(asked.rows === SALES_ROWS, `all ${spellCount(SALES_ROWS)} rows are there`);
    telling.claim(loads === 1, 'the server ran the statement exactly once');
    return asked;
  });
  await story.step('Warm: only the cheap question for the version', async (telling) => {
    const { asked, loads, probes } = await askCounting(telling, asking, writer, SALES, SALES_HINT);
    telling.claim(/;\s*hit/.test(asked.cacheStatus) && asked.etag === cold.etag, 'a hit on the very same generation');
    telling.claim(loads === 0 && probes > 0, 'the server was asked for COUNT(*) and MAX(ORA_ROWSCN), and for no rows');
  });
  await story.step('A committed UPDATE is seen by the next ask', async (telling) => {
    telling.show('writer', `${await writer.commit('UPDATE sales SET amount = 12345.67 WHERE id = 1')} row updated`);
    const { asked, loads } = await askCounting(telling, asking, writer, SALES, SALES_HINT);
    telling.show('one row', JSON.stringify(asked.firstRow));
    telling.claim(
      Number(asked.firstRow['AMOUNT']) === 12_345.67,
      'the new amount is in the answer: nothing stale was served',
    );
    telling.claim(asked.version !== cold.version, 'under a new version of the table');
    telling.claim(loads === 1, 'after one more execution of the statement');
  });
}

async function tellOfTheJoin(story: Story, asking: Asking, writer: OracleWriter): Promise<void> {
  const joined = await story.step('A join has the version of both tables', async (telling) => {
    const { asked, loads } = await askCounting(telling, asking, writer, REVENUE, REVENUE_HINT);
    telling.show('one row', JSON.stringify(asked.firstRow));
    telling.claim(
      asked.version.includes('SALES') && asked.version.includes('REGIONS'),
      'its version names both tables',
    );
    telling.claim(loads === 1, 'it was loaded by one execution');
    return asked;
  });
  await story.step('The second table changes, and the join is loaded again', async (telling) => {
    telling.show(
      'writer',
      `${await writer.commit("UPDATE regions SET name = 'aurora' WHERE name = 'north'")} row updated`,
    );
    const { asked, loads } = await askCounting(telling, asking, writer, REVENUE, REVENUE_HINT);
    telling.show('one row', JSON.stringify(asked.firstRow));
    telling.claim(asked.firstRow['REGION'] === 'aurora', 'the new name is in the answer');
    telling.claim(asked.version !== joined.version && loads === 1, 'after one more execution');
    const untouched = await asking.fetchWhole(SALES);
    telling.claim(/;\s*hit/.test(untouched.cacheStatus), 'while what reads only SALES is still a hit');
  });
  await story.step(`${CALLERS} callers at once after another change`, async (telling) => {
    await writer.commit('UPDATE sales SET amount = amount + 1 WHERE region_id = 2');
    const before = await countExecutions(writer, REVENUE_HINT);
    const asked = await asking.crowd(telling, REVENUE, CALLERS);
    const loads = (await countExecutions(writer, REVENUE_HINT)) - before;
    telling.show('version', asked.version);
    telling.show('V$SQL', `statement run ${times(loads)} for ${CALLERS} callers`);
    telling.claim(asked.etag !== joined.etag, `all ${CALLERS} got the same new bytes`);
    telling.claim(loads === 1, 'the server ran the statement exactly once for all of them');
  });
}

async function tellOfAdhoc(story: Story, asking: Asking, writer: OracleWriter): Promise<void> {
  await story.step('SQL that nobody declared: POST /v1/query', async (telling) => {
    const sql = 'select /*+ demo_adhoc */ id, amount from sales where region_id = :region and id <= 40';
    telling.show('sql', `${sql}   with region = 3`);
    const binds = { region: 3 };
    const asked = await asking.ask(telling, { source: ORACLE_SOURCE, sql, binds });
    telling.show('one row', JSON.stringify(asked.firstRow));
    telling.claim(asked.rows === 10, 'the rows of one region');
    const spelledOtherwise = sql
      .toUpperCase()
      .replace('/*+ DEMO_ADHOC */', '/*+ demo_adhoc */')
      .replaceAll(' FROM', '\n  FROM');
    const again = await asking.fetchWhole({ source: ORACLE_SOURCE, sql: spelledOtherwise, binds });
    telling.claim(
      again.key === asked.key && /;\s*hit/.test(again.cacheStatus),
      'spelled otherwise it is the same entry: a hit',
    );
    telling.claim((await countExecutions(writer, '/*+ demo_adhoc */')) === 1, 'and the server ran it once');
  });
}

interface Counted {
  readonly asked: AskedRows;
  /** How often the server ran the statement meanwhile. */
  readonly loads: number;
  /** How often it was asked for the version of a table. */
  readonly probes: number;
}

async function askCounting(
  telling: Telling,
  asking: Asking,
  writer: OracleWriter,
  question: { readonly dataset: string },
  hint: string,
): Promise<Counted> {
  const countBoth = async (): Promise<readonly [number, number]> => [
    await countExecutions(writer, hint),
    await countExecutions(writer, 'ORA_ROWSCN'),
  ];
  const before = await countBoth();
  let after = before;
  const asked = await asking.ask(telling, question, async () => {
    after = await countBoth();
  });
  const [loads, probes] = [after[0] - before[0], after[1] - before[1]];
  telling.show('version', asked.version);
  telling.show('V$SQL', `statement run ${times(loads)}, version of a table asked ${times(probes)}`);
  return { asked, loads, probes };
}

function times(count: number): string {
  const words = ['not at all', 'once', 'twice'];
  return words[count] ?? `${count} times`;
}
