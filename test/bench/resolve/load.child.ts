/**
 * Asks POST /v1/resolve over many connections, as cheaply as Node can: written requests, no parser but for the length of an
 * answer. In a process of its own, so that neither server pays for it.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../alternate.ts';
import type { FromLoad, Load } from './messages.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

function tell(message: FromLoad): void {
  process.send?.(message);
}

async function play({ url, bodies, connections, warmUpMs, ms }: Load): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const requests = bodies.map((body) =>
    Buffer.from(
      `POST /v1/resolve HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const waits: number[] = [];
  let turn = 0;
  let over = false;
  const isOver = (): boolean => over;
  const fail = (reason: string): void => {
    if (!over) tell({ kind: 'failed', reason });
    over = true;
  };
  const sockets = Array.from({ length: connections }, () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let answer: Buffer = Buffer.alloc(0);
    let askedMs = 0;
    const ask = (): void => {
      askedMs = performance.now();
      const request = requests[turn % requests.length];
      turn += 1;
      if (!over && request !== undefined) socket.write(request);
    };
    socket.on('connect', ask);
    socket.on('error', (error) => fail(error.message));
    socket.on('data', (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
      const end = answer.indexOf(HEAD_END);
      if (end < 0) return;
      const head = answer.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (!head.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) return fail(answer.toString());
      if (answer.length < end + HEAD_END.length + length) return;
      answer = answer.subarray(end + HEAD_END.length + length);
      waits.push(performance.now() - askedMs);
      ask();
    });
    return socket;
  });
  /** However slow the machine is, there is something to count. */
  const passes = async (least: number): Promise<void> => {
    await sleep(least);
    while (waits.length < connections && !isOver()) await sleep(5);
  };
  await passes(warmUpMs);
  waits.length = 0;
  tell({ kind: 'began' });
  const beganMs = performance.now();
  await passes(ms);
  const seconds = (performance.now() - beganMs) / 1000;
  const answers = waits.length;
  if (!isOver()) tell({ kind: 'over', answers, seconds, p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99) });
  over = true;
  for (const socket of sockets) socket.destroy();
}

process.on('message', (load: Load) => {
  play(load).catch((error: unknown) => tell({ kind: 'failed', reason: String(error) }));
});
process.once('disconnect', () => process.exit(0));
