import { addressBytes, readPrefix } from './addresses.ts';
import { DirectiveReader, type ReadingState } from './directive-reader.ts';
import type { Directive } from './lexer.ts';
import { readPort } from './rt.ts';
import type { Direction, SaMode, SaRule, SaType } from './rules.ts';
import { SaCryptoReader } from './sa-crypto.ts';
import type { Token } from './token.ts';

/**
 * Security associations (DPDK: sa.c, v17.11 to v26.07). The order of options counts where DPDK's does: `src` and `dst`
 * mean something only behind `mode`; `fallback`, `udp-encap` and `flow-direction` look at the `type` so far.
 *
 * What DPDK lets pass without a word is warned of here: any direction but `in` means `out`, SPI 0 skips the line, a
 * 33rd word is lost, a tunnel without addresses has 0.0.0.0, and an offload without `port_id` is none.
 */

const OPTIONS = [
  'mode',
  'cipher_algo',
  'auth_algo',
  'aead_algo',
  'src',
  'dst',
  'type',
  'port_id',
  'fallback',
  'flow-direction',
  'udp-encap',
  'mss',
  'esn',
  'telemetry',
  'reassembly_en',
] as const;

const MODES = ['ipv4-tunnel', 'ipv6-tunnel', 'transport'] as const;

/** The order is that of DPDK's `rte_security_session_action_type`, whose numbers are in its messages. */
const TYPES = [
  'no-offload',
  'inline-crypto-offload',
  'inline-protocol-offload',
  'lookaside-protocol-offload',
  'cpu-crypto',
] as const;

const FALLBACKS = ['lookaside-none', 'cpu-crypto'] as const;

/** Types that do not need a `port_id`. */
const WITHOUT_PORT: readonly SaType[] = ['no-offload', 'cpu-crypto'];

const MAX_QUEUE = 65535;
const MAX_MSS = 65535;

/**
 * Reads an `sa` directive.
 *
 * @returns undefined for SPI 0, which is no SA
 * @throws ConfigurationError
 */
export function readSa(directive: Directive, state: ReadingState): SaRule | undefined {
  const reader = new DirectiveReader(directive, state);
  const direction = readDirection(reader);
  const spi = reader.number('an SPI', 0xffff_ffff);
  if (spi === 0) {
    reader.warn(directive.keyword, 'WARN_SPI_ZERO', 'SPI 0 is no SA: the directive is passed over');
    return undefined;
  }
  const options = new SaOptions(reader, direction);
  for (let token = reader.next(); token !== undefined; token = reader.next()) options.read(token);
  return options.finish(spi);
}

function readDirection(reader: DirectiveReader): Direction {
  const token = reader.value('"in" or "out"');
  const direction = token.oneOf(['in', 'out']);
  if (direction !== undefined) return direction;
  reader.warn(token, 'WARN_DIRECTION', `direction ${token.quoted()} is taken for "out", as all but "in" is`);
  return 'out';
}

/** What the words behind the SPI have said so far. */
class SaOptions {
  readonly #reader: DirectiveReader;
  readonly #direction: Direction;
  readonly #crypto: SaCryptoReader;
  #mode: SaMode | undefined;
  #source: Uint8Array | undefined;
  #destination: Uint8Array | undefined;
  #type: SaType = 'no-offload';
  #typeToken: Token | undefined;
  #port: number | undefined;
  #fallback: SaRule['fallback'];
  #flowDirection: SaRule['flowDirection'];
  #udpEncapsulation = false;
  #mss = 0;
  #esn: number | undefined;
  #telemetry = false;
  #reassembly = false;

  constructor(reader: DirectiveReader, direction: Direction) {
    this.#reader = reader;
    this.#direction = direction;
    this.#crypto = new SaCryptoReader(reader);
  }

  read(token: Token): void {
    const reader = this.#reader;
    const option = token.oneOf(OPTIONS);
    if (option === undefined) throw reader.unrecognized(token, OPTIONS);
    reader.once(option, token);
    switch (option) {
      case 'mode':
        this.#mode = this.#oneOf('a mode', MODES, 'unrecognized input');
        return;
      case 'cipher_algo':
        this.#crypto.readCipher();
        return;
      case 'auth_algo':
        this.#crypto.readAuth();
        return;
      case 'aead_algo':
        this.#crypto.readAead();
        return;
      case 'src':
        this.#source = this.#readAddress(token);
        return;
      case 'dst':
        this.#destination = this.#readAddress(token);
        return;
      case 'type':
        this.#typeToken = token;
        this.#type = this.#oneOf('a type', TYPES, 'Invalid input');
        return;
      case 'port_id':
        this.#port = this.#readPort();
        return;
      case 'fallback':
        this.#fallback = this.#readFallback(token);
        return;
      case 'flow-direction':
        this.#readFlowDirection(token);
        return;
      case 'udp-encap':
        this.#readUdpEncapsulation(token);
        return;
      case 'mss':
        this.#mss = reader.number('mss', MAX_MSS);
        return;
      case 'esn':
        this.#esn = reader.number('esn', Number.MAX_SAFE_INTEGER);
        return;
      case 'telemetry':
        this.#telemetry = true;
        return;
      case 'reassembly_en':
        this.#reassembly = true;
    }
  }

  finish(spi: number): SaRule {
    const reader = this.#reader;
    const { keyword } = reader.directive;
    const crypto = this.#crypto.finish();
    const mode = this.#mode;
    if (mode === undefined) {
      throw reader.error(keyword, {
        code: 'ERR_CONFIG_MISSING',
        errno: 'EINVAL',
        message: 'missing mode option',
        expected: `"mode" and one of ${MODES.join(', ')}`,
      });
    }
    const lacksPort = !WITHOUT_PORT.includes(this.#type) && !reader.has('port_id');
    if (lacksPort) {
      const text = `Missing portid option, falling back to non-offload: "type ${this.#type}" needs "port_id"`;
      reader.warn(this.#typeToken ?? keyword, 'WARN_NO_PORT', text);
    }
    return {
      place: reader.place,
      direction: this.#direction,
      spi,
      mode,
      source: this.#address(mode, 'src', this.#source),
      destination: this.#address(mode, 'dst', this.#destination),
      crypto,
      type: lacksPort ? 'no-offload' : this.#type,
      typeWithoutPort: lacksPort ? this.#type : undefined,
      port: this.#port,
      fallback: this.#fallback,
      flowDirection: this.#flowDirection,
      udpEncapsulation: this.#udpEncapsulation,
      esn: this.#esn,
      mss: this.#mss,
      telemetry: this.#telemetry,
      reassembly: this.#reassembly,
    };
  }

  #oneOf<W extends string>(expected: string, words: readonly W[], phrase: string): W {
    const reader = this.#reader;
    const token = reader.value(expected);
    const word = token.oneOf(words);
    if (word !== undefined) return word;
    const near = reader.nearest(token, words);
    throw reader.error(token, {
      code: 'ERR_CONFIG_WORD',
      errno: 'EINVAL',
      message: `${phrase} ${token.quoted()}`,
      expected: `one of ${words.join(', ')}`,
      remedy: near === undefined ? undefined : `did you mean "${near}"?`,
    });
  }

  #readAddress(option: Token): Uint8Array | undefined {
    const reader = this.#reader;
    const mode = this.#mode;
    const token = reader.value('an address');
    if (mode === undefined) {
      const text = `"${option.text()}" before "mode" is passed over; write "mode" first`;
      reader.warn(option, 'WARN_IGNORED_WORD', text);
      return undefined;
    }
    if (mode === 'transport') {
      throw reader.error(option, {
        code: 'ERR_CONFIG_WORD',
        errno: 'EINVAL',
        message: `unrecognized input "${option.text()}"`,
        expected: 'no address in transport mode',
      });
    }
    const family = mode === 'ipv4-tunnel' ? 'ipv4' : 'ipv6';
    const { address, lengthGiven } = readPrefix(reader, token, family, 'dotted');
    if (lengthGiven) reader.warn(token, 'WARN_IGNORED_WORD', 'the prefix length of an end of a tunnel is passed over');
    return address;
  }

  #address(mode: SaMode, option: 'src' | 'dst', address: Uint8Array | undefined): Uint8Array {
    if (mode === 'transport') return new Uint8Array(0);
    if (address !== undefined) return address;
    const reader = this.#reader;
    const zero = mode === 'ipv4-tunnel' ? '0.0.0.0' : '::';
    reader.warn(reader.directive.keyword, 'WARN_NO_ADDRESS', `no "${option}": this end of the tunnel is ${zero}`);
    return new Uint8Array(addressBytes(mode === 'ipv4-tunnel' ? 'ipv4' : 'ipv6'));
  }

  #readPort(): number {
    const token = this.#reader.value('a port number');
    const port = readPort(this.#reader, token);
    const assigned = this.#flowDirection?.port;
    if (assigned !== undefined && assigned !== port) throw this.#portMismatch(token, port, assigned);
    return port;
  }

  #readFlowDirection(option: Token): void {
    const reader = this.#reader;
    if (!WITHOUT_PORT.includes(this.#type)) {
      throw this.#typeConflict(option, 'flow director not supported', 'no type, "no-offload" or "cpu-crypto"');
    }
    const token = reader.value('a port number');
    const port = readPort(reader, token);
    if (this.#port !== undefined && this.#port !== port) throw this.#portMismatch(token, port, this.#port);
    this.#flowDirection = { port, queue: reader.number('a queue number', MAX_QUEUE) };
  }

  #readUdpEncapsulation(option: Token): void {
    if (WITHOUT_PORT.includes(this.#type)) {
      const expected = '"type" with one of the three offloads before it';
      // None of those does it here.
      const remedy = 'leave "udp-encap" out, for ESP without UDP';
      throw this.#typeConflict(option, 'UDP encapsulation not supported', expected, remedy);
    }
    this.#udpEncapsulation = true;
  }

  #readFallback(option: Token): SaRule['fallback'] {
    const refused = this.#fallbackRefused();
    if (refused !== undefined) {
      throw this.#reader.error(option, { code: 'ERR_CONFIG_CONFLICT', errno: 'EINVAL', ...refused });
    }
    return this.#oneOf('a fallback', FALLBACKS, 'unrecognized fallback type');
  }

  #fallbackRefused(): { readonly message: string; readonly expected?: string } | undefined {
    if (!this.#reader.state.library) return { message: 'Fallback session not allowed for legacy mode.' };
    if (this.#type !== 'inline-crypto-offload') {
      const message = 'Fallback session allowed if primary session is of type inline-crypto-offload only.';
      return { message, expected: '"type inline-crypto-offload" before it' };
    }
    return this.#direction === 'in' ? undefined : { message: 'Fallback session not allowed for egress rule' };
  }

  #typeConflict(token: Token, what: string, expected: string, remedy?: string): Error {
    return this.#reader.error(token, {
      code: 'ERR_CONFIG_CONFLICT',
      errno: 'ENOTSUP',
      message: `${what} for security session type ${TYPES.indexOf(this.#type)} (${this.#type})`,
      expected,
      remedy,
    });
  }

  #portMismatch(token: Token, port: number, assigned: number): Error {
    return this.#reader.error(token, {
      code: 'ERR_CONFIG_CONFLICT',
      errno: 'EINVAL',
      message: `portid ${port} not matching with already assigned portid ${assigned}`,
    });
  }
}
