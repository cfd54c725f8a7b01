/** The shape of sources that are databases, by kind. */
import * as z from 'zod';
import { TLS_MODES } from './config.ts';
import { checkConnectString } from './connect-identity.ts';
import { readDatabaseAddress, type AddressKind } from './database-address.ts';
import { mysqlAdhocSchema, oracleAdhocSchema, postgresAdhocSchema } from './schema-freshness.ts';
import { adhocOf, databaseParts, sessionOf } from './schema-source-parts.ts';
import { mapping, says, text } from './schema-values.ts';

const { user, password, identity, ...rest } = databaseParts;

export const oracleSourceSchema = z.strictObject(
  {
    kind: z.literal('oracle'),
    connectString: text('where the database is, such as db.example.com:1521/sales')
      .superRefine((value, context) => {
        const problem = checkConnectString(value);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .describe('host:1521/service, a connect descriptor, or an alias in the tnsnames.ora of configDir.'),
    user,
    password,
    identity,
    schema: text('the name of a schema')
      .optional()
      .describe("Unqualified names mean this schema's. Default: the user's."),
    session: sessionOf('oracle'),
    configDir: text('a folder').optional().describe("Folder of tnsnames.ora. Relative to this file's folder."),
    walletLocation: text('a folder')
      .optional()
      .describe("Folder of ewallet.pem, or SYSTEM for the system's certificates. Relative to this file's folder."),
    walletPassword: text('a reference such as ${WALLET_PASSWORD}').optional().describe('Secret.'),
    ...rest,
    adhoc: adhocOf(oracleAdhocSchema),
  },
  mapping,
);

/** Of databases that are reached by a URI. */
function addressed(kind: AddressKind, example: string) {
  return {
    connectString: text(`where the database is, such as ${example}`)
      .superRefine((value, context) => {
        const reading = readDatabaseAddress(value, kind);
        if (reading.kind === 'unusable') context.addIssue({ code: 'custom', message: reading.problem });
      })
      .describe(`${example}; without user, password and parameters, which are keys of their own.`),
    user: user.refine((name) => name.isWellFormed() && !/\p{Cc}/u.test(name), says('text without control characters')),
    password,
    identity,
    tls: z
      .enum(TLS_MODES, says(TLS_MODES.join(', ')))
      .optional()
      .describe(
        'off; require: encrypted, whoever answers; verify: encrypted, by a certificate for that host. Default: off for a '
          + 'loopback address without ca, verify for all others.',
      ),
    ca: text('a file with certificates (PEM)')
      .optional()
      .describe(
        "With tls: verify, the certificates to trust in place of those that Node.js brings. Relative to this file's folder.",
      ),
  };
}

export const postgresSourceSchema = z.strictObject(
  {
    kind: z.literal('postgres'),
    ...addressed('postgres', 'postgresql://db.example.com:5432/sales'),
    schema: text('the name of a schema').prefault('public').describe("Unqualified names mean this schema's."),
    session: sessionOf('postgres'),
    ...rest,
    adhoc: adhocOf(postgresAdhocSchema),
  },
  mapping,
);

/** Unqualified names mean the tables of its database: there is no schema beside it. */
export const mysqlSourceSchema = z.strictObject(
  {
    kind: z.literal('mysql'),
    ...addressed('mysql', 'mysql://db.example.com:3306/shop'),
    session: sessionOf('mysql'),
    ...rest,
    adhoc: adhocOf(mysqlAdhocSchema),
  },
  mapping,
);

export type OracleSourceInput = z.output<typeof oracleSourceSchema>;
export type PostgresSourceInput = z.output<typeof postgresSourceSchema>;
export type MysqlSourceInput = z.output<typeof mysqlSourceSchema>;
