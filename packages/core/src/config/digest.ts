/**
 * Digests of what all processes of a cluster must be told alike, by section, so that two configurations can be compared
 * without being shown. Paths that may differ by host and credentials, which digests would give away, are left out.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical-json.ts';
import type { Config } from './config.ts';
import { redactConfig } from './redact.ts';

export function configDigests(config: Config): Readonly<Record<string, string>> {
  const { sources, datasets, limits, store, auth } = redactConfig(config);
  const { root: _root, ...rules } = store;
  const sections = { sources, datasets, limits, store: rules, auth: { ...auth, apiKeys: config.auth.apiKeys } };
  return Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, digestOf(section)]));
}

function digestOf(section: unknown): string {
  // Through JSON: what is configured is data, and a template's compiled parts are not.
  const plain: unknown = JSON.parse(JSON.stringify(section));
  return createHash('sha256').update(canonicalJson(plain)).digest('hex').slice(0, 16);
}
