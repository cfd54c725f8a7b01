/**
 * Where a request comes from, told by what its sender cannot leave out: a browser's own words about the page that asks,
 * the Host that it meant, and the marks of a proxy on the way. An API key is a secret that no other site can send; an open
 * port on loopback has only this to tell the person at this host from a web page they look at:
 *
 *   a page of another site posts a form or loads an "image" of http://127.0.0.1:8787   → Sec-Fetch-Site, Origin
 *   a page whose own name was pointed at 127.0.0.1 after it was loaded (DNS rebinding) → Host
 *   a proxy on this host passes on what others ask it                                  → Forwarded, X-Forwarded-For, Via …,
 *                                                                                        HTTP/1.0, as nginx asks by default
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ParqueueError } from '@parqueue/core';
import { isLoopback } from '@parqueue/core/config';

export interface Incoming {
  readonly method: string;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
}

/** Those that proxies add by default or are usually told to add. */
const PROXY_HEADER =
  /^(?:forwarded|via|x-real-ip|cf-connecting-ip|true-client-ip|x-(?:cluster-)?client-ip|x-(?:forwarded|original|envoy)-.+)$/;

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** From this very host, by a name of loopback, and not through a proxy that says so. */
export function isFromThisHost(incoming: Incoming): boolean {
  const { headers, address } = incoming;
  return isLoopback(address.replace(/^::ffff:/, '')) && !isProxied(incoming) && namesLoopback(headers.host);
}

/**
 * What asks without a key is somebody at this host, or nobody.
 * @throws ParqueueError PQ_FORBIDDEN
 */
export function requireThisHost(incoming: Incoming): void {
  if (isFromThisHost(incoming)) return;
  const why = isProxied(incoming)
    ? 'this request came through a proxy (or by HTTP/1.0, which is taken for one)'
    : 'this request names another host than localhost or 127.0.0.1';
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    `there are no auth.apiKeys, so that this server answers its own host only, and ${why}; add a key (\`parqueue key new\`)`,
  );
}

/**
 * A page of another site may lead its reader here, and nothing more: it may not post, and it may not have anything loaded.
 * @throws ParqueueError PQ_FORBIDDEN
 */
export function requireSameOrigin({ method, headers }: Incoming): void {
  if (!isCrossSite(method, headers)) return;
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    'a page of another site asks for this: browsers may use it from pages of this server only',
  );
}

function isCrossSite(method: string, headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined) return !SAFE_METHODS.has(method) && !isOwnOrigin(headers);
  // Other ports of this host are `same-site`, and other programs.
  if (site === 'same-origin' || site === 'none') return false;
  const isVisit = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !(isVisit && SAFE_METHODS.has(method));
}

/** Of browsers that do not say where a request comes from, and over plain HTTP of all. Programs send no Origin. */
function isOwnOrigin({ origin, host = '' }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** nginx adds no header unless it is told to, and asks by HTTP/1.0; programs of today do not. */
function isProxied({ httpVersion, headers }: Incoming): boolean {
  return httpVersion === '1.0' || Object.keys(headers).some((name) => PROXY_HEADER.test(name));
}

/** A browser always sends a Host. Names below `localhost` are loopback wherever they are asked for (RFC 6761). */
function namesLoopback(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.toLowerCase().replace(/:[0-9]*$/, '');
  return isLoopback(name) || name.endsWith('.localhost');
}
