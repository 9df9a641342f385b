import type { Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  STATUS_NOT_PROCESSED,
} from '@inline-ipsec/cryptodev/job';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import {
  ESP_HEADER_BYTES,
  ESP_TRAILER_BYTES,
  espPadBytes,
  writeEspHeader,
  writeEspTrailer,
} from '@inline-ipsec/net/esp';
import { IPPROTO_ESP, IPPROTO_IPIP } from '@inline-ipsec/net/ip-protocol';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { IP_ID } from './packets.ts';

/**
 * The ESP packet of the article's generator: AES-GCM with a 16-byte ICV in an IPv4 tunnel (RFC 4303, RFC 4106), as
 * scapy's `SecurityAssociation` makes it. Portable.
 *
 * It is a generator and no gateway, and so differs from `@inline-ipsec/ipsec`: the packet goes in as it is, its TTL
 * untouched, the outer header has id 1 and TOS 0, and the IV is the caller's, not the sequence number.
 *
 * What it does not do: transport mode, IPv6, other algorithms, extended sequence numbers.
 */

/** 172.16.1.5: where the article's tunnel begins. */
export const ARTICLE_TUNNEL_SOURCE = 0xac100105;
/** 172.16.2.5: where the article's tunnel ends. */
export const ARTICLE_TUNNEL_DESTINATION = 0xac100205;
/** The SPI of the article's ingress SA. */
export const ARTICLE_SPI = 5;

/** Bytes of the IV in an ESP packet with GCM (RFC 4106 section 3.1). */
export const IV_BYTES = 8;
/** Bytes of salt behind the key (RFC 4106 section 8.1). */
export const SALT_BYTES = 4;
const ICV_BYTES = 16;
const NONCE_BYTES = 12;
const IP_MAX_BYTES = 65_535;
/** Bytes before what is enciphered: SPI, sequence number, IV. */
const ESP_BYTES = ESP_HEADER_BYTES + IV_BYTES;
/** What is enciphered is a multiple of 4 and ends with the trailer. */
const PACKET_MAX_BYTES = ((IP_MAX_BYTES - IPV4_HEADER_BYTES - ESP_BYTES - ICV_BYTES) & ~3) - ESP_TRAILER_BYTES;

/** The key and the salt of the article's configuration, 20 bytes, as an array of its own that may be wiped. */
export function articleKeyAndSalt(): Uint8Array {
  const words = [0x2b7e1516, 0x28aed2a6, 0xabf71588, 0x09cf4f3d, 0xdeadbeef];
  return Uint8Array.from(words.flatMap((word) => [word >>> 24, word >>> 16, word >>> 8, word]));
}

/** What an {@link EspTunnel} is made from. */
export interface EspTunnelOptions {
  /** 1 to 2^32 − 1. Default {@link ARTICLE_SPI}. */
  readonly spi?: number;
  /** 16, 24 or 32 bytes of AES key and 4 of salt; copied. Default {@link articleKeyAndSalt}. */
  readonly keyAndSalt?: Uint8Array;
  /** Outer source address, host order. Default {@link ARTICLE_TUNNEL_SOURCE}. */
  readonly source?: number;
  /** Outer destination address, host order. Default {@link ARTICLE_TUNNEL_DESTINATION}. */
  readonly destination?: number;
  /** What enciphers. Default the engine `noble`. */
  readonly engine?: EngineFactory;
}

/** One SA of the generator. It does not count: sequence number and IV come with each packet. */
export class EspTunnel {
  readonly #memory: Memory;
  readonly #engine: Engine;
  readonly #session: number;
  readonly #spi: number;
  readonly #source: number;
  readonly #destination: number;
  readonly #job: number;
  readonly #nonce: number;
  readonly #packet: number;

  /** @throws SetupError `ERR_PKTGEN_KEY`, `ERR_PKTGEN_SPI` (EINVAL) */
  constructor(options: EspTunnelOptions = {}) {
    this.#spi = checkSpi(options.spi ?? ARTICLE_SPI);
    this.#source = options.source ?? ARTICLE_TUNNEL_SOURCE;
    this.#destination = options.destination ?? ARTICLE_TUNNEL_DESTINATION;
    const keyAndSalt = checkKey(options.keyAndSalt ?? articleKeyAndSalt());
    const keyBytes = keyAndSalt.length - SALT_BYTES;

    this.#memory = Memory.create({ bytes: 512 * 1024 });
    this.#job = this.#memory.reserve('PKTGEN_JOB', JOB_BYTES + NONCE_BYTES).position;
    this.#nonce = this.#job + JOB_BYTES;
    this.#packet = this.#memory.reserve('PKTGEN_PACKET', IP_MAX_BYTES).position;
    this.#engine = (options.engine ?? createNobleEngine)(this.#memory);
    this.#session = this.#engine.createSession({
      kind: 'aead',
      direction: 'encrypt',
      algorithm: 'aes-gcm',
      key: keyAndSalt.subarray(0, keyBytes),
      ivBytes: NONCE_BYTES,
      tagBytes: ICV_BYTES,
    });
    this.#memory.u8.set(keyAndSalt.subarray(keyBytes), this.#nonce);
  }

  /**
   * An ESP packet around an IPv4 packet, from the outer header on:
   *
   * 1. outer header: id 1, TTL 64, protocol 50;
   * 2. SPI, sequence number, IV;
   * 3. the packet, padding 1, 2, … to a multiple of 4, pad length, next header 4; all of this enciphered;
   * 4. ICV.
   *
   * @param sequence 0 to 2^32 − 1
   * @param iv 8 bytes that no other packet under this key has: a second one would give away both packets and the
   * key of their ICVs
   * @throws SetupError `ERR_PKTGEN_IV` (EINVAL), `ERR_PKTGEN_SIZE` (EMSGSIZE) when the outer packet would be longer than
   * 65,535 bytes, `ERR_PKTGEN_CRYPTO` (EIO)
   */
  encapsulate(packet: Uint8Array, sequence: number, iv: Uint8Array): Uint8Array {
    if (iv.length !== IV_BYTES) {
      throw new SetupError({
        code: 'ERR_PKTGEN_IV',
        errno: 'EINVAL',
        message: 'an ESP packet with AES-GCM needs an IV of another length',
        expected: `${IV_BYTES} bytes`,
        got: `${iv.length} bytes`,
      });
    }
    if (packet.length > PACKET_MAX_BYTES) {
      throw new SetupError({
        code: 'ERR_PKTGEN_SIZE',
        errno: 'EMSGSIZE',
        message: 'this packet does not fit into a tunnel',
        expected: `at most ${PACKET_MAX_BYTES} bytes`,
        got: `${packet.length} bytes`,
      });
    }
    const pad = espPadBytes(packet.length, 1);
    const enciphered = packet.length + pad + ESP_TRAILER_BYTES;
    const total = IPV4_HEADER_BYTES + ESP_BYTES + enciphered + ICV_BYTES;

    const { u8 } = this.#memory;
    const outer = this.#packet;
    const esp = outer + IPV4_HEADER_BYTES;
    const payload = esp + ESP_BYTES;
    writeIpv4Header(u8, outer, {
      totalLength: total,
      id: IP_ID,
      protocol: IPPROTO_ESP,
      source: this.#source,
      destination: this.#destination,
    });
    writeEspHeader(u8, esp, { spi: this.#spi, sequence });
    u8.set(iv, esp + ESP_HEADER_BYTES);
    u8.set(packet, payload);
    writeEspTrailer(u8, payload + packet.length, pad, IPPROTO_IPIP);
    u8.set(iv, this.#nonce + SALT_BYTES);
    this.#encipher(esp, enciphered);
    return u8.slice(outer, outer + total);
  }

  /** Ends the session and wipes its keys. */
  close(): void {
    this.#engine.close();
    this.#memory.u8.fill(0, this.#nonce, this.#nonce + NONCE_BYTES);
  }

  #encipher(esp: number, bytes: number): void {
    const { u32 } = this.#memory;
    const job = this.#job >> 2;
    u32[job + (JOB_SESSION >> 2)] = this.#session;
    u32[job + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
    u32[job + (JOB_SOURCE >> 2)] = esp;
    u32[job + (JOB_DESTINATION >> 2)] = esp;
    u32[job + (JOB_CIPHER_OFFSET >> 2)] = ESP_BYTES;
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = bytes;
    u32[job + (JOB_IV >> 2)] = this.#nonce;
    u32[job + (JOB_AAD >> 2)] = esp;
    u32[job + (JOB_AAD_LENGTH >> 2)] = ESP_HEADER_BYTES;
    u32[job + (JOB_TAG >> 2)] = esp + ESP_BYTES + bytes;
    if (this.#engine.process(this.#job, 1) === 1) return;
    throw new SetupError({
      code: 'ERR_PKTGEN_CRYPTO',
      errno: 'EIO',
      message: `the engine ${this.#engine.name} did not encipher a packet`,
      got: `status ${u32[job + (JOB_STATUS >> 2)]}`,
    });
  }
}

/** What {@link espPacket} makes. */
export interface EspPacketOptions extends EspTunnelOptions {
  /** Default 1, the first of an SA. */
  readonly sequence?: number;
  /** 8 bytes, as for {@link EspTunnel.encapsulate}. */
  readonly iv: Uint8Array;
}

/**
 * One ESP packet around an IPv4 packet; for several under one key make an {@link EspTunnel}.
 *
 * @throws SetupError as {@link EspTunnel} does
 * @example
 * ```ts
 * espPacket(articlePacket(), { iv: new Uint8Array(8) }).length; // 140
 * ```
 */
export function espPacket(packet: Uint8Array, options: EspPacketOptions): Uint8Array {
  const tunnel = new EspTunnel(options);
  try {
    return tunnel.encapsulate(packet, options.sequence ?? 1, options.iv);
  } finally {
    tunnel.close();
  }
}

function checkSpi(spi: number): number {
  if (Number.isInteger(spi) && spi >= 1 && spi <= 0xffffffff) return spi;
  throw new SetupError({
    code: 'ERR_PKTGEN_SPI',
    errno: 'EINVAL',
    message: 'there is no such SPI',
    expected: '1 to 4294967295',
    got: String(spi),
  });
}

function checkKey(keyAndSalt: Uint8Array): Uint8Array {
  if ([16, 24, 32].includes(keyAndSalt.length - SALT_BYTES)) return keyAndSalt;
  throw new SetupError({
    code: 'ERR_PKTGEN_KEY',
    errno: 'EINVAL',
    message: 'key and salt have the wrong length',
    expected: '20, 28 or 36 bytes: an AES key of 16, 24 or 32 and 4 of salt',
    got: `${keyAndSalt.length} bytes`,
  });
}
