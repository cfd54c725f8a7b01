/** The promises over MariaDB. */
import { MYSQL } from './mysql-subject.ts';
import { sqlPromises } from './sql-promises.ts';

sqlPromises(MYSQL);
