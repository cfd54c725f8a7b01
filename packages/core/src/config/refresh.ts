/** From the shape of a refresh to a schedule that can be kept: everything that takes more than one value to judge. */
import { CronExpressionParser } from 'cron-parser';
import type { DatasetConfig, RefreshConfig } from './config.ts';
import type { OnProblem } from './params.ts';
import { problemOfPathValue } from './path-template.ts';
import { readParams, type RequestProblem } from './request-parts.ts';
import type { RefreshInput } from './schema-refresh.ts';

const CRON_FIELDS = 5;
/** Of a cron so much is looked at for two times that are close: more than a year, or of what is frequent some days. */
const LOOKED_AT_MS = 400 * 86_400_000;
const TIMES_LOOKED_AT = 500;
const CRON_WORDS = 'must be five fields (minute, hour, day, month, weekday) such as "0 6 * * 1-5"';

/** Problems are told relative to the refresh. The result is of use only when there were none. */
export function buildRefresh(
  input: RefreshInput,
  dataset: Pick<DatasetConfig, 'kind' | 'params'>,
  onProblem: OnProblem,
): RefreshConfig {
  const schedule = buildSchedule(input, onProblem);
  for (const [index, raw] of input.params.entries()) checkCombination(raw, dataset, tellAt(index, onProblem));
  return {
    schedule,
    jitterMs: jitterOf(input, onProblem),
    readWithinMs: input.unread ? null : input.readWithin,
    params: input.params,
  };
}

function buildSchedule({ every, cron, timeZone }: RefreshInput, onProblem: OnProblem): RefreshConfig['schedule'] {
  if (every !== undefined && cron !== undefined) onProblem(['cron'], 'is one schedule too many beside every; keep one');
  if (every === undefined && cron === undefined)
    onProblem([], 'needs a schedule; write every: 15m or cron: "0 6 * * 1-5"');
  if (cron === undefined) {
    if (timeZone !== undefined) onProblem(['timeZone'], 'is for cron; an interval has no time zone');
    return { kind: 'every', everyMs: every ?? 0 };
  }
  if (timeZone !== undefined && !isTimeZone(timeZone))
    onProblem(['timeZone'], 'is no time zone that is known here; write one such as Europe/Berlin');
  else if (!isCron(cron)) onProblem(['cron'], CRON_WORDS);
  return { kind: 'cron', pattern: cron.trim().split(/\s+/).join(' '), timeZone: timeZone ?? 'UTC' };
}

function isCron(pattern: string): boolean {
  if (pattern.trim().split(/\s+/).length !== CRON_FIELDS) return false;
  try {
    CronExpressionParser.parse(pattern, { tz: 'UTC' }).next();
    return true;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The intervals of a cron are not all of one length: Friday evening to Monday morning is one too. */
function jitterOf({ jitter, every, cron }: RefreshInput, onProblem: OnProblem): number {
  if ('ms' in jitter) {
    if (every !== undefined && jitter.ms > every) onProblem(['jitter'], 'is longer than every');
    if (cron !== undefined && isCron(cron) && hasTimesWithin(cron, jitter.ms))
      onProblem(['jitter'], 'is longer than the shortest time from one refresh to the next');
    return jitter.ms;
  }
  if (cron !== undefined && jitter.share > 0)
    onProblem(['jitter'], 'must be a duration such as 10m beside cron, whose intervals differ');
  return Math.round(jitter.share * (every ?? 0));
}

/** Entries whose moment would come after the next refresh is due would never have it: it is the same each time. */
function hasTimesWithin(cron: string, ms: number): boolean {
  // Without changes of the clocks, and from one day on: the same configuration is right on each day, or on none.
  const times = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(0) });
  let before = -Infinity;
  for (let seen = 0; seen < TIMES_LOOKED_AT && before < LOOKED_AT_MS; seen += 1) {
    const time = times.next().getTime();
    if (time - before < ms) return true;
    before = time;
  }
  return false;
}

function checkCombination(
  raw: RefreshInput['params'][number],
  { kind, params }: Pick<DatasetConfig, 'kind' | 'params'>,
  onProblem: (problem: RequestProblem) => void,
): void {
  const problems: RequestProblem[] = [];
  const values = readParams({ params }, raw, problems);
  for (const [name, value] of values) {
    const problem = kind === 'file' ? problemOfPathValue(value) : null;
    if (problem !== null) problems.push({ name, message: `becomes part of a path and ${problem}` });
  }
  for (const problem of problems) onProblem(problem);
}

function tellAt(index: number, onProblem: OnProblem): (problem: RequestProblem) => void {
  return ({ name, message }) => onProblem(['params', index], `${name} ${message}`);
}
