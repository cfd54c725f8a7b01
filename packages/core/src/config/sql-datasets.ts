/** Datasets that are statements: their placeholders are the declared parameters, and what they read can be known. */
import { tracksTables, type VersionKind } from '../model/version.ts';
import type { Statement } from '../sql/statement.ts';
import type { ParamConfig, SqlDatasetConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import type { OnProblem } from './params.ts';
import type { DatasetInput } from './schema-datasets.ts';
import { foldCase } from './sql-names.ts';
import { obstacleWords, readSql, type SqlContext } from './sql-texts.ts';

const NOTHING: Statement = {
  text: '',
  placeholders: [],
  repeatsPlaceholders: false,
  reads: [],
  calls: [],
  obstacles: [],
};

export interface SqlPartContext extends SqlContext {
  readonly params: Readonly<Record<string, ParamConfig>>;
  readonly version: VersionKind;
}

/** Problems are told relative to the dataset. The result is of use only when there were none. */
export function readSqlPart(input: DatasetInput, context: SqlPartContext): Pick<SqlDatasetConfig, 'statement'> {
  const { params, version, onProblem } = context;
  if (input.sql === undefined) return { statement: NOTHING };
  const twins = checkFolding(params, onProblem);
  const statement = readSql(input.sql, ['sql'], context);
  if (statement === null) return { statement: NOTHING };
  checkPlaceholders(
    statement,
    Object.values(params).filter(({ name }) => !twins.has(name)),
    onProblem,
  );
  if (tracksTables(version) && statement.obstacles.length > 0)
    onProblem(['sql'], obstacleWords(statement.obstacles, version));
  return { statement };
}

/** @returns the names that only other letters tell from one before them */
function checkFolding(params: Readonly<Record<string, ParamConfig>>, onProblem: OnProblem): ReadonlySet<string> {
  const first = new Map<string, string>();
  const twins = new Set<string>();
  for (const name of Object.keys(params)) {
    const other = first.get(foldCase(name));
    if (other === undefined) first.set(foldCase(name), name);
    else {
      twins.add(name);
      onProblem(['params', name], `is "${other}" in other letters, which a statement does not tell apart; rename one`);
    }
  }
  return twins;
}

function checkPlaceholders({ placeholders }: Statement, params: readonly ParamConfig[], onProblem: OnProblem): void {
  const declared = new Map(params.map(({ name }) => [foldCase(name), name]));
  for (const placeholder of placeholders) {
    if (declared.has(placeholder)) continue;
    onProblem(
      ['sql'],
      /^[0-9]/.test(placeholder)
        ? `uses :${placeholder}; give it a name, such as :since, and declare that under params`
        : `uses :${placeholder}, which is not declared${didYouMean(placeholder, declared.values())}; declare it under params`,
    );
  }
  for (const [folded, name] of declared) {
    if (!placeholders.includes(folded))
      onProblem(['params', name], `is declared but not used; write :${name} in the statement or leave it out`);
  }
}
