import { anyPrefix, readPrefix, type WrittenPrefix } from './addresses.ts';
import { DirectiveReader, type ReadingState } from './directive-reader.ts';
import type { Directive } from './lexer.ts';
import type { Family, RouteRule } from './rules.ts';
import { readFamily } from './sp.ts';
import type { Token } from './token.ts';

/**
 * Routes: `rt ipv4|ipv6 dst PREFIX port N` (DPDK: rt.c). Words that it does not know DPDK passes over, the `src` of its
 * own guide among them; here each is warned of. A route needs a prefix length of at least 1, as DPDK's tables do.
 */

const OPTIONS = ['dst', 'port'] as const;

/** Port numbers are below this (DPDK: `RTE_MAX_ETHPORTS`). */
export const MAX_PORTS = 32;

/**
 * Reads an `rt` directive.
 *
 * @throws ConfigurationError
 */
export function readRt(directive: Directive, state: ReadingState): RouteRule {
  const reader = new DirectiveReader(directive, state);
  const family = readFamily(reader);
  let destination: WrittenPrefix | undefined;
  let destinationToken = directive.keyword;
  let port: number | undefined;
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    const option = token.oneOf(OPTIONS);
    if (option === 'dst') {
      destinationToken = reader.value('an address');
      destination = readPrefix(reader, destinationToken, family);
    } else if (option === 'port') {
      port = readPort(reader, reader.value('a port'));
    } else {
      ignore(reader, token);
    }
  }
  if (destination === undefined || destination.length === 0) {
    throw noDestination(reader, destinationToken, family, destination);
  }
  if (port === undefined) reader.warn(directive.keyword, 'WARN_NO_PORT', 'no "port": the route leads to port 0');
  const { address, length } = destination;
  return { place: reader.place, family, destination: { address, length }, port: port ?? 0 };
}

/**
 * A port number.
 *
 * @throws ConfigurationError `ERR_CONFIG_NUMBER`, `ERR_CONFIG_PORT`
 */
export function readPort(reader: DirectiveReader, token: Token): number {
  const port = reader.numberOf(token, 'a port number', Number.MAX_VALUE);
  if (port < MAX_PORTS) return port;
  throw reader.error(token, {
    code: 'ERR_CONFIG_PORT',
    errno: 'EINVAL',
    message: `invalid port number ${token.quoted('number')}`,
    expected: `0 to ${MAX_PORTS - 1}`,
  });
}

function ignore(reader: DirectiveReader, token: Token): void {
  const near = reader.nearest(token, OPTIONS);
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
  reader.warn(token, 'WARN_IGNORED_WORD', `${token.quoted('number')} is passed over${suggestion}`);
}

function noDestination(
  reader: DirectiveReader,
  token: Token,
  family: Family,
  destination: WrittenPrefix | undefined,
): Error {
  const halves = family === 'ipv4' ? '"0.0.0.0/1" and "128.0.0.0/1"' : '"::/1" and "8000::/1"';
  const any = destination?.lengthGiven === true || destination === undefined;
  return reader.error(token, {
    code: 'ERR_CONFIG_ADDRESS',
    errno: 'EINVAL',
    message: destination === undefined ? 'missing argument "dst"' : 'a route with prefix length 0 cannot be added',
    expected: `a prefix of length 1 to ${anyPrefix(family).address.length * 8}`,
    remedy: any
      ? `for a default route write two, ${halves}`
      : 'write the prefix length behind the address, after a slash',
  });
}
