/**
 * From an entry back to the request that made it. A manifest keeps the canonical request, and no parameters: they are
 * read out of its path or its binds, and then the request is made again as if a caller had sent them. Whoever uses the
 * result compares its key, so a wrong guess can only cost an entry its refresh, never file rows under a wrong name.
 */
import type { CanonicalRequest, FileQuestion, ParamType, SqlQuestion } from '../model/request.ts';
import type { DatasetConfig, FileDatasetConfig, ParamConfig, SqlDatasetConfig } from './config.ts';
import type { RawParams } from './request-parts.ts';
import { foldCase } from './sql-names.ts';

/** null where no parameters of this dataset can have made the request. */
export function paramsOf(dataset: DatasetConfig, { question }: CanonicalRequest): RawParams | null {
  if (dataset.kind === 'file') return question.kind === 'file' ? paramsOfPath(dataset, question) : null;
  return question.kind === 'sql' ? paramsOfBinds(dataset, question) : null;
}

function paramsOfBinds({ params }: SqlDatasetConfig, { binds }: SqlQuestion): RawParams | null {
  const found: [string, string][] = [];
  for (const { name, type } of Object.values(params)) {
    const bind = binds[foldCase(name)];
    if (bind === undefined || bind.type !== type) return null;
    if (bind.value !== null) found.push([name, bind.value]);
  }
  return Object.fromEntries(found);
}

/** Where a path can be split in several ways, any of them makes the same path again, and so the same request. */
function paramsOfPath({ path, params }: FileDatasetConfig, { path: asked }: FileQuestion): RawParams | null {
  const groups = new Map(path.params.map((name, index) => [name, `pq${index}`]));
  const met = new Set<string>();
  const source = path.parts.map((part, index) => {
    if (index % 2 === 0) return literal(part);
    const group = groups.get(part) ?? '';
    if (met.has(part)) return `\\k<${group}>`;
    met.add(part);
    return `(?<${group}>${shapeOf(params[part])})`;
  });
  const match = new RegExp(`^${source.join('')}$`, 'u').exec(asked);
  if (match === null) return null;
  return Object.fromEntries([...groups].map(([name, group]) => [name, match.groups?.[group] ?? '']));
}

const SHAPES: Readonly<Record<ParamType, string>> = {
  string: '[^/]+?',
  integer: '-?[0-9]+',
  number: '[^/]+?',
  boolean: 'true|false',
  date: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timestamp: '[^/]+?',
};

/** Groups of its own, or references to them, would be taken for ours. */
const GROUPS = /\\[1-9k]|\(\?</;

function shapeOf(param: ParamConfig | undefined): string {
  if (param === undefined) return SHAPES.string;
  if (param.enum !== null) return param.enum.map(literal).join('|');
  if (param.pattern !== null && !GROUPS.test(param.pattern)) return `(?:${param.pattern})`;
  return SHAPES[param.type];
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) => (character === '-' ? '\\x2d' : `\\${character}`));
}
