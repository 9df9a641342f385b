/** koffi, the package that calls native libraries: an optional peer, so asked for only when an engine wants it. */
import { createRequire } from 'node:module';
import { SetupError } from '@inline-ipsec/eal/errors';

/** A function of a native library. Addresses and lengths are plain numbers: the cheapest argument that koffi has. */
export type ForeignFunction = (...args: (number | string | null)[]) => number;

/** A native library. */
export interface ForeignLibrary {
  /** @throws Error when the library has no function of that name */
  func(name: string, result: string, parameters: readonly string[]): ForeignFunction;
}

/** What is used of koffi. */
export interface ForeignFunctions {
  /** `null`: what the process itself exports. */
  load(path: string | null): ForeignLibrary;
  /** The type of a function that has no name. */
  proto(result: string, parameters: readonly string[]): object;
  /** A function by its address. */
  decode(address: bigint, type: object): ForeignFunction;
}

/**
 * Loads koffi.
 *
 * @param load gives a package by its name
 * @throws SetupError `ERR_CRYPTO_KOFFI` (ENODEV) when it is not installed, or has no native part for this platform
 */
export function loadKoffi(load: (name: string) => unknown = createRequire(import.meta.url)): ForeignFunctions {
  try {
    return load('koffi') as ForeignFunctions;
  } catch (cause) {
    throw new SetupError({
      code: 'ERR_CRYPTO_KOFFI',
      errno: 'ENODEV',
      message: 'the package koffi, which calls native libraries, cannot be loaded',
      remedy: 'npm install koffi',
      cause,
    });
  }
}
