/** The promises over PostgreSQL. */
import { POSTGRES } from './postgres-subject.ts';
import { sqlPromises } from './sql-promises.ts';

sqlPromises(POSTGRES);
