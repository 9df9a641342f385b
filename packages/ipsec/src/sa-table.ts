import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES } from '@inline-ipsec/net/esp';
import { ETHERNET_HEADER_BYTES } from '@inline-ipsec/net/ethernet';
import { IPV4_HEADER_BYTES } from '@inline-ipsec/net/ipv4';
import { IPV6_HEADER_BYTES } from '@inline-ipsec/net/ipv6';
import { type EspAlgorithm, espAlgorithm } from './esp-algorithm.ts';
import { OUTER_TTL } from './outer-header.ts';
import { createReplayWindow } from './replay-window.ts';
import * as layout from './sa-layout.ts';

/** What an SA is made from (DPDK: `struct rte_ipsec_sa_prm`). */
export interface SaParameters {
  /** 1 to 2^32 − 1, host order. */
  readonly spi: number;
  readonly direction: 'in' | 'out';
  readonly mode: 'ipv4-tunnel' | 'ipv6-tunnel' | 'transport';
  /** Tunnel only: the outer addresses, 4 or 16 bytes in network order. */
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  /** Algorithm and lengths; its keys are not looked at here. */
  readonly transform: CryptoTransform;
  /** 4 bytes as typed: the salt of GCM, the nonce of CTR, random for CBC. */
  readonly salt: Uint8Array;
  /** What serves it: an engine's session, a port's security session, or nothing. */
  readonly service:
    | { readonly kind: 'engine'; readonly session: number }
    | { readonly kind: 'inline'; readonly port: number; readonly session: number }
    | { readonly kind: 'none' };
  /** Inbound: packets of the replay window; 0, the default, for none. */
  readonly replayWindow?: number;
  /** Outbound: the first sequence number, 1 if not given. */
  readonly firstSequence?: number;
  /** Inbound: drop packets with bad padding though they are authentic. */
  readonly strict?: boolean;
  /** What gateways of 2018 did otherwise; for reproducing their packets. */
  readonly peculiarities?: { readonly zeroPadding?: boolean; readonly staleInnerChecksum?: boolean };
}

/** An SA's counters. */
export interface SaCounters {
  readonly packets: number;
  /** Bytes of the IP packets inside the tunnel, or of the packets before ESP in transport mode. */
  readonly bytes: number;
  readonly oddPadding: number;
}

const TABLE_CAPACITY = 0;
const TABLE_COUNT = 4;
const TABLE_HEADER = 64;

/** The security associations of a gateway, one behind the other in a memzone. An SA is its position. */
export class SaTable {
  readonly #memory: Memory;
  readonly #zone: Memzone;

  private constructor(memory: Memory, zone: Memzone) {
    this.#memory = memory;
    this.#zone = zone;
  }

  /**
   * Reserves a table for `capacity` SAs.
   *
   * @throws SetupError as `Memory.reserve` does
   */
  static create(memory: Memory, name: string, capacity: number): SaTable {
    const zone = memory.reserve(name, TABLE_HEADER + capacity * layout.SA_BYTES);
    memory.u32[(zone.position + TABLE_CAPACITY) >> 2] = capacity;
    return new SaTable(memory, zone);
  }

  /** The table of that name, seen from any thread; undefined if there is none. */
  static lookup(memory: Memory, name: string): SaTable | undefined {
    const zone = memory.lookup(name);
    return zone === undefined ? undefined : new SaTable(memory, zone);
  }

  /** How many SAs there are. */
  get count(): number {
    return this.#memory.u32[(this.#zone.position + TABLE_COUNT) >> 2];
  }

  /** The position of SA number `index`, in the order in which they were added. */
  at(index: number): number {
    return this.#zone.position + TABLE_HEADER + index * layout.SA_BYTES;
  }

  /**
   * Adds an SA, which is live from then on.
   *
   * @returns its position
   * @throws SetupError `ERR_SA_SPI`, `ERR_SA_ADDRESS`, `ERR_SA_SALT`, `ERR_SA_ALGORITHM`, `ERR_REPLAY_WINDOW` (EINVAL),
   * `ERR_SA_TABLE_FULL` (ENOSPC)
   */
  add(parameters: SaParameters): number {
    const memory = this.#memory;
    const { u32 } = memory;
    checkParameters(parameters);
    const capacity = u32[(this.#zone.position + TABLE_CAPACITY) >> 2];
    const index = this.count;
    if (index === capacity) {
      throw new SetupError({
        code: 'ERR_SA_TABLE_FULL',
        errno: 'ENOSPC',
        message: 'no room for another SA',
        expected: `at most ${capacity}`,
      });
    }
    const sa = this.at(index);
    const algorithm = espAlgorithm(parameters.transform);
    const { service } = parameters;
    u32[(sa + layout.SA_FLAGS) >> 2] = flagsOf(parameters, algorithm);
    writeSpi(memory, sa + layout.SA_SPI, parameters.spi);
    u32[(sa + layout.SA_SPI_HOST) >> 2] = parameters.spi;
    u32[(sa + layout.SA_SEQUENCE) >> 2] = Math.max(1, parameters.firstSequence ?? 1) - 1;
    u32[(sa + layout.SA_IV_BYTES) >> 2] = algorithm.ivBytes;
    u32[(sa + layout.SA_ICV_BYTES) >> 2] = algorithm.icvBytes;
    u32[(sa + layout.SA_ALIGN) >> 2] = algorithm.align;
    u32[(sa + layout.SA_NONCE) >> 2] = algorithm.nonce;
    const outerBytes = { 'ipv4-tunnel': IPV4_HEADER_BYTES, 'ipv6-tunnel': IPV6_HEADER_BYTES, transport: 0 }[
      parameters.mode
    ];
    u32[(sa + layout.SA_BEFORE) >> 2] = ETHERNET_HEADER_BYTES + outerBytes + ESP_HEADER_BYTES + algorithm.ivBytes;
    u32[(sa + layout.SA_BEHIND) >> 2] = algorithm.align + ESP_TRAILER_BYTES + algorithm.icvBytes;
    u32[(sa + layout.SA_INDEX) >> 2] = index;
    if (service.kind !== 'none') u32[(sa + layout.SA_SESSION) >> 2] = service.session;
    if (service.kind === 'inline') u32[(sa + layout.SA_PORT) >> 2] = service.port;
    // The nonce of CCM begins at the second byte of the word (RFC 4309 section 4: three bytes of salt).
    memory.u8.set(
      algorithm.nonce === layout.NONCE_CCM ? [0, ...parameters.salt.subarray(0, 3)] : parameters.salt,
      sa + layout.SA_SALT,
    );
    if (parameters.mode !== 'transport') writeOuterHeader(memory, sa, parameters);
    if (parameters.direction === 'in' && (parameters.replayWindow ?? 0) > 0) {
      const zone = createReplayWindow(memory, `REPLAY_${sa}`, parameters.replayWindow ?? 0);
      u32[(sa + layout.SA_WINDOW) >> 2] = zone.position;
    }
    Atomics.store(memory.i32, (this.#zone.position + TABLE_COUNT) >> 2, index + 1);
    return sa;
  }

  /** The counters of an SA. */
  counters(sa: number): SaCounters {
    const { f64 } = this.#memory;
    return {
      packets: f64[(sa + layout.SA_PACKETS) >> 3],
      bytes: f64[(sa + layout.SA_OCTETS) >> 3],
      oddPadding: f64[(sa + layout.SA_ODD_PADDING) >> 3],
    };
  }

  /** Gives the table back, with its windows and salts wiped. */
  free(): void {
    for (let index = 0; index < this.count; index++) {
      const window = this.#memory.lookup(`REPLAY_${this.at(index)}`);
      if (window !== undefined) this.#memory.free(window);
    }
    this.#memory.free(this.#zone);
  }
}

function flagsOf(parameters: SaParameters, algorithm: EspAlgorithm): number {
  const { direction, mode, service, strict, peculiarities } = parameters;
  let flags = 0;
  if (direction === 'in') flags |= layout.SA_FLAG_INBOUND;
  if (mode !== 'transport') flags |= layout.SA_FLAG_TUNNEL;
  if (mode === 'ipv6-tunnel') flags |= layout.SA_FLAG_OUTER_IPV6;
  if (service.kind === 'inline') flags |= layout.SA_FLAG_INLINE;
  if (service.kind === 'none') flags |= layout.SA_FLAG_UNSERVED;
  if (strict) flags |= layout.SA_FLAG_STRICT;
  if (algorithm.aead) flags |= layout.SA_FLAG_AEAD;
  if (!algorithm.integrity) flags |= layout.SA_FLAG_NO_INTEGRITY;
  if (algorithm.integrity && !algorithm.aead) flags |= layout.SA_FLAG_AUTH;
  if (algorithm.ivEnciphered) flags |= layout.SA_FLAG_IV_ENCIPHERED;
  if (peculiarities?.zeroPadding) flags |= layout.SA_FLAG_2018_PADDING;
  if (peculiarities?.staleInnerChecksum) flags |= layout.SA_FLAG_2018_CHECKSUM;
  const { ivBytes, align, nonce, aead } = algorithm;
  const usual = aead && nonce === layout.NONCE_SALTED && ivBytes === 8 && align === 4;
  const peculiar = peculiarities?.zeroPadding || peculiarities?.staleInnerChecksum;
  if (usual && !peculiar && mode === 'ipv4-tunnel') flags |= layout.SA_FLAG_PLAIN;
  return flags;
}

function writeSpi(memory: Memory, at: number, spi: number): void {
  memory.u8.set([spi >>> 24, spi >>> 16, spi >>> 8, spi], at);
}

const PROTOCOL_ESP = 50;

function writeOuterHeader(memory: Memory, sa: number, { mode, source, destination }: SaParameters): void {
  const { u8, u32 } = memory;
  const ipv6 = mode === 'ipv6-tunnel';
  const at = sa + layout.SA_TEMPLATE;
  const src = source ?? new Uint8Array(ipv6 ? 16 : 4);
  const dst = destination ?? new Uint8Array(ipv6 ? 16 : 4);
  u8.set(src, sa + layout.SA_SOURCE);
  u8.set(dst, sa + layout.SA_DESTINATION);
  u32[(sa + layout.SA_OUTER_BYTES) >> 2] = ipv6 ? 40 : 20;
  if (ipv6) {
    u8[at] = 0x60;
    u8[at + 6] = PROTOCOL_ESP;
    u8[at + 7] = OUTER_TTL;
    u8.set(src, at + 8);
    u8.set(dst, at + 24);
    return;
  }
  u8[at] = 0x45;
  u8[at + 8] = OUTER_TTL;
  u8[at + 9] = PROTOCOL_ESP;
  u8.set(src, at + 12);
  u8.set(dst, at + 16);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (u8[at + i] << 8) | u8[at + i + 1];
  u32[(sa + layout.SA_OUTER_SUM) >> 2] = sum;
}

function checkParameters({ spi, mode, source, destination, salt }: SaParameters): void {
  if (!Number.isInteger(spi) || spi < 1 || spi > 0xffffffff) {
    throw new SetupError({
      code: 'ERR_SA_SPI',
      errno: 'EINVAL',
      message: 'an SA cannot have this SPI',
      expected: '1 to 4294967295',
      got: String(spi),
    });
  }
  if (salt.length !== 4) {
    throw new SetupError({
      code: 'ERR_SA_SALT',
      errno: 'EINVAL',
      message: `SA ${spi} needs a salt of another length`,
      expected: '4 bytes',
      got: `${salt.length} bytes`,
    });
  }
  const bytes = mode === 'transport' ? 0 : mode === 'ipv4-tunnel' ? 4 : 16;
  for (const address of [source, destination]) {
    if (address === undefined || address.length === bytes) continue;
    throw new SetupError({
      code: 'ERR_SA_ADDRESS',
      errno: 'EINVAL',
      message: `SA ${spi} has an address of the wrong family`,
      expected: bytes === 0 ? 'none in transport mode' : `${bytes} bytes for ${mode}`,
      got: `${address.length} bytes`,
    });
  }
}
