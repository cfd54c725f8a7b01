/** A job as /queues shows it: the question in readable SQL, whose it is and what it must be newer than; never a value. */
import type { BoardJob, BoardQuestion } from '@parqueue/core/redis';
import { format, type SqlLanguage } from 'sql-formatter';
import { maySeeEntry, type Principal } from '../auth.ts';

const LANGUAGES: Readonly<Partial<Record<BoardJob['sourceKind'], SqlLanguage>>> = {
  oracle: 'plsql',
  postgres: 'postgresql',
  mysql: 'mysql',
};
/** The formatter takes milliseconds for each of these; longer statements are shown as they are. */
const FORMATTED_CHARS_MAX = 16 * 1024;

/** What the dashboard calls the data of a job. */
export function jobData(job: BoardJob, principal: Principal): Readonly<Record<string, unknown>> {
  const { source, dataset, key, requirement, requestId, question, sourceKind } = job;
  // Whoever is here may use all datasets; what was asked ad hoc is for those who might have asked it.
  if (!maySeeEntry(principal, dataset)) return { source, hidden: 'needs scope adhoc' };
  return { source, dataset, key, ...questionView(question, sourceKind), requirement, requestId };
}

function questionView(question: BoardQuestion, kind: BoardJob['sourceKind']): Readonly<Record<string, unknown>> {
  switch (question.kind) {
    case 'file':
      return { path: question.path, format: question.format };
    case 'sql': {
      const binds = Object.entries(question.binds).map(([name, type]) => `:${name} (${type})`);
      return { sql: readableSql(question.statement, kind).split('\n'), binds: binds.length === 0 ? 'none' : binds };
    }
    case 'wrapped':
      return { function: question.name };
  }
}

/** As it is where the formatter does not know it: what is shown is for reading only. */
function readableSql(statement: string, kind: BoardJob['sourceKind']): string {
  const language = LANGUAGES[kind] ?? 'sql';
  if (statement.length > FORMATTED_CHARS_MAX) return statement;
  try {
    return format(statement, { language, paramTypes: { named: [':'] }, keywordCase: 'preserve' });
  } catch {
    return statement;
  }
}
