/**
 * Manifests that this process read and found sound (I5). A generation never changes, so what its manifest says cannot
 * become wrong; what may happen to the *file* is damage, which shows as damage of a part does: by its identity (ADR 0012).
 * A manifest is therefore believed while its file is the one that was read: same inode, size, mtime and ctime.
 *
 * The identity is asked for before the text is read. A file that is changed between the two is read as it became and
 * remembered as it was, and the next look reads it again; in the other order a text would be kept under a later identity.
 */
import type { Manifest } from '../model/manifest.ts';
import type { FileIdentity } from './files.ts';

/** Of manifests' text: some ten thousand ordinary ones, or a few hundred of a thousand columns. Beyond it the least recently used goes. */
const BYTES_MAX = 16 * 1024 * 1024;

export interface RememberedManifest {
  readonly identity: FileIdentity;
  readonly manifest: Manifest;
  /** Of its text. */
  readonly bytes: number;
}

export class RememberedManifests {
  readonly #bytesMax: number;
  readonly #known = new Map<string, RememberedManifest>();
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  recall(generation: string): RememberedManifest | null {
    const known = this.#known.get(generation);
    if (known === undefined) return null;
    this.#known.delete(generation);
    this.#known.set(generation, known);
    return known;
  }

  keep(generation: string, read: RememberedManifest): void {
    this.forget(generation);
    this.#known.set(generation, read);
    this.#bytes += read.bytes;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.forget(oldest);
    }
  }

  forget(generation: string): void {
    this.#bytes -= this.#known.get(generation)?.bytes ?? 0;
    this.#known.delete(generation);
  }
}

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
