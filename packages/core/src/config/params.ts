/** Declared parameters: checked once when the configuration is read, applied to every request by the catalog. */
import type { ParamConfig } from './config.ts';
import { compareValues, readValue } from './param-values.ts';
import type { ParamInput } from './schema-datasets.ts';

/** Names that the HTTP interface uses for itself. */
export const RESERVED_PARAM_NAMES = ['columns', 'limit', 'offset', 'format', 'at', 'numbers'] as const;

const PARAM_NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_]*$/;

export type OnProblem = (path: readonly (string | number)[], message: string) => void;

/** Problems are told relative to the parameter. The result is of use only when there were none. */
export function buildParam(name: string, input: ParamInput, onProblem: OnProblem): ParamConfig {
  if (isReserved(name))
    onProblem([], `is a reserved parameter name (${RESERVED_PARAM_NAMES.join(', ')}); choose another`);
  else if (!PARAM_NAME_PATTERN.test(name))
    onProblem([], 'is not a parameter name; write letters, digits and _, starting with a letter');

  const { type } = input;
  const canonical = (value: unknown, path: readonly (string | number)[]): string | null => {
    const reading = readValue(type, value);
    if (!reading.ok) onProblem(path, `must be ${reading.expected}, as the parameter is of type ${type}`);
    return reading.ok ? reading.text : null;
  };
  const ordered = type !== 'string' && type !== 'boolean';
  for (const bound of ['min', 'max'] as const) {
    if (input[bound] !== undefined && !ordered)
      onProblem([bound], `is not for type ${type}; use enum, pattern or maxLength`);
  }
  if (input.pattern !== undefined) checkPattern(input.pattern, type, onProblem);
  if (input.required === true && input.default !== undefined)
    onProblem(['required'], 'contradicts the default; leave one of them out');

  return {
    name,
    type,
    required: input.required ?? input.default === undefined,
    description: input.description ?? null,
    default: input.default === undefined ? null : canonical(input.default, ['default']),
    enum: input.enum?.map((value, index) => canonical(value, ['enum', index])).filter((text) => text !== null) ?? null,
    pattern: input.pattern ?? null,
    min: input.min === undefined || !ordered ? null : canonical(input.min, ['min']),
    max: input.max === undefined || !ordered ? null : canonical(input.max, ['max']),
    maxLength: input.maxLength,
  };
}

/** Whether bounds and default agree; call it only for a parameter that had no problem. */
export function checkParamAgreement(param: ParamConfig, onProblem: OnProblem): void {
  if (param.min !== null && param.max !== null && compareValues(param.type, param.min, param.max) > 0) {
    onProblem(['min'], 'is above max; exchange them');
    return;
  }
  if (param.default === null) return;
  const reading = readParam(param, param.default);
  if (!reading.ok) onProblem(['default'], `must be allowed by the parameter itself: ${reading.problem}`);
}

export type ParamReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** One given value, checked against all that its parameter declares. The problem never echoes the value. */
export function readParam(param: ParamConfig, raw: unknown): ParamReading {
  if (Array.isArray(raw) && raw.length === 1) return readParam(param, raw[0]);
  if (Array.isArray(raw)) return bad('is given more than once; give it once');
  const reading = readValue(param.type, raw);
  if (!reading.ok) return bad(`must be ${reading.expected}`);
  const { text } = reading;
  if (param.type === 'string' && Array.from(text).length > param.maxLength)
    return bad(`may have at most ${param.maxLength} characters`);
  if (param.enum !== null && !param.enum.includes(text)) return bad(`must be one of ${param.enum.join(', ')}`);
  if (param.pattern !== null && !wholePattern(param.pattern).test(text))
    return bad(`must match the pattern ${param.pattern}`);
  if (param.min !== null && compareValues(param.type, text, param.min) < 0) return bad(`may not be below ${param.min}`);
  if (param.max !== null && compareValues(param.type, text, param.max) > 0) return bad(`may not be above ${param.max}`);
  return { ok: true, text };
}

export function isReserved(name: string): boolean {
  return RESERVED_PARAM_NAMES.some((reserved) => reserved === name);
}

function checkPattern(pattern: string, type: ParamConfig['type'], onProblem: OnProblem): void {
  if (type !== 'string') onProblem(['pattern'], `is for type string, not ${type}; use enum, min or max`);
  try {
    wholePattern(pattern);
  } catch (error) {
    onProblem(['pattern'], `is not a regular expression: ${String(error).split(': ').at(-1) ?? ''}`);
  }
}

/** `$` would also match before a final line break in other dialects; without the m flag JavaScript's does not. */
function wholePattern(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'u');
}

function bad(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
