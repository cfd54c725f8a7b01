/** What is wrong with a configuration: all of it at once, each with its place in the file. Never holds a value. */
import { isAlias, isCollection, isNode, isPair, isScalar } from 'yaml';
import type { Document, LineCounter } from 'yaml';
import { ParqueueError } from '../model/errors.ts';

export type YamlPath = readonly (string | number)[];

export interface ConfigProblem {
  /** `sources.lake.root`; empty for the file as a whole. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Nobody reads more, and each costs a search for its place. */
const TOLD_MAX = 200;

/** Collects problems of one document and finds where each of them stands. */
export class Problems {
  readonly #found: ConfigProblem[] = [];
  #untold = 0;
  readonly #document: Document | null;
  readonly #lines: LineCounter;

  constructor(document: Document | null, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** A problem of the value at `path`, or of the nearest thing around it that is in the file. */
  add(path: YamlPath, message: string): void {
    this.#addFound(() => this.#offsetOf(path, false), path, message);
  }

  /** A problem of the key itself rather than of its value. */
  addForKey(path: YamlPath, message: string): void {
    this.#addFound(() => this.#offsetOf(path, true), path, message);
  }

  addAt(offset: number, path: YamlPath, message: string): void {
    this.#addFound(() => offset, path, message);
  }

  #addFound(offsetOf: () => number, path: YamlPath, message: string): void {
    if (this.#found.length === TOLD_MAX) {
      this.#untold += 1;
      return;
    }
    const { line, col } = this.#lines.linePos(offsetOf());
    this.#found.push({ path: spellPath(path), line: Math.max(line, 1), column: Math.max(col, 1), message });
  }

  /** @throws ParqueueError PQ_CONFIG with `details.problems`, in the order of the file; of very many the first. */
  throwIfAny(fileName: string): void {
    if (!this.any) return;
    const problems = this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = problems.map(
      ({ path, line, column, message }) => `  ${line}:${column} ${path === '' ? '' : `${path} `}${message}`,
    );
    if (this.#untold > 0) lines.push(`  … and ${this.#untold} more`);
    const total = problems.length + this.#untold;
    const count = total === 1 ? 'one problem' : `${total} problems`;
    throw new ParqueueError('PQ_CONFIG', `${count} in ${fileName}:\n${lines.join('\n')}`, {
      details: { file: fileName, problems },
    });
  }

  #offsetOf(path: YamlPath, ofKey: boolean): number {
    let node: unknown = this.#document?.contents ?? null;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const [depth, name] of path.entries()) {
      if (isAlias(node) && this.#document !== null) node = node.resolve(this.#document);
      if (!isCollection(node)) return offset;
      const pair = node.items.find((item, index) =>
        isPair(item) ? keyText(item.key) === String(name) : index === name,
      );
      if (pair === undefined) return offset;
      if (isPair(pair)) {
        if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
        if (ofKey && depth === path.length - 1) return offset;
      }
      node = isPair(pair) ? pair.value : pair;
      if (isNode(node) && node.range) offset = node.range[0];
    }
    return offset;
  }
}

export function spellPath(path: YamlPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}
