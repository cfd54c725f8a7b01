/** `parqueue init`: a configuration that runs as it is and explains itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ParqueueError } from '@parqueue/core';
import { CONFIG_NAMES } from '../config-file.ts';
import type { Context } from '../context.ts';

/** @throws ParqueueError PQ_CONFIG when the file is already there. */
export function init(context: Context, options: { readonly config?: string }): void {
  const path = resolve(context.cwd, options.config ?? CONFIG_NAMES[0]);
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, TEMPLATE, { flag: 'wx' });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new ParqueueError(
      'PQ_CONFIG',
      `${path} is already there and is left as it is: remove it first, or name another with --config FILE`,
      { cause },
    );
  }
  // The source's root of the template: a folder that is not there is a source that cannot be reached.
  mkdirSync(join(dirname(path), 'data'), { recursive: true });
  context.out(`wrote ${path}`);
  context.err(
    [
      'next:',
      '  parqueue generate data/orders.parquet --rows 1e6   # something to ask for',
      '  parqueue config check                              # is the file right?',
      '  parqueue up                                        # serve it',
      '  parqueue get orders -o orders.parquet              # ask, in another terminal',
    ].join('\n'),
  );
}

const TEMPLATE = `# Parqueue: one file says where answers come from, how fresh they are and where they are kept.
# \${NAME}, \${NAME:-default} and \${file:/path} take values from the environment and from files.
# \`parqueue config check\` reports every problem at once; \`parqueue config show\` prints what was understood.

listen:
  host: 127.0.0.1             # anything but loopback needs auth.apiKeys below
  port: 8787

store:
  root: ./var/store           # relative to this file; with several hosts: a folder they all share (NFS)
  # retention: { generations: 3, maxAge: 7d, grace: 10m }
  # quota: 500GiB             # beyond it, what nobody read for longest goes

redis:
  url: \${REDIS_URL:-}         # unset: \`parqueue up\` brings a Redis of its own, kept under ./var/redis
  durable: true               # refuse a Redis without persistence

# auth:
#   apiKeys:
#     - { name: notebooks, sha256: <sha256 of the key>, scopes: [read, fill], datasets: ["*"] }

# worker:
#   threads: 2                # loads and version checks at one time per worker process
#   threadMemory: 1GiB

# log: { level: info }        # debug: a line for every step
# telemetry:                  # OpenTelemetry traces, by OTLP over HTTP
#   traces: { url: "http://127.0.0.1:4318/v1/traces", ratio: 10% }

sources:
  files:
    kind: file
    root: ./data              # nothing outside this folder is ever read
    adhoc: true               # also answer \`parqueue query --source files --path …\`; leave out to allow datasets only

  # An Oracle Database, by its own protocol; the user needs SELECT on the tables that datasets read.
  # erp:
  #   kind: oracle
  #   connectString: db.example.com:1521/sales
  #   user: parqueue
  #   password: \${ERP_PASSWORD}
  #   adhoc: { maxAge: 5m }   # also answer \`parqueue query --source erp --sql …\`, up to five minutes old

  # A PostgreSQL, and a MySQL or MariaDB. User and password are never part of the address.
  # crm:
  #   kind: postgres
  #   connectString: postgresql://db.example.com:5432/crm
  #   user: parqueue
  #   password: \${CRM_PASSWORD}
  #   schema: public          # what unqualified names mean
  # shop:
  #   kind: mysql
  #   connectString: mysql://db.example.com:3306/shop
  #   user: parqueue
  #   password: \${SHOP_PASSWORD}
  #   tls: verify             # the default for every host but loopback; with ca: FILE for a private authority

datasets:
  # parqueue get orders  ·  curl http://127.0.0.1:8787/v1/datasets/orders.parquet
  orders:
    source: files
    path: orders.parquet
    # Strict is the default: every request checks the file (an open and a stat when nothing changed).
    # freshness: { maxAge: 60s, staleWhileRevalidate: 10m, staleIfError: 1d }
    # refresh: { every: 15m, jitter: 10% }          # look before anybody asks; or cron: "0 6 * * 1-5"

  # A CSV per market: parqueue get prices --param market=xetra
  prices:
    source: files
    path: "prices/{market}.csv"
    params:
      market: { type: string, pattern: "[a-z]+" }
    # csv: { header: true, delimiter: "," }         # detected where not given
    # columns: { price: "decimal(18,4)" }           # types where the file does not tell them
    # parquet: { compression: zstd, rowGroupRows: 1000000 }

  # Loaded again when one of its tables changed: parqueue get revenue --param since=2026-01-01
  # revenue:
  #   source: erp
  #   sql: select region, sum(amount) amount from sales where day >= :since group by region
  #   params: { since: { type: date, required: true } }
  #   freshness: { version: rowscn, maxAge: 60s, staleIfError: 1d }   # Postgres: row-version, MySQL: table-checksum
`;
