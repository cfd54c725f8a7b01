/** The stage over an Oracle database. */
import { TestDatabase, type DatabaseOptions } from './oracle-database.ts';
import { SqlStage, type StageOptions } from './sql-stage.ts';

export type { Asked } from './sql-stage.ts';
export type OracleStageOptions = DatabaseOptions & StageOptions;
export type OracleStage = SqlStage<TestDatabase>;

export async function openOracleStage(options: OracleStageOptions): Promise<OracleStage> {
  return await SqlStage.open(await TestDatabase.open(options), options);
}
