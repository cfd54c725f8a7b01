/** TLS as a source's configuration says it, for drivers that take Node's options. */
import { readFile } from 'node:fs/promises';
import { ParqueueError } from '../../model/errors.ts';

/** require: encrypted, whoever answers. verify: by a certificate of `ca` for that host, or of those that Node.js brings. */
export interface TlsOptions {
  readonly mode: 'off' | 'require' | 'verify';
  /** Absolute path of a file with certificates (PEM); null: those of Node.js and NODE_EXTRA_CA_CERTS. */
  readonly ca: string | null;
}

export interface TlsContext {
  readonly rejectUnauthorized: boolean;
  readonly minVersion: 'TLSv1.2';
  readonly ca?: string;
}

/**
 * null: no TLS. The file is read at each connect, so that a certificate can be replaced while the worker runs.
 * @throws ParqueueError PQ_CONFIG where it cannot be read
 */
export async function tlsContext({ mode, ca }: TlsOptions): Promise<TlsContext | null> {
  switch (mode) {
    case 'off':
      return null;
    case 'require':
      return { rejectUnauthorized: false, minVersion: 'TLSv1.2' };
    case 'verify':
      return {
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ...(ca === null ? {} : { ca: await certificates(ca) }),
      };
  }
}

async function certificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new ParqueueError('PQ_CONFIG', `the certificates of ca cannot be read (${code}): ${path}`);
  }
}
