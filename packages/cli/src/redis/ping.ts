/**
 * The three words of Redis's protocol that the ladder needs: AUTH, PING, SHUTDOWN, over a bare socket. A client
 * library would reconnect and queue; here a refused connection is an answer.
 */
import { connect } from 'node:net';

export interface RedisAddress {
  readonly port: number;
  readonly password: string | null;
}

/**
 * refused: it does not know our password. failing: it does, and cannot work, for want of disk for example. silent: there
 * is a process that takes connections and does not answer, as one that was stopped.
 */
export type PingAnswer = 'ready' | 'loading' | 'failing' | 'refused' | 'silent' | 'unreachable';

const ANSWER_WITHIN_MS = 2_000;
const SILENCE = '';

export async function ping(address: RedisAddress): Promise<PingAnswer> {
  const reply = await ask(address, 'PING');
  if (reply === null) return 'unreachable';
  if (reply === SILENCE) return 'silent';
  // A Redis without a password refuses AUTH and answers PING all the same: it is a stranger.
  if (address.password !== null && !reply.startsWith('+OK')) return 'refused';
  if (reply.includes('+PONG')) return 'ready';
  if (reply.includes('-LOADING')) return 'loading';
  return /-(?:MISCONF|OOM|READONLY|BUSY)/.test(reply) ? 'failing' : 'refused';
}

/** Asks a Redis that knows our password to write its data and end. @returns false where it is not ours or not there. */
export async function shutdown(address: RedisAddress): Promise<boolean> {
  if ((await ping(address)) !== 'ready') return false;
  await ask(address, 'SHUTDOWN SAVE');
  return true;
}

/**
 * Everything received until the connection ends or a reply to the last command is in; SILENCE where one was made and
 * nothing came, null where nobody is there.
 */
function ask({ port, password }: RedisAddress, command: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = '';
    const expected = password === null ? 1 : 2;
    const finish = (answer: string | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => finish(received === '' && socket.connecting ? null : received));
    socket.once('error', () => finish(received === '' ? null : received));
    socket.once('close', () => finish(received === '' ? null : received));
    socket.once('connect', () => socket.write(`${password === null ? '' : `AUTH ${password}\r\n`}${command}\r\n`));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.split('\r\n').length > expected) finish(received);
    });
  });
}
