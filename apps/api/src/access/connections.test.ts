import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asksTooFarAhead, boundConnections, boundStranger, knowsCaller, type BoundConnections } from './connections.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const clock = { now: () => 0, sleep: () => Promise.reject(new Error('nobody waits here')) };
const logged: string[] = [];
let answers: ServerResponse[];
let cutOff: number;
let callers: Socket[];
/** Of each request, whether it came on a connection beyond the limit. */
let crowded: boolean[];
let bound: BoundConnections;
const server = createServer((request, answer) => {
  crowded.push(bound.isOverLimit(request.socket));
  if (asksTooFarAhead(request.socket, answer)) cutOff += 1;
  else answers.push(answer);
});

beforeEach(async () => {
  answers = [];
  cutOff = 0;
  callers = [];
  crowded = [];
  bound = boundConnections(server, 2, { clock, log: pino({}, { write: (line: string) => void logged.push(line) }) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const caller of callers) caller.destroy();
  server.close();
  await once(server, 'close');
});

async function open(): Promise<Socket> {
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  callers.push(caller.on('error', () => undefined).resume());
  await once(caller, 'connect');
  return caller;
}

test('who asks on although sixteen answers are owed is cut off; answers that were taken count no more', async () => {
  const patient = await open();
  for (let round = 0; round < 3; round += 1) {
    patient.write(REQUEST.repeat(16));
    await expect.poll(() => answers.length).toBe(16);
    for (const answer of answers.splice(0)) answer.end();
  }
  expect([cutOff, patient.destroyed]).toEqual([0, false]);
  const greedy = await open();
  greedy.write(REQUEST.repeat(200));
  await once(greedy, 'close');
  expect([answers.length, cutOff > 0]).toEqual([16, true]);
});

test('a stranger has half a minute to take something of an answer, who is known as long as it takes', async () => {
  const caller = await open();
  caller.write(REQUEST);
  await expect.poll(() => answers.length).toBe(1);
  const [answer] = answers as [ServerResponse];
  boundStranger(answer);
  expect(answer.socket?.timeout).toBe(30_000);
  knowsCaller(answer);
  expect(answer.socket?.timeout).toBe(0);
});

const connectionsOpen = (): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

async function asking(): Promise<Socket> {
  const caller = await open();
  const asked = answers.length;
  caller.write(REQUEST);
  await expect.poll(() => answers.length).toBe(asked + 1);
  return caller;
}

test('of full connections those on which nothing is under way make room', async () => {
  const busy = await asking();
  const idle = await asking();
  answers[1]?.end();
  await once(idle, 'data');
  await asking();
  if (!idle.closed) await once(idle, 'close');
  expect([busy.destroyed, crowded]).toEqual([false, [false, false, false]]);
});

test('beyond the limit requests are heard, and known to be beyond it; far beyond it connections are closed unheard', async () => {
  const [first] = [await asking(), await asking()];
  for (let at = 0; at < 32; at += 1) await asking();
  expect(crowded).toEqual([false, false, ...Array.from({ length: 32 }, () => true)]);
  const refused = await open();
  await once(refused, 'close');
  expect(logged.some((line) => line.includes('connections are refused'))).toBe(true);
  first?.destroy();
  for (const caller of callers.slice(2, 34)) caller.destroy();
  await expect.poll(connectionsOpen).toBe(1);
  await asking();
  expect(crowded.at(-1)).toBe(false);
});
