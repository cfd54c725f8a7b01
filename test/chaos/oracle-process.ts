/**
 * The database that speaks Oracle's protocol, in a process of its own: it can be stopped as a whole, and its listener can go
 * and come back with all tables. What it ran is counted over all lives of the listener.
 */
import { openDuckDbEngine, startOracleServer, type OracleServer } from '@parqueue/oracle-server';
import { ORACLE_LOGIN, type FromOracle, type ToOracle } from './oracle-messages.ts';

const engine = await openDuckDbEngine();
const { user, password, service } = ORACLE_LOGIN;
let server: OracleServer | null = null;
const before = new Map<string, number>();

function count({ counters }: OracleServer): void {
  for (const [statement, times] of counters.executions()) before.set(statement, (before.get(statement) ?? 0) + times);
}

async function obey(message: ToOracle): Promise<number> {
  switch (message.kind) {
    case 'start':
      server = await startOracleServer({ engine, users: { [user]: password }, service, port: message.port });
      return 0;
    case 'down':
      if (server !== null) count(server);
      await server?.close();
      server = null;
      return 0;
    case 'count': {
      const all = [...before, ...(server?.counters.executions() ?? [])];
      return all
        .filter(([text]) => text.toLowerCase().includes(message.fragment))
        .reduce((sum, [, times]) => sum + times, 0);
    }
  }
}

process.on('message', (message: ToOracle) => {
  void obey(message).then((executions) => process.send?.({ kind: 'done', executions } satisfies FromOracle));
});
process.once('disconnect', () => process.exit(0));
// Ctrl-C is for the swarm, which says how it ends.
process.on('SIGINT', () => undefined);
