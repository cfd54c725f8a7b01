/** TO_CHAR of a number by a format of 9, 0, `.`/`D`, `,`/`G`, S, MI, FM, TM9: the elements that tests write. */
import { OraError } from '../../engine.ts';
import { calculate } from './decimal.ts';

/** @throws OraError 01481 for other elements */
export function numberText(digits: string, format: string): string {
  const upper = format.toUpperCase();
  if (upper === 'TM' || upper === 'TM9') return digits.replace(/^(-?)0\./, '$1.');
  const trimmed = upper.startsWith('FM');
  const body = trimmed ? upper.slice(2) : upper;
  const match = /^(S?)([$09,G]*)(?:([.D])([09]*))?(MI|S)?$/.exec(body);
  if (match === null) throw new OraError(1481, 'invalid number format model');
  const [, leadSign = '', whole = '', point = '', part = '', tailSign = ''] = match;
  const rounded = calculate('round', digits, String(part.length));
  const negative = rounded.startsWith('-');
  const [integer = '0', fraction = ''] = rounded.replace('-', '').split('.');
  const places = whole.replaceAll(/[^09]/g, '');
  const shown = integer === '0' && !places.endsWith('0') && point !== '' ? '' : integer;
  const width = whole.length + (point === '' ? 0 : 1 + part.length) + 1;
  if (integer !== '0' && integer.length > places.length) return '#'.repeat(width);
  const firstZero = places.indexOf('0');
  const filled = firstZero < 0 ? shown : shown.padStart(places.length - firstZero, '0');
  const text = grouped(filled, whole) + (point === '' ? '' : `.${fraction.padEnd(part.length, '0')}`);
  const signed =
    tailSign !== ''
      ? text + (negative ? '-' : tailSign === 'S' ? '+' : ' ')
      : `${negative ? '-' : leadSign === 'S' ? '+' : ''}${text}`;
  const done = trimmed && point !== '' && !part.includes('0') ? signed.replace(/0+$/, '') : signed;
  return trimmed ? done.trim() : done.padStart(width, ' ');
}

function grouped(digits: string, format: string): string {
  const out: string[] = [];
  let at = digits.length - 1;
  for (let i = format.length - 1; i >= 0; i -= 1) {
    const c = format.charAt(i);
    if (c === '0' || c === '9') {
      if (at < 0) continue;
      out.unshift(digits.charAt(at));
      at -= 1;
    } else if (at >= 0) out.unshift(c === '$' ? '' : ',');
  }
  return out.join('');
}
