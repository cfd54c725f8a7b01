/** DATE, the TIMESTAMPs and the INTERVALs. Fields as they are, no calendar arithmetic and no time zones. */
import type { OraIntervalDS, OraIntervalYM, OraTime } from '../engine.ts';

/** Intervals are kept unsigned: 32-bit fields around 2^31, small ones around 60. */
const INTERVAL_MIDDLE = 0x8000_0000;
const INTERVAL_OFFSET = 60;
/** +00:00, hours + 20 and minutes + 60. Fields are in UTC, so no other offset is ever sent. */
const UTC_OFFSET = Buffer.of(20, 60);

export function encodeDate(time: OraTime): Buffer {
  return Buffer.of(
    Math.trunc(time.year / 100) + 100,
    (time.year % 100) + 100,
    time.month,
    time.day,
    time.hour + 1,
    time.minute + 1,
    time.second + 1,
  );
}

/** 7 bytes when there is no fraction, else 11. */
export function encodeTimestamp(time: OraTime): Buffer {
  return time.nanos === 0 ? encodeDate(time) : withNanos(time);
}

export function encodeTimestampTz(time: OraTime): Buffer {
  return Buffer.concat([withNanos(time), UTC_OFFSET]);
}

/** 7, 11 or 13 bytes; an offset is left out, since the fields before it are UTC. */
export function decodeTime(bytes: Uint8Array): OraTime {
  const plain = Buffer.from(bytes);
  return {
    year: (plain.readUInt8(0) - 100) * 100 + plain.readUInt8(1) - 100,
    month: plain.readUInt8(2),
    day: plain.readUInt8(3),
    hour: plain.readUInt8(4) - 1,
    minute: plain.readUInt8(5) - 1,
    second: plain.readUInt8(6) - 1,
    nanos: plain.length >= 11 ? plain.readUInt32BE(7) : 0,
  };
}

export function encodeIntervalDS(interval: OraIntervalDS): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt32BE(interval.days + INTERVAL_MIDDLE, 0);
  bytes.writeUInt8(interval.hours + INTERVAL_OFFSET, 4);
  bytes.writeUInt8(interval.minutes + INTERVAL_OFFSET, 5);
  bytes.writeUInt8(interval.seconds + INTERVAL_OFFSET, 6);
  bytes.writeUInt32BE(interval.nanos + INTERVAL_MIDDLE, 7);
  return bytes;
}

export function encodeIntervalYM(interval: OraIntervalYM): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(interval.years + INTERVAL_MIDDLE, 0);
  bytes.writeUInt8(interval.months + INTERVAL_OFFSET, 4);
  return bytes;
}

function withNanos(time: OraTime): Buffer {
  const nanos = Buffer.alloc(4);
  nanos.writeUInt32BE(time.nanos);
  return Buffer.concat([encodeDate(time), nanos]);
}
