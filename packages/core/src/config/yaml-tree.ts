/** From a configuration's text to plain values: YAML parsed, references filled in, every problem noted. */
import { isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { Problems, type YamlPath } from './problems.ts';
import { References, type ReferenceSurroundings } from './references.ts';

export interface YamlTree {
  readonly value: unknown;
  readonly problems: Problems;
  /** Whether a reference at exactly that path had no value; complaints about the value there would be noise. */
  isUnresolved(path: YamlPath): boolean;
}

const YAML = { prettyErrors: false, uniqueKeys: false, version: '1.2' } as const;

/** No configuration has more than a dozen. */
const DEPTH_MAX = 64;

/** Paths at which a reference may have no value: the value is then left out. */
export type OptionalAt = (path: YamlPath) => boolean;

/** The stated problems make the value worth nothing when it is null. */
export function readYamlTree(text: string, surroundings: ReferenceSurroundings, isOptionalAt: OptionalAt): YamlTree {
  const lines = new LineCounter();
  let references: References;
  try {
    references = new References(text, surroundings);
  } catch (error) {
    const problems = new Problems(null, lines);
    problems.addAt(0, [], error instanceof Error ? error.message : String(error));
    return { value: null, problems, isUnresolved: () => false };
  }
  const document = parseDocument(references.yaml, { ...YAML, lineCounter: lines });
  const problems = new Problems(document, lines);
  for (const error of [...document.errors, ...document.warnings]) {
    problems.addAt(error.pos[0], [], `is not YAML: ${references.spelled(error.message)}`);
  }
  for (const offset of repeatedKeys(document)) problems.addAt(offset, [], 'is not YAML: Map keys must be unique');
  if (problems.any) return { value: null, problems, isUnresolved: () => false };

  const plain = plainValue(document, problems);
  if (isDeeper(plain, DEPTH_MAX)) {
    problems.addAt(0, [], `nests deeper than ${DEPTH_MAX} levels, or holds itself by an alias`);
    return { value: null, problems, isUnresolved: () => false };
  }
  const unresolved = new Set<string>();
  const value = fill(
    plain,
    [],
    (text, path) => {
      const resolved = references.resolve(text);
      if (resolved.problems.length > 0) {
        if (isOptionalAt(path)) return undefined;
        unresolved.add(JSON.stringify(path));
        for (const problem of resolved.problems) problems.add(path, problem);
      }
      return resolved.text;
    },
    (name) => references.spelled(name),
  );
  return { value, problems, isUnresolved: (path) => unresolved.has(JSON.stringify(path)) };
}

/** The same tree with each reference as it is written: nothing is looked up. Null for what is no YAML. */
export function readSpelledTree(text: string): unknown {
  const references = new References(text, { env: {}, readFile: () => '' });
  const document = parseDocument(references.yaml, YAML);
  if (document.errors.length > 0 || repeatedKeys(document).length > 0) return null;
  const spelled = (written: string): string => references.spelled(written);
  return fill(document.toJS({ maxAliasCount: 100 }), [], spelled, spelled);
}

/** Where a key stands that its mapping has already. The parser would compare each key with each other. */
function repeatedKeys(document: Document): readonly number[] {
  const found: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) found.push(key.range?.[0] ?? 0);
        keys.add(key.value);
      }
    },
  });
  return found;
}

function plainValue(document: ReturnType<typeof parseDocument>, problems: Problems): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    problems.addAt(0, [], `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Ends at the first that is: an alias may lead into itself. How many there are in all is bounded by the parser. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

type FillText = (text: string, path: YamlPath) => string | undefined;

/** Keys with nothing after them count as not given: a section whose lines are all commented out is an empty one. */
function fill(value: unknown, path: YamlPath, fillText: FillText, spellName: (name: string) => string): unknown {
  if (typeof value === 'string') return fillText(value, path);
  if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index], fillText, spellName));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .map(([name, member]): [string, unknown] => [spellName(name), fill(member, [...path, name], fillText, spellName)])
    .filter(([, member]) => member !== undefined && member !== null);
  return Object.fromEntries(members);
}
