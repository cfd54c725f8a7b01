/** Large results of PostgreSQL. */
import { POSTGRES } from './postgres-subject.ts';
import { sqlLarge } from './sql-large.ts';

sqlLarge(POSTGRES);
