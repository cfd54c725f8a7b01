/** What goes wrong between a worker and MariaDB. */
import { MYSQL } from './mysql-subject.ts';
import { sqlTroubles } from './sql-troubles.ts';

sqlTroubles(MYSQL);
