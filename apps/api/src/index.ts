/** The HTTP API of Parqueue. */
export { startApi, type RunningApi, type StartApiOptions } from './server.ts';
