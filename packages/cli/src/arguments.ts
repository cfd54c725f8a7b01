/** Reading single arguments, and the examples every help page ends with. */
import { InvalidArgumentError } from 'commander';

export const CONFIG_FILE = 'configuration file (default: PARQUEUE_CONFIG, or parqueue.yaml)';

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** `1000`, `1e6`, `1_000_000`. */
export function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('a whole number is needed, such as 1000 or 1e6.');
  return value;
}

export function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('a port is at most 65535.');
  return value;
}

/** Collects `--param name=value`, given any number of times. */
export function parameter(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new InvalidArgumentError('a parameter is written name=value.');
  const name = text.slice(0, equals);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: text.slice(equals + 1) };
}

export type Bind = string | { readonly type: string; readonly value: string };

/** Collects `--bind name=value`, a text, and `--bind name:type=value`, any number of times. */
export function bind(text: string, before: Readonly<Record<string, Bind>> = {}): Readonly<Record<string, Bind>> {
  const [, name = '', type, value = ''] = /^([^=:]+)(?::([a-z]+))?=([\s\S]*)$/.exec(text) ?? [];
  if (name === '')
    throw new InvalidArgumentError('a bind is written name=value, or name:type=value such as since:date=2026-01-31.');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: type === undefined ? value : { type, value } };
}

/** `a,b,c`. */
export function nameList(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
