/** Large results of MariaDB. */
import { MYSQL } from './mysql-subject.ts';
import { sqlLarge } from './sql-large.ts';

sqlLarge(MYSQL);
