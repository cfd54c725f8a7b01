/** The TypeScript client of Parqueue. Needs nothing but Node's fetch. */
export { Parqueue, type GetOptions, type ParqueueOptions, type SignalOption } from './client.ts';
export { Answer } from './answer.ts';
export { isParqueueHttpError, ParqueueHttpError, type ParqueueHttpErrorInit } from './problem.ts';
export type { Sleep, TransportOptions } from './transport.ts';
export type * from './types.ts';
