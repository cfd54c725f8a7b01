/** Who may log on. Names are upper case unless quoted; each user's verifier is made once and kept. */
import { randomBytes } from 'node:crypto';
import { challenge, decoyVerifier, newSalt, verifierOf } from './verifiers.ts';
import type { Challenge, Verifier, VerifierKind } from './verifiers.ts';

export class Users {
  readonly kind: VerifierKind;
  readonly #passwords = new Map<string, string>();
  readonly #verifiers = new Map<string, Verifier>();
  readonly #decoySecret = randomBytes(32);

  constructor(kind: VerifierKind, users: Readonly<Record<string, string>>) {
    this.kind = kind;
    for (const [name, password] of Object.entries(users)) this.#passwords.set(canonical(name), password);
  }

  challenge(user: string): Challenge {
    const password = this.#passwords.get(user);
    if (password === undefined) return challenge(decoyVerifier(this.kind, user, this.#decoySecret));
    const known = this.#verifiers.get(user) ?? verifierOf(this.kind, password, newSalt(this.kind));
    this.#verifiers.set(user, known);
    return challenge(known);
  }

  /** Null for a user who does not exist. */
  password(user: string): string | null {
    return this.#passwords.get(user) ?? null;
  }
}

export function canonical(user: string): string {
  const quoted = /^"(.+)"$/.exec(user.trim());
  return quoted?.[1] ?? user.trim().toUpperCase();
}
