/**
 * Nobody may pin for longer at one time: gc waits this long after Redis forgot its pins (I6). A reader that needs more
 * renews its pin.
 */
export const PIN_MAX_MS = 3_600_000;
