/** SHA-256 of what arrives: as it comes where Node is, at the end where only a browser's WebCrypto is. */

export interface Hasher {
  update(chunk: Uint8Array): void;
  /** Hexadecimal. */
  digest(): string;
}

/** Null outside Node. */
export function openHasher(): Hasher | null {
  // Not an import: nothing of Node is loaded with the package, and bundlers for browsers find nothing to resolve.
  const runtime: Partial<Pick<NodeJS.Process, 'getBuiltinModule'>> | undefined = globalThis.process;
  const hash = runtime?.getBuiltinModule?.('node:crypto').createHash('sha256');
  if (hash === undefined) return null;
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('hex') };
}

/** Null where the runtime cannot hash either, as a browser on a page without TLS. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const { subtle }: Partial<typeof globalThis.crypto> = globalThis.crypto;
  if (subtle === undefined) return null;
  return hexOf(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

/**
 * The SHA-256 that the server says the body has: `Repr-Digest` (RFC 9530), or the ETag of Parquet, which is the same,
 * also where a proxy coded the body on the way and made the tag a weak one: the runtime decodes it. `Repr-Digest` is then
 * of the coded bytes, which nobody sees here. Null where it says nothing.
 */
export function expectedDigest(headers: Headers): string | null {
  const told = headers.has('content-encoding') ? '' : (headers.get('repr-digest') ?? '');
  // 32 bytes in base64.
  const base64 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(told)?.[1];
  if (base64 !== undefined) return hexOf(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
  return /^(?:W\/)?"([0-9a-f]{64})"$/.exec(headers.get('etag') ?? '')?.[1] ?? null;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
