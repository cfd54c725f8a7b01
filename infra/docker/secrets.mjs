/**
 * Makes the secrets of infra/compose.yaml, each a random one in a file of its own: `node infra/docker/secrets.mjs`. What
 * is there stays as it is. The API key is for you; the server knows its hash alone.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? join(import.meta.dirname, 'secrets');
mkdirSync(folder, { recursive: true, mode: 0o700 });

/** Letters, digits, - and _: fit for a URL and for Oracle, which wants a letter first. */
const secret = () => `k${randomBytes(24).toString('base64url')}`;

function keep(name, make) {
  const path = join(folder, name);
  if (!existsSync(path)) writeFileSync(path, make(), { mode: 0o644 });
  return readFileSync(path, 'utf8');
}

/** What Parqueue logs on with, and the passwords of those who own the databases, which it does not get. */
const PASSWORDS = ['redis-password', 'postgres-password', 'oracle-password'];
const OWNERS = ['postgres-owner-password', 'oracle-owner-password'];
for (const name of [...PASSWORDS, ...OWNERS]) keep(name, secret);
const key = keep('api-key', secret);
writeFileSync(join(folder, 'api-key-sha256'), createHash('sha256').update(key).digest('hex'), { mode: 0o644 });
console.log(`secrets are in ${folder}; callers use the key in ${join(folder, 'api-key')}`);
