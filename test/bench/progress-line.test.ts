import { expect, test } from 'vitest';
import { ProgressLine } from './progress-line.ts';

function told(terminal: { readonly isTTY?: boolean; readonly columns?: number }): readonly string[] {
  const written: string[] = [];
  const line = new ProgressLine({ ...terminal, write: (text) => written.push(text) });
  line.begin('[1/2] memory');
  line.tell('round 1\nof 3');
  line.end();
  return written;
}

test('a terminal shows one line, cut to its width and cleared at the end', () => {
  const clear = '\r\u001B[K';
  expect(told({ isTTY: true, columns: 20 })).toEqual([`${clear}[1/2] memory`, `${clear}[1/2] memory: round`, clear]);
});

test('a log has a line for each section', () => {
  expect(told({})).toEqual(['[1/2] memory\n']);
});
