/**
 * Paths of file datasets: a template with `{param}` in it, and the relative path it becomes. The source's root jail
 * is the last line of defence; this is the first: nothing that could leave the root, or name the same file in two
 * ways, gets past here.
 */
import type { FileFormat } from '../model/request.ts';

export interface PathTemplate {
  readonly text: string;
  /** Alternately literal text and parameter names: `['prices/', 'market', '.csv']`. */
  readonly parts: readonly string[];
  readonly params: readonly string[];
}

export type PathReading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

const PARAM_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const PLACEHOLDER = /\{([^{}]*)\}/;
/** Linux refuses longer paths. */
const PATH_BYTES_MAX = 4096;

export function parsePathTemplate(text: string): PathReading<PathTemplate> {
  const parts = text.split(PLACEHOLDER);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const params = parts.filter((_, index) => index % 2 === 1);
  if (literals.some((literal) => /[{}]/.test(literal))) {
    return bad('has a brace without its partner; a parameter is written {name}');
  }
  const misnamed = params.find((name) => !PARAM_NAME.test(name));
  if (misnamed !== undefined) return bad(`has {${misnamed}}, which is not a parameter name (letters, digits and _)`);
  // A parameter is never empty, so any one letter shows what the segments will look like.
  const shape = checkRelativePath(literals.join('p'));
  if (!shape.ok) return shape;
  return { ok: true, value: { text, parts, params: [...new Set(params)] } };
}

/** Fills in canonical values. @returns the path, or what is wrong with the value of which parameter. */
export function fillPathTemplate(template: PathTemplate, values: ReadonlyMap<string, string>): PathReading<string> {
  for (const name of template.params) {
    const problem = problemOfPathValue(values.get(name) ?? '');
    if (problem !== null) return bad(`parameter "${name}" is part of a path and ${problem}`);
  }
  return checkRelativePath(
    template.parts.map((part, index) => (index % 2 === 0 ? part : (values.get(part) ?? ''))).join(''),
  );
}

/** What forbids the value as part of a file name, or null. */
export function problemOfPathValue(value: string): string | null {
  if (value === '') return 'may not be empty';
  if (value === '.' || value === '..') return 'may not be "." or ".."';
  if (/[/\\]/.test(value)) return 'may not contain "/" or "\\"';
  if (hasControlCharacter(value)) return 'may not contain control characters';
  return null;
}

/** Accepts only the one spelling of a path below the root: no `.`, `..`, empty segments, backslashes. */
export function checkRelativePath(path: string): PathReading<string> {
  if (path === '') return bad('is empty');
  if (path.startsWith('/')) return bad("is absolute; write it relative to the source's root");
  if (path.includes('\\')) return bad('has a backslash; separate folders with "/"');
  if (hasControlCharacter(path)) return bad('has a control character');
  if (!path.isWellFormed()) return bad('is not well-formed Unicode text');
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return bad(`is longer than ${PATH_BYTES_MAX} bytes`);
  const segments = path.split('/');
  if (segments.includes('..')) return bad('may not contain "..": nothing outside the source\'s root is read');
  if (segments.includes('.') || segments.includes(''))
    return bad('may not contain "." or empty segments; write a/b.csv');
  return { ok: true, value: path };
}

const FORMAT_BY_EXTENSION: Readonly<Record<string, FileFormat>> = {
  parquet: 'parquet',
  csv: 'csv',
  tsv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
};

export const KNOWN_EXTENSIONS = Object.keys(FORMAT_BY_EXTENSION);

/** The format and delimiter a file's name tells, or null. */
export function formatOfPath(path: string): { readonly format: FileFormat; readonly delimiter: string | null } | null {
  const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const format = Object.hasOwn(FORMAT_BY_EXTENSION, extension) ? FORMAT_BY_EXTENSION[extension] : undefined;
  return format === undefined ? null : { format, delimiter: extension === 'tsv' ? '\t' : null };
}

function hasControlCharacter(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text);
}

function bad(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
