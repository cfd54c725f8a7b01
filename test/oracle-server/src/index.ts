/** A server that speaks enough of the Oracle network protocol for real drivers, and the engines behind it. */
export { startOracleServer } from './server.ts';
export type { OracleServer, OracleServerOptions, SessionInfo } from './server.ts';
export type { VerifierKind } from './auth/verifiers.ts';
export { Counters } from './counters.ts';
export { OraError } from './engine.ts';
export type {
  Bind,
  Column,
  Engine,
  EngineSession,
  Execution,
  OraIntervalDS,
  OraIntervalYM,
  OraTime,
  OraType,
  RowSource,
  Statement,
  Value,
} from './engine.ts';
export { openDuckDbEngine } from './engines/duckdb.ts';
export type { DuckDbEngine, DuckDbEngineOptions } from './engines/duckdb.ts';
export { faultyEngine } from './engines/faulty.ts';
export type { ArmedFault, Fault, FaultAction, FaultPlace, FaultyEngine } from './engines/faulty.ts';
export { scriptedEngine } from './engines/scripted.ts';
export type { ScriptedAnswer, ScriptedEngine, ScriptedEngineOptions } from './engines/scripted.ts';
