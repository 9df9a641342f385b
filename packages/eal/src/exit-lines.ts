/** What a program says before it ends for a reason of its own. */

/**
 * The lines of a fatal end, without line ends (DPDK: `rte_exit`). The caller writes them to stderr and ends with `code`.
 * With status 0 there is no error to announce.
 *
 * @example
 * ```ts
 * exitLines(1, 'Invalid parameters'); // ['EAL: Error - exiting with code: 1', '  Cause: Invalid parameters']
 * ```
 */
export function exitLines(code: number, cause: string): string[] {
  return code === 0 ? [cause] : [`EAL: Error - exiting with code: ${code}`, `  Cause: ${cause}`];
}
