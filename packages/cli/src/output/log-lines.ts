/**
 * One line of a server's JSON log as a person wants to read it: time, which process, level, message, the rest as
 * `name=value`. Lines that are not JSON (a crash, a warning of Node's) pass through as they are.
 */
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const LEVEL_COLOURS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31, debug: 90, trace: 90 };
const NOT_SHOWN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'name', 'v']);

export function prettyLogLine(name: string, line: string, colour: boolean): string {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const label = name.padEnd(6);
  const entry = parse(line);
  if (entry === null) return `${paint(90, label)} ${line}`;
  const level = LEVELS[Number(entry['level'])] ?? String(entry['level'] ?? 'info');
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toISOString().slice(11, 23) : '';
  const rest = Object.entries(entry)
    .filter(([key, value]) => !NOT_SHOWN.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${shown(value)}`)
    .join(' ');
  const colourOfLevel = LEVEL_COLOURS[level];
  const painted = colourOfLevel === undefined ? level.padEnd(5) : paint(colourOfLevel, level.padEnd(5));
  return `${paint(90, time)} ${paint(36, label)} ${painted} ${String(entry['msg'] ?? '')}${rest === '' ? '' : ` ${paint(90, rest)}`}`;
}

/** The same line for machines: with the process's name in it. */
export function taggedLogLine(name: string, line: string): string {
  const entry = parse(line);
  return JSON.stringify(entry === null ? { level: 30, process: name, msg: line } : { ...entry, process: name });
}

function parse(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    // A line that only looks like JSON is shown as it came.
    return null;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}
