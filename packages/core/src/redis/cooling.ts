/** The cool-down of failing sources on Redis. */
import type { RedisGate } from './gate.ts';
import { KEYS } from './keys.ts';
import { asArray, asNumber, asNumberOrNull } from './replies.ts';
import { COOLING, type Admission, type Cooling, type CoolingState, type Verdict } from '../ports/cooling.ts';
import type { Failure } from '../model/errors.ts';

/** Longer words of a database are cut: the record is shown to people, once per refused job. */
const MESSAGE_CHARS_MAX = 500;

export function redisCooling(gate: RedisGate): Cooling {
  return {
    admit: async (source) =>
      admissionOf(
        asArray(await gate.script('cooling-admit', [KEYS.cooling(source)], [COOLING.trialMs, COOLING.trialPauseMs])),
      ),
    tell: async (source, verdict, trial) =>
      stateOf(
        asArray(
          await gate.script(
            'cooling-tell',
            [KEYS.cooling(source)],
            [
              verdict.kind,
              trial ? 1 : 0,
              failureText(verdict),
              COOLING.failuresMax,
              COOLING.firstMs,
              COOLING.maxMs,
              COOLING.memoryMs,
            ],
          ),
        ),
      ),
    read: async (source) =>
      await gate.plain(async (redis) => {
        const [[seconds, micros], fields] = await Promise.all([
          redis.time(),
          redis.hmget(KEYS.cooling(source), 'failures', 'failure', 'until'),
        ]);
        const [failures, failure, until] = fields;
        return stateOf([
          failures ?? '0',
          failure ?? null,
          until ?? null,
          Number(seconds) * 1000 + Math.floor(Number(micros) / 1000),
        ]);
      }),
  };
}

function admissionOf([kind, failures, failure, until, now]: readonly unknown[]): Admission {
  switch (kind) {
    case 'open':
    case 'trial':
      return { kind };
    case 'cooling':
      return {
        kind,
        failures: asNumber(failures),
        failure: failureOf(failure),
        untilMs: asNumber(until),
        nowMs: asNumber(now),
      };
    default:
      throw new Error(`cooling-admit answered ${String(kind)}`);
  }
}

function stateOf([failures, failure, until, now]: readonly unknown[]): CoolingState {
  const nowMs = asNumber(now);
  const untilMs = asNumberOrNull(until);
  return {
    failures: asNumber(failures),
    coolingUntilMs: untilMs !== null && untilMs > nowMs ? untilMs : null,
    failure: typeof failure === 'string' ? failureOf(failure) : null,
    nowMs,
  };
}

function failureText(verdict: Verdict): string {
  if (verdict.kind !== 'unavailable') return '';
  const { failure } = verdict;
  return JSON.stringify({ ...failure, message: failure.message.slice(0, MESSAGE_CHARS_MAX) });
}

/** Written by `tell` alone, from a value of this type. */
function failureOf(text: unknown): Failure {
  return JSON.parse(String(text)) as Failure;
}
