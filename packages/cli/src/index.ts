/** `parqueue` is a command: bin/parqueue.js. Programs use @parqueue/client, which needs nothing of this. */
export {};
