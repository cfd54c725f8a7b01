/** What goes wrong between a worker and PostgreSQL. */
import { POSTGRES } from './postgres-subject.ts';
import { sqlTroubles } from './sql-troubles.ts';

sqlTroubles(POSTGRES);
