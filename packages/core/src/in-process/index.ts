/** Wrapped functions in the process of their application: what `@parqueue/client` loads for `cached.wrap`. */
export { narrowPolicy, type FreshnessWish } from '../config/narrow-policy.ts';
export { canonicalArguments, canonicalValue, type LoadContext, type WrappedCall } from '../sources/wrapped/index.ts';
export { PIN_TTL_MS, type Found, type InProcess } from './in-process.ts';
export { openInProcess, type OpenInProcessOptions } from './open.ts';
export { checkFunction, requestOf, sourceOf, type WrappedFunction } from './requests.ts';
