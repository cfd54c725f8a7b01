/**
 * `${NAME}`, `${NAME:-default}` and `${file:/path}` in a configuration text. References are taken out before the YAML
 * is parsed, because `{ url: ${REDIS_URL} }` is not YAML, and put back as values after it, so that no value can add
 * YAML of its own. Each gives way to a placeholder of the same length: line and column of everything stay true. So does
 * the comma of `{ amount: decimal(18,2) }`, which YAML would take for the end of the value.
 */
export interface ReferenceSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file; throws where it cannot be read. */
  readonly readFile: (path: string) => string;
}

export interface Resolved {
  readonly text: string;
  /** What is wrong with references in the text, one line each. Never a value. */
  readonly problems: readonly string[];
  readonly hasReference: boolean;
}

const REFERENCE = /\$?\$\{([^}\r\n]*)\}/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

// Private-use characters: YAML passes them through, and they cannot be meant in a configuration.
const START = '\uE000';
const FILL = '\uE001';
const COMMA = '\uE002';
const FIRST_INDEX = 0xe010;
const LAST_INDEX = 0xf8ff;
const DECIMAL_COMMA = /(?<=\b(?:decimal|numeric) ?\( ?[0-9]+ ?),(?= ?[0-9]+ ?\))/gi;
const PLACEHOLDER = /\uE000([\uE010-\uF8FF])\uE001*/g;

export class References {
  /** The YAML with placeholders. */
  readonly yaml: string;
  readonly #originals: string[] = [];
  readonly #surroundings: ReferenceSurroundings;

  /** @throws RangeError where the text holds private-use characters or some 6000 references. */
  constructor(text: string, surroundings: ReferenceSurroundings) {
    this.#surroundings = surroundings;
    if (/[\uE000-\uF8FF]/.test(text))
      throw new RangeError('private-use characters (U+E000 to U+F8FF) cannot be part of a configuration');
    this.yaml = text
      .replace(REFERENCE, (original) => {
        const index = FIRST_INDEX + this.#originals.push(original) - 1;
        if (index > LAST_INDEX) throw new RangeError('too many ${…} references in one configuration');
        // The shortest original, `${}`, has three characters; two are taken.
        return `${START}${String.fromCharCode(index)}${FILL.repeat(original.length - 2)}`;
      })
      .replace(DECIMAL_COMMA, COMMA);
  }

  /** The text as its author wrote it, for messages about names. */
  spelled(text: string): string {
    return text.replaceAll(COMMA, ',').replace(PLACEHOLDER, (_, index: string) => this.#originalAt(index));
  }

  /** The text with every reference replaced by its value. Where one has no value the text keeps its spelling. */
  resolve(text: string): Resolved {
    const problems: string[] = [];
    let hasReference = false;
    const resolved = text.replaceAll(COMMA, ',').replace(PLACEHOLDER, (_, index: string) => {
      hasReference = true;
      const original = this.#originalAt(index);
      if (original.startsWith('$$')) return original.slice(1);
      const value = this.#valueOf(original.slice(2, -1));
      if (value.ok) return value.text;
      problems.push(value.problem);
      return original;
    });
    return { text: resolved, problems, hasReference };
  }

  #originalAt(placeholderIndex: string): string {
    return this.#originals[placeholderIndex.charCodeAt(0) - FIRST_INDEX] ?? '';
  }

  #valueOf(
    reference: string,
  ): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
    if (reference.startsWith('file:')) return this.#contentOf(reference.slice('file:'.length));
    const match = NAME.exec(reference);
    if (match === null) {
      return {
        ok: false,
        problem: `\${${reference}} is not a reference; write \${NAME}, \${NAME:-default} or \${file:/path} (and $\${ for a plain \${)`,
      };
    }
    const [, name = '', fallback] = match;
    const value = Object.hasOwn(this.#surroundings.env, name) ? this.#surroundings.env[name] : undefined;
    // As in a shell, `:-` also replaces an empty value.
    if (fallback !== undefined) return { ok: true, text: value === undefined || value === '' ? fallback : value };
    if (value !== undefined) return { ok: true, text: value };
    return { ok: false, problem: `environment variable ${name} is not set; set it, or write \${${name}:-default}` };
  }

  /** Secrets are mounted as files that often end with a line break; it is not part of the secret. */
  #contentOf(
    path: string,
  ): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
    if (!path.startsWith('/')) return { ok: false, problem: `\${file:${path}} needs an absolute path` };
    try {
      return { ok: true, text: this.#surroundings.readFile(path).replace(/\r?\n$/, '') };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      return {
        ok: false,
        problem: `the file ${path} cannot be read (${code}); make it readable for this process or correct the path`,
      };
    }
  }
}
