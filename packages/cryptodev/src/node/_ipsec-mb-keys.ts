/** Expanded keys: they lie in the one memory, in slabs of the engine, and are zeroed when a session goes. */
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { CryptoTransform } from '../engine.ts';
import type { IpsecMbManager } from './_ipsec-mb-library.ts';
import type { ForeignFunction } from './_koffi.ts';

/** Room for the keys of a session: the greatest are those of GCM, with their powers of H. */
const KEY_BYTES = 1024;
/** Sessions in the first slab; each further one has twice as many as the one before. */
const FIRST_SLAB = 64;
/** Where the deciphering keys of AES lie, and the keys of an integrity algorithm, from the beginning of a session's. */
const DECIPHERING = 256;
const AUTH = 512;
const XCBC_K2 = AUTH + 192;
const XCBC_K3 = XCBC_K2 + 16;
const DES_SCHEDULE_BYTES = 128;
const DES_TABLE = 3 * DES_SCHEDULE_BYTES;
/** The workspace: a raw key, a block, a digest. */
const RAW = 0;
const BLOCK = 256;
const DIGEST = 384;
const WORK_BYTES = 512;

/** Where the keys of a session lie: positions. */
export interface KeyPlaces {
  readonly encKeys: number;
  readonly decKeys: number;
  /** What the job of the hash algorithm points to. */
  readonly hashKeys: readonly number[];
}

/** The keys of all sessions of one engine. */
export class IpsecMbKeys {
  readonly #memory: Memory;
  readonly #manager: IpsecMbManager;
  readonly #reserve: (bytes: number) => Memzone;
  readonly #work: Memzone;
  readonly #slabs: Memzone[] = [];
  readonly #functions: Map<number, ForeignFunction> = new Map();

  constructor(memory: Memory, manager: IpsecMbManager, reserve: (bytes: number) => Memzone) {
    this.#memory = memory;
    this.#manager = manager;
    this.#reserve = reserve;
    this.#work = reserve(WORK_BYTES);
  }

  /** Expands the keys of a session. */
  expand(session: number, transform: CryptoTransform): KeyPlaces {
    const keys = this.#place(session);
    try {
      if (transform.kind === 'aead') {
        return this.#cipher(keys, transform.algorithm, transform.key);
      }
      const { cipher, auth } = transform;
      const { encKeys, decKeys } = this.#cipher(keys, cipher.algorithm, cipher.key);
      return { encKeys, decKeys, hashKeys: this.#auth(keys, auth.algorithm, auth.key) };
    } finally {
      this.#memory.u8.fill(0, this.#work.position, this.#work.position + WORK_BYTES);
    }
  }

  /** Zeroes the keys of a session. */
  wipe(session: number): void {
    const keys = this.#place(session);
    this.#memory.u8.fill(0, keys, keys + KEY_BYTES);
  }

  #place(session: number): number {
    let index = session - 1;
    for (let slab = 0, room = FIRST_SLAB; ; slab++, room *= 2) {
      if (index < room) {
        while (this.#slabs.length <= slab) {
          this.#slabs.push(this.#reserve((FIRST_SLAB << this.#slabs.length) * KEY_BYTES));
        }
        return this.#slabs[slab].position + index * KEY_BYTES;
      }
      index -= room;
    }
  }

  #cipher(keys: number, algorithm: string, key: Uint8Array): KeyPlaces {
    const raw = this.#raw(key);
    const { aesKeyExpansion, gcmKeyExpansion, desKeySchedule } = this.#manager.layout.functions;
    const same = { encKeys: keys, decKeys: keys, hashKeys: [] };
    switch (algorithm) {
      case 'aes-gcm':
        this.#call(gcmKeyExpansion[key.length], raw, keys);
        return same;
      case 'aes-ccm':
      case 'aes-cbc':
      case 'aes-ctr':
        this.#call(aesKeyExpansion[key.length], raw, keys, keys + DECIPHERING);
        return algorithm === 'aes-cbc' ? { ...same, decKeys: keys + DECIPHERING } : same;
      case 'chacha20-poly1305':
        this.#memory.u8.set(key, keys);
        return same;
      case 'des-cbc':
        this.#call(desKeySchedule, keys, raw);
        return same;
      case '3des-cbc': {
        const { u32, address } = this.#memory;
        for (let i = 0; i < 3; i++) {
          const schedule = keys + i * DES_SCHEDULE_BYTES;
          this.#call(desKeySchedule, schedule, raw + 8 * i);
          const word = (keys + DES_TABLE + 8 * i) >> 2;
          u32[word] = address + schedule;
          u32[word + 1] = (address + schedule) / 0x1_0000_0000;
        }
        return { ...same, encKeys: keys + DES_TABLE, decKeys: keys + DES_TABLE };
      }
      default:
        return { encKeys: 0, decKeys: 0, hashKeys: [] };
    }
  }

  #auth(keys: number, algorithm: string, key: Uint8Array): number[] {
    const { functions } = this.#manager.layout;
    switch (algorithm) {
      case 'null':
        return [];
      case 'aes-gmac':
        this.#call(functions.gcmKeyExpansion[key.length], this.#raw(key), keys);
        return [keys];
      case 'aes-xcbc-mac':
        this.#call(functions.xcbcKeyExpansion, this.#raw(key), keys + AUTH, keys + XCBC_K2, keys + XCBC_K3);
        return [keys + AUTH, keys + XCBC_K2, keys + XCBC_K3];
      default: {
        const blockBytes = algorithm === 'hmac-sha1' || algorithm === 'hmac-sha256' ? 64 : 128;
        this.#pad(algorithm, key, blockBytes, 0x36, keys + AUTH);
        this.#pad(algorithm, key, blockBytes, 0x5c, keys + AUTH + 64);
        return [keys + AUTH, keys + AUTH + 64];
      }
    }
  }

  /** The state of a hash after one block of the key with a pad (RFC 2104 section 4). */
  #pad(algorithm: string, key: Uint8Array, blockBytes: number, pad: number, to: number): void {
    const { u8 } = this.#memory;
    const hash = this.#manager.layout.functions.hashes[algorithm];
    const raw = this.#raw(key);
    const block = this.#work.position + BLOCK;
    u8.fill(0, block, block + blockBytes);
    if (key.length > blockBytes) {
      const digest = this.#work.position + DIGEST;
      u8.fill(0, digest, digest + 64);
      const { address } = this.#memory;
      this.#function(hash.whole, ['int64_t', 'uint64_t', 'int64_t'])(address + raw, key.length, address + digest);
      u8.copyWithin(block, digest, digest + 64);
    } else u8.set(key, block);
    for (let i = 0; i < blockBytes; i++) u8[block + i] ^= pad;
    this.#call(hash.oneBlock, block, to);
  }

  /** Copies a key to where the library can read it. */
  #raw(key: Uint8Array): number {
    const raw = this.#work.position + RAW;
    this.#memory.u8.set(key, raw);
    return raw;
  }

  /** Calls a function of the manager with addresses of positions. */
  #call(offset: number, ...positions: number[]): void {
    const { address } = this.#memory;
    this.#function(
      offset,
      positions.map(() => 'int64_t'),
    )(...positions.map((position) => address + position));
  }

  #function(offset: number, parameters: readonly string[]): ForeignFunction {
    let found = this.#functions.get(offset);
    if (found === undefined) {
      found = this.#manager.call(offset, 'void', parameters);
      this.#functions.set(offset, found);
    }
    return found;
  }
}
