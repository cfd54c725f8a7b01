/** What Redis and its client may answer instead of a result, sorted into what callers can act on. */
import { isParqueueError, ParqueueError } from '../model/errors.ts';
import { isEpochLost } from '../ports/coordination.ts';

/** Error replies of a Redis that is there but cannot serve now. Anything else it refuses is a defect of ours. */
const UNSERVING =
  /^(LOADING|READONLY|MISCONF|OOM|NOAUTH|WRONGPASS|NOPERM|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|EXECABORT)\b/;

/** Redis before 7 says so of a command within a script; what follows is the command's own refusal. */
const WITHIN_SCRIPT = /^ERR Error running script .*?@user_script: ?\d+: -?(?=[A-Z]+ )/;

/** The text of an error reply, '' for errors of any other kind. */
function errorReply(error: unknown): string {
  return error instanceof Error && error.name === 'ReplyError' ? error.message.replace(WITHIN_SCRIPT, '') : '';
}

/** What Redis replied where that is why it does not serve; null where it did not reply. */
export function replyBehind(error: unknown): string | null {
  const reply = isParqueueError(error) ? errorReply(error.cause) : '';
  return reply === '' ? null : reply;
}

export function isMissingScript(error: unknown): boolean {
  return errorReply(error).startsWith('NOSCRIPT');
}

export function isEpochLostReply(error: unknown): boolean {
  return errorReply(error).startsWith('EPOCHLOST');
}

/** The connection broke before the reply: whether the command ran is unknown. */
export function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'ReplyError' || isEpochLost(error)) return false;
  return (
    error.name === 'MaxRetriesPerRequestError'
    || error.name === 'AbortError'
    || /^(Connection is closed|Stream isn't writeable)/.test(error.message)
    || ('code' in error && typeof error.code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH)/.test(error.code))
  );
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

/** @returns the error to throw for anything a command rejected with. */
export function coordinationFailure(error: unknown, redis: string): unknown {
  const unserving = UNSERVING.test(errorReply(error));
  if (!unserving && !isBrokenConnection(error) && !isTimeout(error)) return error;
  return coordinationDown(redis, (error as Error).message, error);
}

export function coordinationDown(redis: string, reason: string, cause?: unknown): ParqueueError {
  return new ParqueueError(
    'PQ_COORDINATION_DOWN',
    `Redis at ${redis} does not serve (${reason}); check that it runs and can be reached, then ask again`,
    { cause },
  );
}
