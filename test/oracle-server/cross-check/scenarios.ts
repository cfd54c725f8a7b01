/** The list that all clients run: statements and the answers they must get, as exact text. */
import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from './client.ts';

export type ClientName = 'python' | 'jdbc';

export interface Step {
  readonly command: JsonObject;
  /** Whatever of the answer must be so; an empty one is success without anything to tell. */
  readonly expected: JsonObject;
}

export interface Scenario {
  readonly claim: string;
  /** Clients that cannot do this at all, and why. */
  readonly without: Readonly<Partial<Record<ClientName, string>>>;
  readonly steps: (client: ClientName) => readonly Step[];
}

interface StepText {
  readonly [key: string]: Json | undefined;
  readonly expect?: JsonObject;
}

interface File {
  readonly setup: readonly string[];
  readonly scenarios: readonly {
    readonly claim: string;
    readonly without?: Partial<Record<ClientName, string>>;
    readonly steps: readonly StepText[];
  }[];
}

const file = JSON.parse(readFileSync(new URL('scenarios.json', import.meta.url), 'utf8')) as File;

export const SETUP: string = file.setup.map((statement) => `${statement};\n`).join('');

export const SCENARIOS: readonly Scenario[] = file.scenarios.map(({ claim, without = {}, steps }) => ({
  claim,
  without,
  steps: (client) => steps.map((step) => stepOf(step, client)),
}));

function stepOf({ expect = {}, generate, ...command }: StepText, client: ClientName): Step {
  const own = expect[client] as JsonObject | undefined;
  const expected = expanded(own ?? expect) as JsonObject;
  const { count, ...rest } = expected;
  const isQuery = command['do'] === 'query';
  return {
    command: {
      ...(expanded(command as JsonObject) as JsonObject),
      ...(generate === undefined ? {} : { rows: bindRows(Number(generate)) }),
    },
    expected: isQuery && typeof count === 'number' ? { ...rest, rows: numbered(count) } : expected,
  };
}

/** `{ "repeat": ["a", ["b", 3]] }` is "abbb": long texts are described, not written out. */
function expanded(value: Json): Json {
  if (Array.isArray(value)) return value.map(expanded);
  if (value === null || typeof value !== 'object') return value;
  const object = value as JsonObject;
  const parts = object['repeat'];
  if (Array.isArray(parts)) {
    return parts.map((part) => (Array.isArray(part) ? String(part[0]).repeat(Number(part[1])) : String(part))).join('');
  }
  return Object.fromEntries(Object.entries(object).map(([key, of]) => [key, expanded(of)]));
}

/** The first rows of the table MANY. */
function numbered(count: number): Json {
  return Array.from({ length: count }, (_, index) => [String(index + 1), `text ${index + 1}`]);
}

function bindRows(count: number): Json {
  return Array.from({ length: count }, (_, index) => [
    { kind: 'number', value: String(index + 1) },
    { kind: 'text', value: `text ${index + 1}` },
  ]);
}
