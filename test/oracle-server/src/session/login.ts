/** Who the client is: nobody, challenged, or a user. Wrong passwords and unknown users are answered alike. */
import { canonical } from '../auth/users.ts';
import type { Users } from '../auth/users.ts';
import { writeChallenge, writeWelcome } from '../auth/messages.ts';
import type { AuthRequest, Welcome } from '../auth/messages.ts';
import { answer } from '../auth/verifiers.ts';
import type { Challenge } from '../auth/verifiers.ts';
import { OraError } from '../engine.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';

export class Login {
  readonly #users: Users;
  #pending: { readonly user: string; readonly challenge: Challenge } | null = null;
  /** As the client named itself in phase two. */
  driver = '';
  program = '';

  constructor(users: Users) {
    this.#users = users;
  }

  challenge(writer: ByteWriter, request: AuthRequest): void {
    const user = canonical(request.user);
    const challenge = this.#users.challenge(user);
    this.#pending = { user, challenge };
    this.program = request.pairs.get('AUTH_PROGRAM_NM') ?? '';
    writeChallenge(writer, challenge);
  }

  /** The user, proved. @throws OraError 1017 */
  prove(request: AuthRequest): { readonly user: string; readonly proof: string } {
    const pending = this.#pending;
    this.#pending = null;
    const proof =
      pending === null
        ? null
        : answer(pending.challenge, this.#users.password(pending.user), {
            sessionKey: request.pairs.get('AUTH_SESSKEY') ?? '',
            password: request.pairs.get('AUTH_PASSWORD') ?? '',
          });
    if (pending === null || proof === null) throw new OraError(1017, 'invalid username/password; logon denied');
    this.driver = request.pairs.get('SESSION_CLIENT_DRIVER_NAME') ?? '';
    return { user: pending.user, proof };
  }

  welcome(writer: ByteWriter, welcome: Welcome): void {
    writeWelcome(writer, welcome);
  }
}
