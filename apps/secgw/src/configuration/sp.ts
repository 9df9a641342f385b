import { anyPrefix, type RangeKind, readPrefix, readRange } from './addresses.ts';
import { DirectiveReader, type ReadingState } from './directive-reader.ts';
import type { Directive } from './lexer.ts';
import type { Direction, Family, PortRange, Prefix, SpRule } from './rules.ts';
import type { Token } from './token.ts';

/**
 * Security policies: `sp ipv4|ipv6 in|out esp protect SPI|bypass|discard [pri N] [src PREFIX] [dst PREFIX] [proto V:M]
 * [sport A:B] [dport A:B]`, in any order behind the direction (DPDK: sp4.c, sp6.c).
 *
 * Two defaults are traps that DPDK has too, and are warned of: without `sport` or `dport` only port 0 matches, and an
 * address without `/length` is any address. A policy without `pri`, which DPDK refuses at start since v18.11, gets the
 * lowest priority and a warning.
 */

const ACTIONS = ['protect', 'bypass', 'discard'] as const;
const OPTIONS = ['esp', ...ACTIONS, 'pri', 'src', 'dst', 'proto', 'sport', 'dport'] as const;

/** The highest priority (DPDK: `RTE_ACL_MAX_PRIORITY`). */
export const MAX_PRIORITY = 0x1fff_ffff;
/** The lowest (DPDK: `RTE_ACL_MIN_PRIORITY`), for a policy without one. */
export const MIN_PRIORITY = 1;

const PROTOCOLS: RangeKind = { what: 'proto', form: 'from:to', max: 255, single: (value) => `${value}:255` };
const PORTS: RangeKind = {
  what: 'port',
  form: 'port_from:port_to',
  max: 65535,
  single: (value) => `${value}:${value}`,
};
const NO_PORT: PortRange = { low: 0, high: 0 };

/**
 * Reads an `sp` directive.
 *
 * @throws ConfigurationError
 */
export function readSp(directive: Directive, state: ReadingState): SpRule {
  const reader = new DirectiveReader(directive, state);
  const family = readFamily(reader);
  const direction = readDirection(reader);
  const options = new SpOptions(reader, family);
  for (let token = reader.next(); token !== undefined; token = reader.next()) options.read(token);
  options.check();
  return {
    place: reader.place,
    family,
    direction,
    action: options.action,
    spi: options.spi,
    priority: options.priority,
    source: options.source,
    destination: options.destination,
    protocol: options.protocol,
    sourcePorts: options.sourcePorts,
    destinationPorts: options.destinationPorts,
  };
}

/** The word after `sp` or `rt`: `ipv4` or `ipv6`. */
export function readFamily(reader: DirectiveReader): Family {
  const token = reader.value('"ipv4" or "ipv6"');
  const family = token.oneOf(['ipv4', 'ipv6']);
  if (family !== undefined) return family;
  const near = reader.nearest(token, ['ipv4', 'ipv6']);
  throw reader.error(token, {
    code: 'ERR_CONFIG_WORD',
    errno: 'EINVAL',
    message: `unrecognizable input ${token.quoted()}`,
    expected: '"ipv4" or "ipv6"',
    remedy: near === undefined ? undefined : `did you mean "${near}"?`,
  });
}

function readDirection(reader: DirectiveReader): Direction {
  const token = reader.value('"in" or "out"');
  const direction = token.oneOf(['in', 'out']);
  if (direction !== undefined) return direction;
  throw reader.error(token, {
    code: 'ERR_CONFIG_WORD',
    errno: 'EINVAL',
    message: `unrecognized input ${token.quoted()}, expect "in" or "out"`,
  });
}

/** What the words behind the direction have said so far. */
class SpOptions {
  action: SpRule['action'] = 'discard';
  spi = 0;
  priority = MIN_PRIORITY;
  source: Prefix;
  destination: Prefix;
  protocol: SpRule['protocol'] = { value: 0, mask: 0 };
  sourcePorts = NO_PORT;
  destinationPorts = NO_PORT;
  readonly #reader: DirectiveReader;
  readonly #family: Family;
  #actionGiven: SpRule['action'] | undefined;

  constructor(reader: DirectiveReader, family: Family) {
    this.#reader = reader;
    this.#family = family;
    this.source = anyPrefix(family);
    this.destination = anyPrefix(family);
  }

  read(token: Token): void {
    const reader = this.#reader;
    const option = token.oneOf(OPTIONS);
    if (option === undefined) throw reader.unrecognized(token, OPTIONS);
    reader.once(option, token);
    switch (option) {
      case 'esp':
        return;
      case 'protect':
      case 'bypass':
      case 'discard':
        this.#readAction(option, token);
        return;
      case 'pri':
        this.#readPriority();
        return;
      case 'src':
        this.source = this.#readPrefix(option);
        return;
      case 'dst':
        this.destination = this.#readPrefix(option);
        return;
      case 'proto':
        this.#readProtocol();
        return;
      case 'sport':
        this.sourcePorts = this.#readPorts(option);
        return;
      case 'dport':
        this.destinationPorts = this.#readPorts(option);
    }
  }

  check(): void {
    const reader = this.#reader;
    const { keyword } = reader.directive;
    const missing = reader.has('esp') ? '"protect", "bypass", or "discard"' : '"esp"';
    if (!reader.has('esp') || this.#actionGiven === undefined) {
      throw reader.error(keyword, {
        code: 'ERR_CONFIG_MISSING',
        errno: 'EINVAL',
        message: `missing argument ${missing}`,
      });
    }
    if (!reader.has('pri')) {
      const text = `no "pri": the policy gets the lowest priority, ${MIN_PRIORITY}; DPDK since 18.11 does not start`;
      reader.warn(keyword, 'WARN_NO_PRIORITY', text);
    }
    const without = ['sport', 'dport'].filter((ports) => !reader.has(ports));
    if (without.length > 0) {
      const words = without.map((word) => `"${word}"`).join(' and ');
      const cure = without.map((word) => `${word} 0:65535`).join(' ');
      reader.warn(keyword, 'WARN_PORT_ZERO_ONLY', `no ${words}: only port 0 matches; write "${cure}" for any port`);
    }
  }

  #readAction(action: (typeof ACTIONS)[number], token: Token): void {
    const reader = this.#reader;
    if (this.#actionGiven !== undefined) {
      throw reader.error(token, {
        code: 'ERR_CONFIG_CONFLICT',
        errno: 'EINVAL',
        message: `conflict item between "${action}" and "${this.#actionGiven}"`,
      });
    }
    this.#actionGiven = action;
    this.action = action;
    if (action !== 'protect') return;
    const value = reader.value('an SPI');
    this.spi = reader.numberOf(value, 'an SPI', 0xffff_ffff);
    // DPDK keeps these two for discard and bypass.
    if (this.spi !== 0 && this.spi !== 0xffff_ffff) return;
    throw reader.error(value, {
      code: 'ERR_CONFIG_SPI',
      errno: 'EINVAL',
      message: `invalid SPI: ${this.spi}`,
      expected: '1 to 4294967294',
    });
  }

  #readPriority(): void {
    const reader = this.#reader;
    const token = reader.value('a priority');
    const priority = reader.numberOf(token, 'priority', MAX_PRIORITY);
    this.priority = Math.max(MIN_PRIORITY, priority);
    if (priority === 0) {
      const text = `"pri 0" is taken as ${MIN_PRIORITY}, the lowest; DPDK since 18.11 does not start`;
      reader.warn(token, 'WARN_NO_PRIORITY', text);
    }
  }

  #readPrefix(option: 'src' | 'dst'): Prefix {
    const reader = this.#reader;
    const token = reader.value('an address');
    const { address, length, lengthGiven } = readPrefix(reader, token, this.#family);
    if (!lengthGiven) {
      const host = this.#family === 'ipv4' ? 32 : 128;
      const text = `"${option}" without a prefix length matches every address; write "/${host}" for this one`;
      reader.warn(token, 'WARN_ANY_ADDRESS', text);
    }
    return { address, length };
  }

  #readProtocol(): void {
    const reader = this.#reader;
    const token = reader.value('a protocol');
    const { low: value, high: mask } = readRange(reader, token, PROTOCOLS);
    this.protocol = { value, mask };
    const single = value & mask;
    if (mask === 255 && value !== 0) return;
    if (mask === 0 && value === 0) return;
    let text = `"proto" is value:mask, not a range: protocols p with p & ${mask} = ${single} match`;
    if (mask === 255) text = '"proto" is value:mask, not a range: only protocol 0 matches; leave it out for any';
    if (mask === 0) text = `"proto" is value:mask, not a range: every protocol matches; write "${value}:255" for one`;
    reader.warn(token, 'WARN_PROTOCOL_MASK', text);
  }

  #readPorts(option: 'sport' | 'dport'): PortRange {
    const reader = this.#reader;
    const token = reader.value('a range of ports');
    const range = readRange(reader, token, PORTS);
    if (range.low > range.high) reader.warn(token, 'WARN_EMPTY_RANGE', `"${option}": no port lies in this range`);
    return range;
  }
}
