import { SetupError } from '@inline-ipsec/eal/errors';

/** What the cases of the conformance suites say when something is not as it must be. */

/** Throws unless it holds. */
export function check(good: boolean, what: string): void {
  if (!good) throw new Error(`${what} is not as it must be`);
}

/** Throws unless both are the same when they are written down. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, must] = [text(actual), text(expected)];
  if (is !== must) throw new Error(`${what}: expected ${must}, got ${is}`);
}

/** Throws unless the call is refused with this code, where one is given, and errno. */
export function refused(call: () => unknown, code: string | undefined, errno: string | readonly string[]): void {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (code !== undefined) same(error.code, code, 'code of the error');
    check([errno].flat().includes(error.errno), `errno of ${error.code}, which is ${error.errno}:`);
    return;
  }
  throw new Error(`expected ${code ?? errno}, got no error but ${text(result)}`);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Array.from(part) : part)) ?? 'undefined';
}
