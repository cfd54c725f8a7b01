/** The protocol server in a process of its own: rows are encoded once, before anything is timed, and replayed. */
import { scriptedEngine, startOracleServer, type Column, type ScriptedAnswer } from '@parqueue/oracle-server';
import { answersOf } from './rows.ts';

const rows = Number(process.argv[2]);
const scn: Column = { name: 'CURRENT_SCN', type: { kind: 'NUMBER', precision: null, scale: 0 }, nullable: false };
const current: ScriptedAnswer = {
  statements: (sql) => sql.includes('V$DATABASE'),
  columns: [scn],
  rows: 1,
  cycle: [['4711']],
};

const engine = scriptedEngine({ answers: [current, ...answersOf(rows)], otherStatements: () => 0 });
const server = await startOracleServer({ engine, users: { APP: 'secret' }, service: 'PARQ' });
process.send?.({ connectString: server.connectString });
process.on('disconnect', () => process.exit());
