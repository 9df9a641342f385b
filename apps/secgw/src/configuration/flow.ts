import { readPrefix } from './addresses.ts';
import { DirectiveReader, decimal, type ReadingState } from './directive-reader.ts';
import type { Directive } from './lexer.ts';
import { readPort } from './rt.ts';
import type { Family, FlowRule, Prefix } from './rules.ts';
import type { Token } from './token.ts';

/**
 * Flow rules: `flow` with `mark N`, `eth`, `ipv4|ipv6 src|dst PREFIX`, `port N`, `queue N`, `count`, `security` and
 * `set_mark N` in any order (DPDK: flow.c, since v20.08). The dialect of v20.08 to v21.08 is read as well: `port P Q`
 * without the word `queue`, and `src` and `dst` one after the other behind a single family.
 */

const OPTIONS = [
  'mark',
  'eth',
  'ipv4',
  'ipv6',
  'src',
  'dst',
  'port',
  'queue',
  'count',
  'security',
  'set_mark',
] as const;

const MAX_MARK = 0xffff_ffff;
const MAX_QUEUE = 65535;

/**
 * Reads a `flow` directive.
 *
 * @throws ConfigurationError
 */
export function readFlow(directive: Directive, state: ReadingState): FlowRule {
  const reader = new DirectiveReader(directive, state);
  reader.peek() ?? reader.value('a pattern or an action');
  const options = new FlowOptions(reader);
  for (let token = reader.next(); token !== undefined; token = reader.next()) options.read(token);
  return options.finish();
}

class FlowOptions {
  readonly #reader: DirectiveReader;
  #port: number | undefined;
  #mark: number | undefined;
  #ethernet = false;
  #family: Family | undefined;
  #source: Prefix | undefined;
  #destination: Prefix | undefined;
  #queue: number | undefined;
  #count = false;
  #security = false;
  #setMark: number | undefined;

  constructor(reader: DirectiveReader) {
    this.#reader = reader;
  }

  read(token: Token): void {
    const reader = this.#reader;
    const option = token.oneOf(OPTIONS);
    switch (option) {
      case 'mark':
        this.#mark = reader.number('a mark', MAX_MARK);
        return;
      case 'eth':
        this.#ethernet = true;
        return;
      case 'ipv4':
      case 'ipv6':
        this.#readFamily(option, token);
        return;
      case 'src':
      case 'dst':
        this.#readAddress(option, token);
        return;
      case 'port':
        this.#port = readPort(reader, reader.value('a port number'));
        this.#readBareQueue();
        return;
      case 'queue':
        this.#queue = reader.number('a queue number', MAX_QUEUE);
        return;
      case 'count':
        this.#count = true;
        return;
      case 'security':
        this.#security = true;
        return;
      case 'set_mark':
        this.#setMark = reader.number('a mark', MAX_MARK);
        return;
      default:
        throw reader.unrecognized(token, OPTIONS);
    }
  }

  finish(): FlowRule {
    const reader = this.#reader;
    if (this.#port === undefined) {
      reader.warn(reader.directive.keyword, 'WARN_NO_PORT', 'no "port": the rule is for port 0');
    }
    return {
      place: reader.place,
      port: this.#port ?? 0,
      mark: this.#mark,
      ethernet: this.#ethernet,
      family: this.#family,
      source: this.#source,
      destination: this.#destination,
      queue: this.#queue,
      count: this.#count,
      security: this.#security,
      setMark: this.#setMark,
    };
  }

  #readFamily(family: Family, token: Token): void {
    const reader = this.#reader;
    if (this.#family !== undefined && this.#family !== family) {
      throw reader.error(token, {
        code: 'ERR_CONFIG_CONFLICT',
        errno: 'EINVAL',
        message: `conflict item between "${family}" and "${this.#family}"`,
      });
    }
    this.#family = family;
    const option = reader.value('"src" or "dst"');
    const side = option.oneOf(['src', 'dst']);
    if (side === undefined) throw reader.unrecognized(option, ['src', 'dst'], `"src" or "dst" after "${family}"`);
    this.#readAddress(side, option);
  }

  #readAddress(side: 'src' | 'dst', option: Token): void {
    const reader = this.#reader;
    const family = this.#family;
    if (family === undefined) throw reader.unrecognized(option, [], '"ipv4" or "ipv6" before it');
    const token = reader.value('an address');
    const { address, length, lengthGiven } = readPrefix(reader, token, family);
    if (!lengthGiven) reader.warn(token, 'WARN_HOST_ADDRESS', 'without a prefix length this one address is matched');
    const prefix = { address, length: lengthGiven ? length : address.length * 8 };
    if (side === 'src') this.#source = prefix;
    else this.#destination = prefix;
  }

  // The dialect before v21.11.
  #readBareQueue(): void {
    const reader = this.#reader;
    const token = reader.peek();
    if (token === undefined || decimal(token) === undefined) return;
    this.#queue = reader.number('a queue number', MAX_QUEUE);
  }
}
