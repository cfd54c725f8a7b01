/** Who the client is: nobody, challenged, or a user. Wrong passwords and unknown users are answered alike. */
import { canonical } from '../auth/users.ts';
import type { Users } from '../auth/users.ts';
import { writeChallenge } from '../auth/messages.ts';
import type { AuthRequest } from '../auth/messages.ts';
import { answer } from '../auth/verifiers.ts';
import type { Challenge } from '../auth/verifiers.ts';
import { OraError } from '../engine.ts';
import { writeEnding } from '../ttc/replies.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';

export interface Proved {
  readonly user: string;
  /** What shows the client that the server knows the password too. */
  readonly proof: string;
  /** This driver announces national text at four times the size that it compares with the longest string. */
  readonly nationalTimesFour: boolean;
}

export class Login {
  readonly #users: Users;
  #pending: { readonly user: string; readonly challenge: Challenge } | null = null;
  #program = '';

  constructor(users: Users) {
    this.#users = users;
  }

  /** As the client named itself. */
  get program(): string {
    return this.#program;
  }

  challenge(writer: ByteWriter, request: AuthRequest): void {
    const user = canonical(request.user);
    const challenge = this.#users.challenge(user);
    this.#pending = { user, challenge };
    this.#program = request.pairs.get('AUTH_PROGRAM_NM') ?? '';
    writeChallenge(writer, challenge);
  }

  /** Null, and ORA-01017 written, for whoever does not know the password. A challenge is good for one attempt. */
  prove(writer: ByteWriter, { pairs }: AuthRequest, call: number): Proved | null {
    const pending = this.#pending;
    this.#pending = null;
    const response = { sessionKey: pairs.get('AUTH_SESSKEY') ?? '', password: pairs.get('AUTH_PASSWORD') ?? '' };
    const proof = pending && answer(pending.challenge, this.#users.password(pending.user), response);
    if (pending === null || proof === null) {
      const error = new OraError(1017, 'invalid username/password; logon denied');
      writeEnding(writer, { call, inTransaction: false, error });
      return null;
    }
    const nationalTimesFour = /^node-oracledb/i.test(pairs.get('SESSION_CLIENT_DRIVER_NAME') ?? '');
    return { user: pending.user, proof, nationalTimesFour };
  }
}
