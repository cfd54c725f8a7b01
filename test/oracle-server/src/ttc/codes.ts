/** The numbers of TTC: message types, functions, options. */
export const MESSAGE = {
  protocol: 1,
  dataTypes: 2,
  function: 3,
  error: 4,
  rowHeader: 6,
  rowData: 7,
  parameter: 8,
  status: 9,
  lobData: 14,
  describeInfo: 16,
  piggyback: 17,
  bitVector: 21,
} as const;

export const FUNCTION = {
  reexecute: 4,
  fetch: 5,
  logOff: 9,
  commit: 14,
  rollback: 15,
  reexecuteAndFetch: 78,
  version: 59,
  execute: 94,
  lob: 96,
  authPhaseTwo: 115,
  authPhaseOne: 118,
  ping: 147,
} as const;

export const PIGGYBACK = {
  lob: 96,
  closeCursors: 105,
  cancelCursors: 120,
  endToEnd: 135,
  currentSchema: 152,
  appContext: 154,
} as const;

export const OPTION = {
  parse: 0x01,
  bind: 0x08,
  define: 0x10,
  execute: 0x20,
  fetch: 0x40,
  commit: 0x100,
  plsqlBind: 0x400,
  describe: 0x20000,
} as const;

/** Of re-execution: flags of its own, with one bit for autoCommit. */
export const REEXECUTE_COMMIT = 0x01;

export const NO_DATA_FOUND = 1403;
