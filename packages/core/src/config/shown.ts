/**
 * The configuration as it may be shown: in the file's own words and units, with the defaults it leaves unsaid. What comes
 * from the environment or from a file stays the reference that names it, wherever it stands, so that no value of theirs is
 * ever printed; secrets that the file itself holds are hidden. What is shown can be used as a configuration again.
 */
import { configJsonSchema } from './json-schema.ts';
import { redactUrl } from './redact.ts';
import { isMapping } from './schema-problems.ts';
import { readSpelledTree } from './yaml-tree.ts';

const HIDDEN = '***';
const SECRET_NAMES: ReadonlySet<string> = new Set(['password', 'walletPassword', 'sha256']);
/** One reference and nothing else: it tells where a secret is, and not what. */
const ONE_REFERENCE = /^\$\{[^}\r\n]*\}$/;

/** The text of a file that loadConfig accepted. */
export function shownConfig(text: string): Readonly<Record<string, unknown>> {
  const tree = readSpelledTree(text);
  const shown = withDefaults(configJsonSchema(), isMapping(tree) ? tree : {});
  return hidden(shown, []) as Readonly<Record<string, unknown>>;
}

function withDefaults(schema: unknown, value: unknown): unknown {
  if (!isMapping(schema)) return value;
  const known = value ?? schema['default'];
  const branch = branchFor(schema, known);
  if (branch !== schema) return withDefaults(branch, known);
  if (!isMapping(known) || schema['type'] !== 'object') return known;
  const properties = isMapping(schema['properties']) ? schema['properties'] : {};
  const names = [...Object.keys(properties), ...Object.keys(known).filter((name) => !Object.hasOwn(properties, name))];
  const members = names
    .map((name): [string, unknown] => [
      name,
      withDefaults(properties[name] ?? schema['additionalProperties'], known[name]),
    ])
    .filter(([, member]) => member !== undefined);
  return Object.fromEntries(members);
}

/** Of alternatives the one that the value is: by its `kind`, or by being a mapping at all. */
function branchFor(schema: Readonly<Record<string, unknown>>, value: unknown): unknown {
  const alternatives = schema['oneOf'] ?? schema['anyOf'];
  if (!Array.isArray(alternatives) || !isMapping(value)) return schema;
  const mappings = alternatives.filter(
    (one): one is Record<string, unknown> => isMapping(one) && one['type'] === 'object',
  );
  return mappings.find((one) => kindOf(one) === value['kind']) ?? (mappings.length === 1 ? mappings[0] : schema);
}

function kindOf({ properties }: Readonly<Record<string, unknown>>): unknown {
  const kind = isMapping(properties) ? properties['kind'] : undefined;
  return isMapping(kind) ? kind['const'] : undefined;
}

function hidden(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => hidden(item, path));
  if (isMapping(value))
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hidden(member, [...path, name])]));
  return typeof value === 'string' ? hiddenText(value, path) : value;
}

function hiddenText(text: string, path: readonly string[]): string {
  const name = path.at(-1) ?? '';
  if (text === '' || ONE_REFERENCE.test(text)) return text;
  if (SECRET_NAMES.has(name) || path.at(-2) === 'headers') return HIDDEN;
  if (name === 'url') return redactUrl(text);
  return name === 'connectString' ? text.replace(/\?.*$/s, `?${HIDDEN}`).replace(/\/\/[^/@]*@/, `//${HIDDEN}@`) : text;
}
