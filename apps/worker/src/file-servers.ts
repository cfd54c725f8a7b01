/**
 * Which sources hang together: those whose files one server has. Told by the kernel's list of mounts, which needs no answer
 * of any server, as it was when the worker started; a root that is a symbolic link counts where the link lies.
 */
import { readFileSync } from 'node:fs';
import type { Config } from '@parqueue/core/config';

/** The sources' names → the server of their files, or the source itself where its files are on this host, or it has none. */
export type SourceGroups = ReadonlyMap<string, string>;

export function sourceGroups(sources: Config['sources'], mounts = mountsOfHost()): SourceGroups {
  return new Map(
    Object.values(sources).map((source) => {
      const server = source.kind === 'file' ? serverOf(source.root, mounts) : null;
      return [source.name, server === null ? `source ${source.name}` : `server ${server}`];
    }),
  );
}

/** Of lines of /proc/self/mountinfo, the last one whose point the path lies below is the one that it is reached by. */
function serverOf(path: string, mounts: readonly string[]): string | null {
  let longest = -1;
  let server: string | null = null;
  for (const line of mounts) {
    // id, parent, major:minor, root, mount point, options, optional fields … - type, what is mounted (proc(5))
    const [place = '', filesystem = ''] = line.split(' - ');
    const point = unescaped(place.split(' ')[4] ?? '');
    if (point === '' || point.length < longest || !isBelow(path, point)) continue;
    longest = point.length;
    server = hostIn(unescaped(filesystem.split(' ')[1] ?? ''));
  }
  return server;
}

/** `server:/export` of NFS and Gluster, `server:port,server:port:/folder` of Ceph, `//server/share` of CIFS. */
function hostIn(mounted: string): string | null {
  const found = /^\/\/([^/]+)\/|^([^/]+):\//.exec(mounted);
  return found?.[1] ?? found?.[2] ?? null;
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Systems without /proc do not tell: each source is by itself there. */
function mountsOfHost(): readonly string[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  } catch {
    return [];
  }
}
