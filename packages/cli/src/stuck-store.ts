/**
 * The end of a command, or of a server that could not start, beside calls into a store that hangs. Node waits for them, in
 * `process.exit` too, and only the kernel can end them: a command that has said what is wrong would stay for as long as the
 * mount does, a nightly one pile up, and a server that does not listen look alive.
 */

/** What is not stuck is over by then. */
const GRACE_MS = 2_000;

/** To be called when all has been said. Where calls to files are still out later, ends the process as a supervisor would: 137 to a shell. */
export function endWhereStuck(): void {
  const look = setTimeout(() => {
    if (process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))) process.kill(process.pid, 'SIGKILL');
  }, GRACE_MS);
  // A process with nothing left to do does not wait for it.
  look.unref();
}
