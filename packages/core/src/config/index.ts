/** Reading the configuration, and the catalog of what can be asked. */
export type { Obstacle } from '../sql/statement.ts';
export * from './config.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { isLoopback } from './loopback.ts';
export type { ConfigProblem } from './problems.ts';
export { configJsonSchema, type JsonSchema } from './json-schema.ts';
export { configDigests } from './digest.ts';
export { redactConfig, redactUrl } from './redact.ts';
export { shownConfig } from './shown.ts';
export * from './catalog.ts';
export { tableLabel, targetsOf, type RequestTargets } from './targets.ts';
export type { RawBinds } from './binds.ts';
export type { RawParams, RequestProblem } from './request-parts.ts';
export { narrowPolicy, type FreshnessWish } from './narrow-policy.ts';
export { RESERVED_PARAM_NAMES } from './params.ts';
export { storeRules } from './store-rules.ts';
export { parseCount, parseDuration, parseSize } from './units.ts';
export type { PathTemplate } from './path-template.ts';
