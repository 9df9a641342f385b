import { parseIpv4 } from '@inline-ipsec/net/ipv4';
import { parseIpv6 } from '@inline-ipsec/net/ipv6';
import { type DirectiveReader, decimal } from './directive-reader.ts';
import type { Family, PortRange, Prefix } from './rules.ts';
import type { Showing, Token } from './token.ts';

/** Addresses, prefixes and ranges, as the grammars of `sp`, `sa`, `rt` and `flow` share them. */

/** The longest IPv6 address, with an IPv4 tail. */
const LONGEST_ADDRESS = 45;
const SLASH = 0x2f;
const COLON = 0x3a;

/** A prefix as it was written. */
export interface WrittenPrefix extends Prefix {
  /** Without `/length` the length is 0, as in DPDK. */
  readonly lengthGiven: boolean;
}

/**
 * Parses `ADDRESS` or `ADDRESS/length`.
 *
 * @throws ConfigurationError `ERR_CONFIG_ADDRESS`, `ERR_CONFIG_RANGE`
 */
export function readPrefix(
  reader: DirectiveReader,
  token: Token,
  family: Family,
  showing: Showing = 'address',
): WrittenPrefix {
  const slash = indexOf(token, SLASH);
  const address = slash === 0 ? undefined : parseAddress(token, slash < 0 ? token.length : slash, family);
  const length = slash < 0 ? 0 : decimal(token, slash + 1);
  if (address === undefined || length === undefined) {
    const addressIsGood = address !== undefined;
    throw reader.error(token, {
      code: 'ERR_CONFIG_ADDRESS',
      errno: 'EINVAL',
      message: `unrecognized input ${token.quoted(showing)}, expect valid ${family} addr`,
      expected: addressIsGood ? 'a prefix length in decimal digits after the slash' : undefined,
      remedy: addressIsGood ? undefined : missingAddress(token),
    });
  }
  const longest = family === 'ipv4' ? 32 : 128;
  if (length > longest) {
    throw reader.error(token, {
      code: 'ERR_CONFIG_RANGE',
      errno: 'ERANGE',
      message: `prefix length over-limit`,
      expected: `0 to ${longest}`,
      got: token.quoted(showing),
    });
  }
  return { address, length, lengthGiven: slash >= 0 };
}

/** A prefix that every address of the family matches. */
export function anyPrefix(family: Family): Prefix {
  return { address: new Uint8Array(addressBytes(family)), length: 0 };
}

/** Bytes of an address: 4 or 16. */
export function addressBytes(family: Family): number {
  return family === 'ipv4' ? 4 : 16;
}

/** What {@link readRange} reads. */
export interface RangeKind {
  /** What it is of, for messages: `port` or `proto`. */
  readonly what: string;
  /** DPDK's words for its form. */
  readonly form: string;
  /** The largest number of both. */
  readonly max: number;
  /** How to write that there is only this number. */
  readonly single: (value: number) => string;
}

/**
 * Parses `from:to`, both decimal. DPDK passes over what is neither digit nor colon, takes a lone number for `65535:N`
 * and wraps at 65536; here each is an error.
 *
 * @throws ConfigurationError `ERR_CONFIG_NUMBER`, `ERR_CONFIG_RANGE`
 */
export function readRange(reader: DirectiveReader, token: Token, { what, form, max, single }: RangeKind): PortRange {
  const colon = indexOf(token, COLON);
  const low = colon < 0 ? undefined : decimal(token, 0, colon);
  const high = colon < 0 ? undefined : decimal(token, colon + 1);
  if (low === undefined || high === undefined) {
    const alone = decimal(token);
    throw reader.error(token, {
      code: 'ERR_CONFIG_NUMBER',
      errno: 'EINVAL',
      message: `unrecognized input ${token.quoted('number')}, expect "${form}"`,
      remedy: alone === undefined || alone > max ? undefined : `for one ${what} write "${single(alone)}"`,
    });
  }
  if (low > max) throw reader.overLimit(token, `${what} low`, max);
  if (high > max) throw reader.overLimit(token, `${what} high`, max);
  return { low, high };
}

function parseAddress(token: Token, end: number, family: Family): Uint8Array | undefined {
  if (end > LONGEST_ADDRESS) return undefined;
  let text = '';
  for (let i = 0; i < end; i++) text += String.fromCharCode(token.at(i));
  if (family === 'ipv6') return parseIpv6(text);
  const value = parseIpv4(text);
  if (value === undefined) return undefined;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

// The web's copy of the article has lost its addresses, so that a word follows `src` and `dst` at once.
function missingAddress(token: Token): string | undefined {
  const word = token.oneOf(['src', 'dst', 'sport', 'dport', 'port', 'port_id', 'type', 'mode', 'proto', 'pri']);
  return word === undefined ? undefined : `there is no address before "${word}"`;
}

function indexOf(token: Token, byte: number): number {
  for (let i = 0; i < token.length; i++) if (token.at(i) === byte) return i;
  return -1;
}
