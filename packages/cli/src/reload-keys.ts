/**
 * SIGHUP reads the API keys again: a key is given, taken or exchanged without a caller noticing. Nothing else of the file
 * is taken over, and where the file is wrong, or without keys, everything stays as it is.
 */
import type { ApiKey } from '@parqueue/core/config';
import type { Logger } from 'pino';
import { readConfig, type ConfigOptions } from './config-file.ts';
import type { Context } from './context.ts';
import { explainError } from './exit.ts';

export interface KeyReload {
  readonly options: ConfigOptions;
  readonly log: Logger;
  /** @throws ParqueueError PQ_CONFIG */
  readonly replaceKeys: (keys: readonly ApiKey[]) => void;
}

/**
 * To be called first thing, since SIGHUP ends a process that does not listen; and so it should end one that a person
 * started in a terminal.
 * @returns what to call once it can be acted upon; a SIGHUP before that is made up for then
 */
export function onHangup({ inTerminal }: Pick<Context, 'inTerminal'>): (act: () => void) => void {
  let act: (() => void) | null = null;
  let isMissed = false;
  if (!inTerminal)
    process.on('SIGHUP', () => {
      if (act === null) isMissed = true;
      else act();
    });
  return (ready) => {
    act = ready;
    if (isMissed) act();
  };
}

export function reloadKeys(context: Context, { options, log, replaceKeys }: KeyReload): void {
  try {
    replaceKeys(readConfig(context, options).config.auth.apiKeys);
  } catch (error) {
    log.error({ reason: explainError(error).message }, 'the API keys could not be read again and stay as they were');
  }
}
