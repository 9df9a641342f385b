import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { KeyStore } from '../configuration/key.ts';

/** A place in the memory for the keys of a configuration, until engines and ports have their copies. */
export class KeyZone implements KeyStore {
  readonly #memory: Memory;
  readonly #zone: Memzone;
  #used = 0;

  /** @param fileBytes length of the configuration file: its keys cannot be longer */
  constructor(memory: Memory, fileBytes: number) {
    this.#memory = memory;
    this.#zone = memory.reserve('KEYS', Math.max(1, fileBytes));
  }

  allocate(bytes: number): Uint8Array {
    const at = this.#zone.position + this.#used;
    this.#used += bytes;
    return this.#memory.view(at, bytes);
  }

  /** Wipes all keys. */
  free(): void {
    this.#memory.free(this.#zone);
  }
}
