/**
 * Which database a connect string means, spelled in one way: part of every cache key of an Oracle source (I1). Two
 * spellings of one address are one database here; what only concerns the way there (time-outs, wallets, server mode)
 * is left out, and so nothing secret is ever in it. Read as node-oracledb reads it: `(…)` is a descriptor, text with `:`
 * or `/` is EZConnect, anything else is an alias, which only a tnsnames.ora can tell.
 */

export type ConnectReading =
  | { readonly kind: 'address'; readonly identity: string }
  | { readonly kind: 'alias' }
  | { readonly kind: 'unusable'; readonly problem: string };

interface Address {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
}

/** node-oracledb's own limits. */
const DESCRIPTOR_BYTES_MAX = 4096;
const DESCRIPTOR_DEPTH_MAX = 64;
const DEFAULT_PORT = '1521';

const HOST = String.raw`(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]+)`;
const GROUP = `${HOST}(?:,${HOST})*(?::[0-9]{1,5})?`;
const EZCONNECT = new RegExp(
  `^(?:(?:(?<protocol>[A-Za-z]+):)?//)?(?<hosts>${GROUP}(?:[,;]${GROUP})*)`
    + '(?:/(?<service>[A-Za-z0-9_][A-Za-z0-9_,.-]+)?)?(?::(?<mode>dedicated|shared|pooled))?(?:/(?<instance>[A-Za-z0-9_]+))?$',
  'i',
);
const HOST_GROUP = new RegExp(`(?<names>${HOST}(?:,${HOST})*)(?::(?<port>[0-9]{1,5}))?`, 'g');
const ALIAS = /^[A-Za-z0-9_][A-Za-z0-9_.$#-]*$/;

/** What is wrong with the string by itself, or null. Never repeats it: people write passwords into connect strings. */
export function checkConnectString(text: string): string | null {
  const reading = readConnectString(text);
  return reading.kind === 'unusable' ? reading.problem : null;
}

export function readConnectString(text: string): ConnectReading {
  const trimmed = text.trim();
  if (trimmed.startsWith('(')) return readDescriptor(trimmed);
  if (/[:/]/.test(trimmed)) return readEzConnect(trimmed);
  return ALIAS.test(trimmed)
    ? { kind: 'alias' }
    : unusable('is no connect string; write host:1521/service, a descriptor (DESCRIPTION=…), or an alias');
}

function readEzConnect(text: string): ConnectReading {
  // Everything behind the question mark is about the way: time-outs, wallet, proxy.
  const [address = ''] = text.replace(/\s/g, '').split('?', 1);
  if (address.includes('@')) return unusable('has an @; user and password are keys of their own');
  const match = EZCONNECT.exec(address)?.groups;
  if (match === undefined) return unusable('is no address; write host:1521/service or tcps://host:2484/service');
  const protocol = (match['protocol'] ?? 'tcp').toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'tcps')
    return unusable('has a protocol that is not offered; write tcp or tcps');
  const { service, instance } = match;
  if (service === undefined) return unusable('names no service; write host:1521/service');
  const addresses = [...(match['hosts'] ?? '').matchAll(HOST_GROUP)].flatMap(({ groups }) =>
    (groups?.['names'] ?? '').split(',').map((host) => ({ protocol, host, port: groups?.['port'] ?? DEFAULT_PORT })),
  );
  if (addresses.some(({ port }) => !isPort(port))) return unusable('has a port that is none; write 1 to 65535');
  return { kind: 'address', identity: spell(addresses, service, { instance }) };
}

function spell(
  addresses: readonly Address[],
  service: string,
  { instance }: { readonly instance?: string | undefined } = {},
): string {
  const hosts = addresses.map(({ protocol, host, port }, index) => {
    const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
    const shown = bare.includes(':') ? `[${bare}]` : bare;
    const repeated = index > 0 && addresses[0]?.protocol === protocol;
    return `${repeated ? '' : `${protocol}://`}${shown}:${Number(port)}`;
  });
  return `${hosts.join(',')}/${service.toLowerCase()}${instance === undefined ? '' : `/${instance.toLowerCase()}`}`;
}

/** `(NAME=value)` or `(NAME=(…)(…))`; names in upper case. */
interface Pair {
  readonly name: string;
  readonly value: string | readonly Pair[];
}

function readDescriptor(text: string): ConnectReading {
  if (Buffer.byteLength(text) > DESCRIPTOR_BYTES_MAX)
    return unusable(`is longer than ${DESCRIPTOR_BYTES_MAX} bytes, which no driver takes`);
  const root = new DescriptorReader(text).read();
  if (root === null) return unusable('is no connect descriptor: look at its parentheses and = signs');
  const addresses = findAll(root, 'ADDRESS').map(addressOf);
  if (addresses.length === 0 || addresses.includes(null))
    return unusable('has no ADDRESS with PROTOCOL tcp or tcps, HOST and PORT');
  const data = findAll(root, 'CONNECT_DATA');
  if (data.length === 0) return unusable('has no CONNECT_DATA with a SERVICE_NAME');
  const service = data[0] === undefined ? null : valueOf(data[0], 'SERVICE_NAME');
  const plain = data.length === 1 && findAll(root, 'DESCRIPTION').length === 1 && service !== null && service !== '';
  if (!plain) return { kind: 'address', identity: spellPair(root) };
  const instance = data[0] === undefined ? null : valueOf(data[0], 'INSTANCE_NAME');
  const known = addresses.filter((address) => address !== null);
  return { kind: 'address', identity: spell(known, service, { instance: instance ?? undefined }) };
}

function addressOf(pair: Pair): Address | null {
  const protocol = valueOf(pair, 'PROTOCOL')?.toLowerCase() ?? 'tcp';
  const [host, port] = [valueOf(pair, 'HOST'), valueOf(pair, 'PORT')];
  if (host === null || host === '' || port === null || !isPort(port)) return null;
  return protocol === 'tcp' || protocol === 'tcps' ? { protocol, host, port } : null;
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function findAll(pair: Pair, name: string): readonly Pair[] {
  if (pair.name === name) return [pair];
  return typeof pair.value === 'string' ? [] : pair.value.flatMap((inner) => findAll(inner, name));
}

function valueOf({ value }: Pair, name: string): string | null {
  const found = typeof value === 'string' ? undefined : value.find((inner) => inner.name === name);
  return typeof found?.value === 'string' ? found.value : null;
}

const CASELESS = new Set(['PROTOCOL', 'HOST', 'SERVICE_NAME', 'SERVER']);

/** The whole descriptor in one spelling, for those that say more than where and what. */
function spellPair({ name, value }: Pair): string {
  if (typeof value === 'string') return `(${name}=${CASELESS.has(name) ? value.toLowerCase() : value})`;
  return `(${name}=${value
    .filter((inner) => inner.name !== 'SECURITY')
    .map(spellPair)
    .join('')})`;
}

class DescriptorReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Pair | null {
    const pair = this.#pair(0);
    this.#skipSpace();
    return pair !== null && this.#at === this.#text.length ? pair : null;
  }

  #pair(depth: number): Pair | null {
    if (depth > DESCRIPTOR_DEPTH_MAX || !this.#take('(')) return null;
    const name = /^\s*([A-Za-z0-9_.]+)\s*=/.exec(this.#text.slice(this.#at));
    if (name === null) return null;
    this.#at += name[0].length;
    const value = this.#next() === '(' ? this.#pairs(depth) : this.#atom();
    return value !== null && this.#take(')') ? { name: (name[1] ?? '').toUpperCase(), value } : null;
  }

  #pairs(depth: number): readonly Pair[] | null {
    const pairs: Pair[] = [];
    while (this.#next() === '(') {
      const pair = this.#pair(depth + 1);
      if (pair === null) return null;
      pairs.push(pair);
    }
    return pairs;
  }

  #atom(): string | null {
    const match = /^\s*(?:"([^"]*)"|'([^']*)'|([^()"'=]*))/.exec(this.#text.slice(this.#at));
    if (match === null) return null;
    this.#at += match[0].length;
    return (match[1] ?? match[2] ?? match[3] ?? '').trim();
  }

  #next(): string {
    this.#skipSpace();
    return this.#text.charAt(this.#at);
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

function unusable(problem: string): ConnectReading {
  return { kind: 'unusable', problem };
}
