/**
 * What an error of MySQL, MariaDB or mysql2 means: one table by number, and what of a message may be shown. Messages
 * quote names and values alike, in single quotes; only those known to quote nothing but names keep them.
 */
import { CallTimeout, systemFault, type Fault, type FaultKind } from '../sql/faults.ts';
import { ConnectionCut } from './connection.ts';

/** By the server's number (and 2xxx, a client library's); what is not listed is `rejected`. */
const BY_NUMBER: ReadonlyMap<number, FaultKind> = new Map(
  Object.entries({
    transient: [
      // Connections, memory, threads and temporary files exhausted.
      1020, 1021, 1037, 1038, 1040, 1041, 1135, 1203, 1226,
      // The connection and its packets.
      1042, 1043, 1047, 1053, 1077, 1079, 1080, 1152, 1153, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1927,
      2002, 2003, 2006, 2012, 2013, 2055, 4031,
      // Locks, deadlocks, a table that somebody alters, a statement that has to be prepared anew.
      1099, 1100, 1205, 1206, 1213, 1614, 1615, 1637, 1689, 1836, 3058, 3572, 4045,
    ],
    'snapshot-lost': [1412],
    credentials: [
      1045, 1130, 1251, 1275, 1396, 1524, 1698, 1820, 1862, 2049, 2059, 2061, 3118, 3159, 3168, 3878, 3955, 4151,
    ],
    privileges: [1044, 1142, 1143, 1227, 1345, 1356, 1370, 1449, 3530],
    interrupted: [1028, 1317, 1968],
    'call-timeout': [1969, 3024],
    defect: [1210, 1243, 1295, 2014, 2027],
  } satisfies Partial<Record<FaultKind, readonly number[]>>).flatMap(([kind, numbers]) =>
    numbers.map((number) => [number, kind as FaultKind] as const),
  ),
);

/** By mysql2's own codes, for what the server did not say. */
const BY_CODE: Readonly<Record<string, FaultKind>> = {
  PROTOCOL_CONNECTION_LOST: 'transient',
  PROTOCOL_SEQUENCE_TIMEOUT: 'transient',
  PROTOCOL_UNEXPECTED_PACKET: 'defect',
  PROTOCOL_ERROR: 'defect',
  HANDSHAKE_NO_SSL_SUPPORT: 'unavailable',
  HANDSHAKE_SSL_ERROR: 'unavailable',
  HANDSHAKE_UNKNOWN_ERROR: 'defect',
  AUTH_SWITCH_PLUGIN_ERROR: 'credentials',
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: 'credentials',
};

const ADVICE: Readonly<Record<number | string, string>> = {
  1044: 'check the database in connectString, and grant SELECT on its tables',
  1045: 'check user and password, and from which hosts the account may come',
  1049: 'check the database in connectString, and those in the statement',
  1142: 'grant SELECT on it',
  1143: 'grant SELECT on it',
  1298: 'write an offset such as +02:00, or fill the server’s time zone tables (mysql_tzinfo_to_sql)',
  1366: 'write CAST(:name AS …) around the value',
  1690: 'cast one side: CAST(x AS SIGNED), or a DECIMAL',
  1820: 'the password has expired: set a new one',
  1862: 'the password has expired: set a new one',
  1267: 'write COLLATE after one of the two',
  1270: 'write COLLATE after one of them',
  1055: 'add the column to GROUP BY, or use an aggregate',
  HANDSHAKE_NO_SSL_SUPPORT: 'the server has no TLS; tls: off means without',
  HANDSHAKE_SSL_ERROR: 'see tls and ca of the source',
  AUTH_SWITCH_PLUGIN_ERROR: 'use an account with mysql_native_password or caching_sha2_password',
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: 'use an account with mysql_native_password or caching_sha2_password',
};

/**
 * Messages whose quoted parts are names of tables, columns, functions, databases or accounts, variables and what they were set to
 * (errmsg-utf8.txt of MariaDB 10.11, messages_to_clients.txt of MySQL 8.4).
 */
const NAMES_ONLY: ReadonlySet<number> = new Set([
  1044, 1045, 1046, 1049, 1051, 1052, 1054, 1055, 1056, 1060, 1066, 1091, 1103, 1109, 1111, 1115, 1116, 1128, 1140,
  1142, 1143, 1146, 1176, 1193, 1219, 1222, 1227, 1231, 1232, 1235, 1238, 1241, 1242, 1247, 1248, 1267, 1270, 1271,
  1273, 1286, 1298, 1305, 1318, 1345, 1356, 1370, 1412, 1449, 1582, 1583, 1584, 1630, 3065, 3580, 3593, 4078,
]);

interface Told {
  readonly code: string;
  readonly number: number | null;
  readonly message: string;
}

/** null where the error is none of the server's or the driver's. */
export function faultOf(error: unknown): Fault | null {
  if (error instanceof CallTimeout) return { kind: 'call-timeout', code: 'ETIMEDOUT', text: error.message };
  if (error instanceof ConnectionCut) return { kind: 'interrupted', code: 'ECANCELED', text: error.message };
  const told = toldBy(error);
  if (told === null) return systemFault(error);
  const { number, code, message } = told;
  const kind = number === null ? BY_CODE[code] : (BY_NUMBER.get(number) ?? 'rejected');
  if (kind === undefined) return systemFault(error);
  return {
    kind,
    code: number === null ? code : `${code} (${number})`,
    text: number !== null && NAMES_ONLY.has(number) ? firstLine(message) : withoutQuotes(firstLine(message)),
    advice: ADVICE[number ?? code],
  };
}

function toldBy(error: unknown): Told | null {
  if (!(error instanceof Error)) return null;
  const { code, errno, sqlState } = error as { code?: unknown; errno?: unknown; sqlState?: unknown };
  const message = 'sqlMessage' in error && typeof error.sqlMessage === 'string' ? error.sqlMessage : error.message;
  // A server's error has a state, or came before there was a session to have one; errno of sockets is negative.
  if (typeof errno === 'number' && errno > 0 && (typeof sqlState === 'string' || errno >= 1000)) {
    return { code: typeof code === 'string' ? code : 'UNKNOWN', number: errno, message };
  }
  return typeof code === 'string' && code in BY_CODE ? { code, number: null, message } : null;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').trim();
}

/** Not the apostrophe of a word. */
const QUOTE = /(?<![A-Za-z])'|["`]/g;

/**
 * All from the first quote to the last is taken out: a value may have quotes itself, and a message that ends within one,
 * cut off by its length, has an odd number of them.
 */
function withoutQuotes(text: string): string {
  const quotes = [...text.matchAll(/["'`]/g)];
  const first = text.search(QUOTE);
  if (first === -1) return text;
  const last =
    quotes.length % 2 === 0 || first > (quotes[0]?.index ?? 0) ? (quotes.at(-1)?.index ?? first) : text.length;
  return `${text.slice(0, first)}…${text.slice(last + 1)}`;
}
