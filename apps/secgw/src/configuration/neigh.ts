import { parseMac } from '@inline-ipsec/net/ethernet';
import { DirectiveReader, decimal, type ReadingState } from './directive-reader.ts';
import { hexDigit } from './key.ts';
import type { Directive } from './lexer.ts';
import { MAX_PORTS } from './rt.ts';
import type { NeighbourRule } from './rules.ts';
import type { Token } from './token.ts';

/**
 * Neighbours: `neigh port N MAC`, the destination MAC address of all that leaves on a port (DPDK: parser.c, since
 * v19.02). Other than DPDK, a MAC address that is none is an error.
 */

const LONGEST_MAC = 17;

/**
 * Reads a `neigh` directive.
 *
 * @throws ConfigurationError
 */
export function readNeigh(directive: Directive, state: ReadingState): NeighbourRule {
  const reader = new DirectiveReader(directive, state);
  const [word, portToken, macToken, ...more] = directive.words;
  const wrong = word?.is('port') === true ? more[0] : (word ?? directive.keyword);
  if (wrong !== undefined || portToken === undefined || macToken === undefined) {
    throw reader.error(wrong ?? directive.words.at(-1) ?? directive.keyword, {
      code: 'ERR_CONFIG_WORD',
      errno: 'EINVAL',
      message: 'parsing "neigh" failed',
      expected: '"neigh port NUMBER MAC"',
      got: wrong === undefined ? `${directive.words.length} words` : wrong.quoted('number'),
    });
  }
  const port = portNumber(portToken);
  if (port === undefined || port >= MAX_PORTS) {
    throw reader.error(portToken, {
      code: 'ERR_CONFIG_PORT',
      errno: 'EINVAL',
      message: `invalid port number ${portToken.quoted('number')}`,
      expected: `0 to ${MAX_PORTS - 1}`,
    });
  }
  const mac = macToken.length > LONGEST_MAC ? undefined : parseMac(macToken.text());
  if (mac === undefined) {
    throw reader.error(macToken, {
      code: 'ERR_CONFIG_ADDRESS',
      errno: 'EINVAL',
      message: 'unrecognized input, expect valid MAC address',
      expected: 'six bytes of one or two hexadecimal digits with colons between',
    });
  }
  if ((mac[0] & 1) !== 0) reader.warn(macToken, 'WARN_GROUP_ADDRESS', 'the MAC address is that of a group');
  return { place: reader.place, port, mac };
}

/** Decimal, or hexadecimal with `0x`. */
function portNumber(token: Token): number | undefined {
  const hexadecimal = token.length > 2 && token.at(0) === 0x30 && (token.at(1) | 0x20) === 0x78;
  if (!hexadecimal) return decimal(token);
  let value = 0;
  for (let i = 2; i < token.length; i++) {
    const digit = hexDigit(token.at(i));
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}
