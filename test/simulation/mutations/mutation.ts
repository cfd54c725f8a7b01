/**
 * A seeded defect: one rule taken out of the program, to see whether the simulation notices. The texts are matched
 * exactly, once each, so that a mutation cannot rot: whoever changes the rule has to say what breaking it means now.
 */

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
}

export interface Mutation {
  /** Kebab-case, of the defect. */
  readonly name: string;
  /** Why a program with it is wrong, in one sentence. */
  readonly wrong: string;
  readonly edits: readonly Edit[];
  /** Where it is looked for first, by name. */
  readonly profiles: readonly string[];
  /** Why no schedule shows it (another rule does its work too, or it costs work only), and the tests that notice it all the same. */
  readonly unseen?: { readonly why: string; readonly tests: readonly string[] };
  /** The same defect in the Lua scripts, for the differential suites; absent where the rule stands in TypeScript only. */
  readonly twin?: readonly Edit[];
}

/** @throws Error where a text is not there exactly once: then nobody knows any more what the mutation breaks */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, { file, text: wanted, replacement }) => {
    const [before = '', after, more] = text.split(wanted);
    if (after === undefined || more !== undefined)
      throw new Error(
        `a mutation of ${file} wants to replace, once:\n${wanted}\nwhich is there ${text.split(wanted).length - 1} times`,
      );
    return before + replacement + after;
  }, source);
}

/** Edits by the file they are of. */
export function byFile(edits: readonly Edit[]): ReadonlyMap<string, readonly Edit[]> {
  const files = new Map<string, Edit[]>();
  for (const edit of edits) files.set(edit.file, [...(files.get(edit.file) ?? []), edit]);
  return files;
}
