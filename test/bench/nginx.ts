/** nginx as a static server of one folder by sendfile: where the set-up found or fetched one (scripts/setup-nginx.mjs). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort } from '@parqueue/core/testing/servers';
import { ROOT } from './root.ts';

interface SetUp {
  readonly nginxPath: () => string | null;
}

const setUp = (await import(pathToFileURL(join(ROOT, 'scripts/setup-nginx.mjs')).href)) as SetUp;

/** null: there is none on this machine. */
export const NGINX = setUp.nginxPath();

const READY_WITHIN_MS = 20_000;

/** As for serving large files: sendfile, full segments, no log. */
const configOf = (port: number, root: string): string => `
daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr error;
user root;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path temp;
  proxy_temp_path temp;
  fastcgi_temp_path temp;
  uwsgi_temp_path temp;
  scgi_temp_path temp;
  server { listen 127.0.0.1:${port}; root ${JSON.stringify(root)}; }
}
`;

export class Nginx implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** @param folder an empty one, for itself; @param root what it serves */
  static async start(program: string, folder: string, root: string): Promise<Nginx> {
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const config = join(folder, 'nginx.conf');
    const isRoot = process.getuid?.() === 0;
    const text = configOf(port, root);
    await writeFile(config, isRoot ? text : text.replace('user root;\n', ''));
    const child = spawn(program, ['-p', folder, '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    const nginx = new Nginx(`http://127.0.0.1:${port}`, child);
    for (const limit = Date.now() + READY_WITHIN_MS; !(await listens(port)); await sleep(20)) {
      if (child.exitCode !== null || Date.now() > limit)
        throw new Error(`nginx did not start: ${program} -c ${config}`);
    }
    return nginx;
  }

  /** Of its master; the workers are its children. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
