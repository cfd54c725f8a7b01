/**
 * From an entry back to the request that made it. A manifest keeps the canonical request, and no parameters: they are
 * read out of its path or its binds, and then the request is made again as if a caller had sent them. Whoever uses the
 * result compares its key, so a wrong guess can only cost an entry its refresh, never file rows under a wrong name.
 */
import type { CanonicalRequest, FileQuestion, SqlQuestion } from '../model/request.ts';
import type { DatasetConfig, FileDatasetConfig, ParamConfig, SqlDatasetConfig } from './config.ts';
import { readParam } from './params.ts';
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

/**
 * Where a path can be split in several ways, any of them makes the same path again, and so the same request. What was tried in
 * vain from one place is not tried again: a template of many parameters in one name takes no longer than the square of its length,
 * and as many times that as there are values for those that stand in it twice.
 */
function paramsOfPath({ path, params }: FileDatasetConfig, { path: asked }: FileQuestion): RawParams | null {
  const { parts } = path;
  const names = parts.filter((_, index) => index % 2 === 1);
  const repeated = path.params.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  const found = new Map<string, string>();
  const inVain = new Set<string>();

  const fits = (index: number, at: number): boolean => {
    const part = parts[index];
    if (part === undefined) return at === asked.length;
    const known = index % 2 === 0 ? part : found.get(part);
    if (known !== undefined) return asked.startsWith(known, at) && fits(index + 1, at + known.length);
    // What comes later depends on those values alone that it has to repeat.
    const state = JSON.stringify([index, at, repeated.map((name) => found.get(name) ?? null)]);
    if (inVain.has(state)) return false;
    for (const end of endsOf(asked, at, parts[index + 1] ?? '')) {
      const value = asked.slice(at, end);
      if (!isValueOf(params[part], value)) continue;
      found.set(part, value);
      if (fits(index + 1, end)) return true;
      found.delete(part);
    }
    inVain.add(state);
    return false;
  };
  return fits(0, 0) ? Object.fromEntries(found) : null;
}

/** Where a value may end that begins at `at`: before what follows it, within one name of the path. */
function* endsOf(path: string, at: number, next: string): Generator<number> {
  const slash = path.indexOf('/', at);
  const last = slash < 0 ? path.length : slash;
  for (let end = path.indexOf(next, at); end >= 0 && end <= last; end = path.indexOf(next, end + 1)) {
    yield end;
    // Nothing stands at the end of the text for ever.
    if (end === path.length) return;
  }
}

/** Only canonical texts stand in a path. */
function isValueOf(param: ParamConfig | undefined, value: string): boolean {
  if (param === undefined || value === '') return false;
  const reading = readParam(param, value);
  return reading.ok && reading.text === value;
}
