import type { Token } from './token.ts';

/** Where keys are put. The gateway's lies in the memory segment. */
export interface KeyStore {
  /** Room for a key of `bytes` bytes that was found good; the configuration fills it and, if it fails later, zeroes it. */
  allocate(bytes: number): Uint8Array;
}

/** A key store on the heap, for tools and tests: each key is an array of its own. */
export function heapKeyStore(): KeyStore {
  return { allocate: (bytes) => new Uint8Array(bytes) };
}

/** What {@link checkKey} found. */
export type KeyVerdict =
  | { readonly kind: 'key' }
  /** `bytes` were written where another number was wanted. */
  | { readonly kind: 'length'; readonly bytes: number }
  /** Byte `at` of the word, from 0, is no hexadecimal digit, or one too many, or one is missing there. */
  | { readonly kind: 'digit'; readonly at: number };

const COLON = 0x3a;

/**
 * Whether a word is key text of `bytes` bytes: `2b:7e:…` with one or two hexadecimal digits a byte. DPDK takes whatever
 * is no digit for the end of a byte, or for 0; here it is refused.
 */
export function checkKey(token: Token, bytes: number): KeyVerdict {
  let count = 0;
  let digits = 0;
  for (let i = 0; i <= token.length; i++) {
    if (i === token.length || token.at(i) === COLON) {
      if (digits === 0) return { kind: 'digit', at: i };
      count++;
      digits = 0;
    } else if (hexDigit(token.at(i)) < 0 || digits === 2) {
      return { kind: 'digit', at: i };
    } else {
      digits++;
    }
  }
  return count === bytes ? { kind: 'key' } : { kind: 'length', bytes: count };
}

/** Parses key text into all of `into`, which is left alone unless {@link checkKey} likes it. No string is made on the way. */
export function parseKey(token: Token, into: Uint8Array): KeyVerdict {
  const verdict = checkKey(token, into.length);
  if (verdict.kind !== 'key') return verdict;
  let at = 0;
  let value = 0;
  for (let i = 0; i < token.length; i++) {
    const byte = token.at(i);
    if (byte === COLON) {
      into[at++] = value;
      value = 0;
    } else {
      value = (value << 4) | hexDigit(byte);
    }
  }
  into[at] = value;
  return verdict;
}

/** The value of a hexadecimal digit, −1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
