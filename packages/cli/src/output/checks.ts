/** How checks are shown: a line each as they come, with what to do below those that are not right. */
import type { Check, Status } from '../doctor/check.ts';
import type { Context } from '../context.ts';
import { spellNumber } from './units.ts';

export interface ChecksPrinter {
  readonly check: (check: Check) => void;
  readonly end: (all: readonly Check[]) => void;
}

const WORDS: Readonly<Record<Status, string>> = { ok: 'ok', note: 'note', warn: 'WARN', fail: 'FAIL', skipped: '-' };
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, note: 36, warn: 33, fail: 31, skipped: 90 };
const WORD_WIDTH = 6;
const NAME_WIDTH = 14;

export function printer(
  context: Context,
  { json, title }: { readonly json: boolean; readonly title: string },
): ChecksPrinter {
  if (json) {
    return {
      check: () => undefined,
      end: (all) =>
        context.out(
          JSON.stringify({ ok: !all.some(({ status }) => status === 'fail'), version: context.version, checks: all }),
        ),
    };
  }
  const paint = (status: Status, text: string): string =>
    context.interactive ? `\u001b[${COLOURS[status]}m${text}\u001b[0m` : text;
  const shown = { area: '' };
  context.out(title);
  return {
    check: ({ area, name, status, found, means, todo }) => {
      if (area !== shown.area) context.out(`\n${area}`);
      shown.area = area;
      context.out(`  ${paint(status, WORDS[status].padEnd(WORD_WIDTH))}${name.padEnd(NAME_WIDTH)} ${found}`);
      if (means !== undefined) context.out(`          ${means}`);
      if (todo !== undefined) context.out(`          → ${todo}`);
    },
    end: (all) => {
      const count = (status: Status): number => all.filter((check) => check.status === status).length;
      const [failed, warned] = [count('fail'), count('warn')];
      context.out(
        `\n${failed === 0 && warned === 0 ? 'Nothing is wrong.' : `${failed} failed, ${spellNumber(warned, 'warning')}, ${count('ok')} ok.`}`,
      );
    },
  };
}
