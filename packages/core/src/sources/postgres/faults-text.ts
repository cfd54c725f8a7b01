/**
 * What of a server's message may be shown. Postgres writes names and values alike in double quotes, `column "price" does
 * not exist` and `invalid input syntax for type integer: "4111 1111"`; what it is, is told by the kind of error. In doubt
 * it goes: whoever is looking for the value finds it in the server's log.
 */
/** The fields of an ErrorResponse that are looked at; pg puts them on its errors. */
export interface ServerError {
  readonly message: string;
  /** SQLSTATE. */
  readonly code: string;
  /** The C function that reports it: the same in all languages, unlike the message. */
  readonly routine: string;
  /** Whether it tells a place in the statement, as errors of parsing do. */
  readonly placed: boolean;
  /** It ends the session. */
  readonly fatal: boolean;
}

/** Classes of errors about names in a statement. */
const ABOUT_NAMES = new Set(['42', '3F']);

/** Text of somebody else: raised in a function, or told by another server. */
const FOREIGN_CLASSES = new Set(['38', '39', 'HV', 'P0']);
const FOREIGN_ROUTINES = /^(exec_stmt_raise|exec_stmt_assert|PLy|plperl|pltcl|plv8)/;

/** In whatever language the server talks. */
const QUOTED = /"[^"]*(?:"|$)|»[^«]*(?:«|$)|«[^»]*(?:»|$)|„[^“”]*(?:[“”]|$)|“[^”]*(?:”|$)/g;
/** A value may have quotes in it, so that only the outermost can be trusted. */
const ALL_QUOTED = /["»«„“][\s\S]*["«»“”]|["»«„“][\s\S]*$/;

const NAME = /^[\p{L}_][\p{L}\p{N}_$ .-]{0,127}$/u;

export function withoutValues(error: ServerError): string {
  const { message, code, routine, placed, fatal } = error;
  const family = code.slice(0, 2);
  if (FOREIGN_CLASSES.has(family) || FOREIGN_ROUTINES.test(routine)) {
    return 'a function or a foreign server raised an error, whose text is in the log of the database';
  }
  // An error with a place in the statement was found while that was parsed, before any row was looked at; one that ends
  // the session is about user, database and host.
  const names = fatal || (placed && ABOUT_NAMES.has(family));
  const shown = names ? message.replace(QUOTED, (quoted) => nameOrNot(quoted)) : hidden(message);
  return shown.split('\n')[0] ?? '';
}

function nameOrNot(quoted: string): string {
  return NAME.test(quoted.slice(1, -1)) ? quoted : '"…"';
}

function hidden(message: string): string {
  const setting = /^invalid value for parameter "[A-Za-z_.]+"(?=: ")/.exec(message);
  const rest = setting === null ? message : message.slice(setting[0].length);
  return (
    (setting?.[0] ?? '')
    + rest
      .replace(ALL_QUOTED, '"…"')
      // `requested character too large for encoding: 1114112`
      .replace(/: [-+.\p{N}A-Fa-fx]+$/u, ': …')
  );
}
