/**
 * Audit lines: who did what to what, and how it ended. Every act of an administrator, every act that changes something for
 * others, and every refusal. Names only: no key, no parameter, no bind value, no query string. They are written whatever
 * the log level is, since somebody who asks afterwards cannot turn the level up.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Clock } from '@parqueue/core';
import type { Logger } from 'pino';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Audited although it needs less than `admin`. */
    audit?: true;
    /** Members of the body that say what the act is about, by names. */
    auditNames?: readonly string[];
  }
}

/** The same refusal of the same caller is told once in this time, with how often it came. */
const REPEATED_MS = 1_000;
/** Callers remembered for that; the oldest is forgotten first. */
const REFUSED_MAX = 1_000;
const NAME_CHARS_MAX = 300;

interface Refused {
  readonly toldAtMs: number;
  untold: number;
}

export class AuditLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #refused = new Map<string, Refused>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log.child({ audit: true }, { level: 'info' });
    this.#clock = clock;
  }

  /**
   * Watches the routes being added: those whose acts are audited tell them when they are over. That is when they have an
   * answer, and not when it was sent: who leaves without hearing it is not sent one.
   */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', (route) => {
      if (!isAudited(route)) return;
      route.onSend = [
        route.onSend ?? [],
        async (request: FastifyRequest, reply: FastifyReply) => this.#act(request, reply.statusCode),
      ].flat();
    });
  }

  #act(request: FastifyRequest, status: number): void {
    // What was refused has its own line already.
    if (status === 401 || status === 403 || status === 429) return;
    const outcome = status < 400 ? 'done' : 'failed';
    this.#log.info({ ...factsOf(request), outcome, status }, 'act');
  }

  refusal(request: FastifyRequest, code: string): void {
    const who = `${request.principal.name}|${request.socket.remoteAddress}|${code}`;
    const now = this.#clock.now();
    const known = this.#refused.get(who);
    if (known !== undefined && now - known.toldAtMs < REPEATED_MS) {
      known.untold += 1;
      return;
    }
    this.#refused.delete(who);
    this.#refused.set(who, { toldAtMs: now, untold: 0 });
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > REFUSED_MAX && oldest !== undefined) this.#refused.delete(oldest);
    const untold = known?.untold ?? 0;
    this.#log.warn({ ...factsOf(request), outcome: 'refused', code, ...(untold > 0 ? { untold } : {}) }, 'refusal');
  }
}

function isAudited({ config, method }: RouteOptions): boolean {
  if (config?.access !== 'admin' && config?.audit !== true) return false;
  return ![method].flat().every((one) => one === 'GET' || one === 'HEAD');
}

function factsOf(request: FastifyRequest) {
  const { config, url } = request.routeOptions;
  return {
    principal: request.principal.name,
    address: request.socket.remoteAddress ?? null,
    act: config.operation?.id ?? `${request.method} ${url ?? 'nothing'}`,
    target: (request.url.split('?', 1)[0] ?? '').slice(0, NAME_CHARS_MAX),
    ...namesIn(request.body, config.auditNames ?? []),
    requestId: request.id,
  };
}

/** The body may be anything yet: of what was refused it was not judged. */
function namesIn(body: unknown, names: readonly string[]): Readonly<Record<string, string>> {
  if (typeof body !== 'object' || body === null) return {};
  const given = Object.entries(body).filter(([name, value]) => names.includes(name) && typeof value === 'string');
  return Object.fromEntries(given.map(([name, value]) => [name, String(value).slice(0, NAME_CHARS_MAX)]));
}
