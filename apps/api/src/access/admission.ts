/**
 * The door that every request comes through, before its route and its body: where it comes from, whose it is, how much
 * that one may ask, and whether the route is for them.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isParqueueError } from '@parqueue/core';
import { principalOf, requireScope, showsKey, type Gatekeeper, type Principal } from '../auth.ts';
import type { AuditLog } from './audit.ts';
import { RateLimited, type KeyLimiter } from './key-limits.ts';
import { isFromThisHost, requireSameOrigin, requireThisHost, type Incoming } from './origin.ts';

/** open: anybody. key: any key. operator: a key with `read`, or this host. The others: a key with that scope. */
export type Access = 'open' | 'key' | 'operator' | 'read' | 'fill' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** A browser may log in: HTTP Basic, any user, the key as password. */
    login?: true;
  }
  interface FastifyRequest {
    principal: Principal;
  }
}

export const NOBODY: Principal = {
  name: 'nobody',
  scopes: new Set(),
  datasets: [],
  limits: null,
  expiresAtMs: null,
};

export interface Door {
  readonly gatekeeper: Gatekeeper;
  readonly limiter: KeyLimiter;
}

/**
 * @returns whether it is known who asks; false where anybody may
 * @throws ParqueueError PQ_UNAUTHENTICATED, PQ_FORBIDDEN, PQ_RATE_LIMITED
 */
export function admit(door: Door, request: FastifyRequest, reply: FastifyReply): boolean {
  const { access = 'open' } = request.routeOptions.config;
  if (access === 'open') return false;
  const incoming = {
    method: request.method,
    httpVersion: request.raw.httpVersion,
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
  };
  requireSameOrigin(incoming);
  if (door.gatekeeper.open) requireThisHost(incoming);
  request.principal = identify(door.gatekeeper, request, incoming);
  const admission = door.limiter.admit(request.principal);
  // However the answer ends, an event stream included; a connection that broke closes its answer too.
  if (request.principal.limits !== null) reply.raw.once('close', admission.release);
  if (admission.headers !== null) reply.headers(admission.headers);
  if (access !== 'key') requireScope(request.principal, access === 'operator' ? 'read' : access);
  return true;
}

function identify(gatekeeper: Gatekeeper, request: FastifyRequest, incoming: Incoming): Principal {
  const { access, login = false } = request.routeOptions.config;
  const { headers, address } = incoming;
  if (access === 'operator' && !gatekeeper.open && !showsKey(headers, { basic: login }) && isFromThisHost(incoming))
    return principalOf(address, new Set(['read']));
  return gatekeeper.identify(headers, address, { basic: login });
}

/** Tells the audit log of what was refused, and the caller what of its rate is left. */
export function afterRefusal(
  audit: AuditLog,
  error: unknown,
  request: FastifyRequest,
): Readonly<Record<string, string>> {
  if (!isParqueueError(error)) return {};
  const limited = error instanceof RateLimited;
  if (limited || error.code === 'PQ_UNAUTHENTICATED' || error.code === 'PQ_FORBIDDEN')
    audit.refusal(request, error.code);
  // A browser asks its user for the key only where it is told to.
  if (error.code === 'PQ_UNAUTHENTICATED' && request.routeOptions.config.login === true)
    return { 'www-authenticate': 'Basic realm="parqueue: any user, the API key as password", charset="UTF-8"' };
  return limited ? { ...error.rate } : {};
}
