/** The dialects. A new one is one more value in each table: how its tokens are written, and what its queries mean. */
import type { Grammar } from './grammar.ts';
import type { Lexis } from './lexis.ts';
import { MYSQL_GRAMMAR } from './mysql/grammar.ts';
import { MYSQL_LEXIS } from './mysql/lexis.ts';
import { ORACLE_GRAMMAR } from './oracle/grammar.ts';
import { ORACLE_LEXIS } from './oracle/lexis.ts';
import { POSTGRES_GRAMMAR } from './postgres/grammar.ts';
import { POSTGRES_LEXIS } from './postgres/lexis.ts';
import type { Dialect } from './statement.ts';

export const LEXES: Readonly<Record<Dialect, Lexis>> = {
  oracle: ORACLE_LEXIS,
  postgres: POSTGRES_LEXIS,
  mysql: MYSQL_LEXIS,
};

export const GRAMMARS: Readonly<Record<Dialect, Grammar>> = {
  oracle: ORACLE_GRAMMAR,
  postgres: POSTGRES_GRAMMAR,
  mysql: MYSQL_GRAMMAR,
};
