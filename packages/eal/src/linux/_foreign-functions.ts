import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { SetupError } from '../errors.ts';

/** The package koffi, which calls C functions. */
export type ForeignFunctions = typeof koffi;

let loaded: ForeignFunctions | undefined;
let refusal: SetupError | undefined;

/**
 * Loads koffi the first time that somebody needs it, on each thread. It is asked for synchronously, so that set-up can
 * stay synchronous.
 *
 * @throws SetupError `ERR_NOT_LINUX` (ENOTSUP), `ERR_KOFFI` (ENOTSUP) when koffi is not installed or does not load
 */
export function foreignFunctions(): ForeignFunctions {
  if (loaded !== undefined) return loaded;
  refusal ??= load();
  if (refusal !== undefined) throw refusal;
  return loaded as unknown as ForeignFunctions;
}

function load(): SetupError | undefined {
  if (process.platform !== 'linux') {
    return new SetupError({
      code: 'ERR_NOT_LINUX',
      errno: 'ENOTSUP',
      message: 'system calls are made on Linux only',
      got: process.platform,
    });
  }
  try {
    loaded = createRequire(import.meta.url)('koffi') as ForeignFunctions;
    return undefined;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return new SetupError({
      code: 'ERR_KOFFI',
      errno: 'ENOTSUP',
      message: 'the package koffi, which makes system calls, cannot be loaded',
      got: code === 'MODULE_NOT_FOUND' ? undefined : message.split('\n', 1)[0],
      remedy: 'install it: npm install koffi',
      cause,
    });
  }
}
