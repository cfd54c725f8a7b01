/** How this source's connections are made and set up: Thin mode only, and every setting of a session given explicitly. */
import oracledb, { type Connection } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import type { Calls } from '../sql/driver.ts';

/** The parts of the source's configuration that connecting needs. */
export interface ConnectOptions {
  readonly connectString: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  readonly schema: string;
  readonly session: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly configDir: string | null;
  readonly walletLocation: string | null;
  /** Secret. */
  readonly walletPassword: string | null;
}

/**
 * Bytes per packet, if the server allows as much (it may lower it). Large values come in fewer pieces: a CLOB of 32 MB
 * takes an eighth of the time that it takes with the default of 8 KiB. Each connection holds a few buffers of this size.
 */
const SDU_BYTES = 512 * 1024;

/** A sign of life for firewalls that forget silent connections, minutes. */
const EXPIRE_MINUTES = 2;

const STATEMENTS_CACHED = 30;

export async function connectTo(options: ConnectOptions): Promise<Connection> {
  if (!oracledb.thin)
    throw new ParqueueError('PQ_INTERNAL', 'node-oracledb is in Thick mode; this source is made for Thin mode');
  const seconds = Math.max(1, Math.ceil(options.connectTimeoutMs / 1000));
  return await oracledb.getConnection({
    connectString: options.connectString,
    user: options.user,
    password: options.password,
    connectTimeout: seconds,
    transportConnectTimeout: seconds,
    retryCount: 0,
    expireTime: EXPIRE_MINUTES,
    sdu: SDU_BYTES,
    stmtCacheSize: STATEMENTS_CACHED,
    program: 'parqueue',
    ...(options.configDir === null ? {} : { configDir: options.configDir }),
    ...(options.walletLocation === null ? {} : { walletLocation: options.walletLocation }),
    ...(options.walletPassword === null ? {} : { walletPassword: options.walletPassword }),
  });
}

/** Unqualified names, texts of numbers and dates, comparisons: all that a statement's rows depend on besides itself. */
export async function setUpSession(session: Calls<Connection>, options: ConnectOptions): Promise<void> {
  for (const statement of settingStatements(options)) {
    await session.call((connection) => connection.execute(statement));
  }
}

/** A language and a territory bring defaults for the others, so they come first. */
const FIRST = ['NLS_LANGUAGE', 'NLS_TERRITORY'];

export function settingStatements({ schema, session }: Pick<ConnectOptions, 'schema' | 'session'>): readonly string[] {
  // Dates are read as texts of the Gregorian calendar, whatever the territory's own one is.
  const settings: Readonly<Record<string, string>> = { ...session, NLS_CALENDAR: 'GREGORIAN' };
  const setting = (name: string): string => `${settingName(name)} = ${quotedText(settings[name] ?? '')}`;
  const rest = Object.keys(settings)
    .filter((name) => !FIRST.includes(name))
    .toSorted();
  return [
    ...FIRST.filter((name) => name in settings).map((name) => `ALTER SESSION SET ${setting(name)}`),
    `ALTER SESSION SET ${rest.map(setting).join(' ')}`,
    `ALTER SESSION SET CURRENT_SCHEMA = ${quotedName(schema)}`,
  ];
}

/** A name as the catalogue spells it, for use in a statement. */
export function quotedName(name: string): string {
  if (name.includes('"') || name.includes('\0')) {
    throw new ParqueueError('PQ_INVALID_REQUEST', 'a name of Oracle cannot contain a double quote');
  }
  return `"${name}"`;
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function settingName(name: string): string {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) {
    throw new ParqueueError('PQ_CONFIG', `${name} is no session setting of Oracle`);
  }
  return name;
}
