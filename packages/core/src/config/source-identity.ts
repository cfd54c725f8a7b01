/** What tells one system of record from another in cache keys (I1): never a secret, and the same on every host. */
import type { SourceConfig } from './config.ts';
import { readName } from './sql-names.ts';

/**
 * `file:/root`, or `oracle:<database>/<USER>/<SCHEMA>`, `postgres:<host>:<port>/<database>/<user>/<schema>`, `mysql:…` likewise:
 * whose rights decide what a statement sees, and what its names mean.
 */
export function identityOf(source: SourceConfig): string {
  if (source.kind === 'file') return `file:${source.root}`;
  return `${source.kind}:${source.identity}/${escapeName(userOf(source))}/${escapeName(source.schema)}`;
}

/** The schema at the end of a database's identity. */
export function schemaOf(identity: string): string {
  return decodeURIComponent(identity.slice(identity.lastIndexOf('/') + 1));
}

/** Oracle reads a user's name as any other name; the others take it letter by letter. */
function userOf({ kind, user }: Extract<SourceConfig, { readonly user: string }>): string {
  return kind === 'oracle' ? (readName(user, kind) ?? user) : user;
}

/** Quoted names may hold a slash; plain ones stay as they are. */
function escapeName(name: string): string {
  return encodeURIComponent(name);
}
