import type { Memory } from '@inline-ipsec/eal/memory';
import { IPSRX_IP_ENTRIES, IPSRX_SA_ENTRIES, IPSTX_SA_ENTRIES } from '../descriptors.ts';
import type { Hardware } from './hardware.ts';
import {
  clearRxAddress,
  clearRxKey,
  clearTxSa,
  writeRxAddress,
  writeRxKey,
  writeRxSpi,
  writeTxSa,
} from './sa-tables.ts';
import type { SecurityDirections } from './security-block.ts';
import {
  SESSION_ADDRESS,
  SESSION_ENCRYPTED,
  SESSION_INDEX,
  SESSION_IPV6,
  SESSION_KEY,
  SESSION_SALT,
  SESSION_SPI,
} from './session-layout.ts';

/**
 * The driver's books of the card's SA tables: which entry belongs to which session. The card's tables are written from
 * here, entry by entry while the card runs, and all of them when it starts; keys stay in the sessions.
 *
 * An entry is found by its index, which the session knows, never by its SPI: two peers may have the same one. Addresses are
 * shared by all SAs that have them, and go with the last.
 */

/** Of an entry of the address table: how many SAs have it; its four register values lie before. */
const ADDRESS_REFERENCES = 16;
const ADDRESS_BYTES = 32;
const ADDRESSES = 0;
const RX_SESSIONS: number = ADDRESSES + IPSRX_IP_ENTRIES * ADDRESS_BYTES;
const TX_SESSIONS: number = RX_SESSIONS + IPSRX_SA_ENTRIES * 4;
const TX_SPIS: number = TX_SESSIONS + IPSTX_SA_ENTRIES * 4;
/** Bytes that the books take. */
export const SA_STORE_BYTES: number = TX_SPIS + IPSTX_SA_ENTRIES * 4;

/** In {@link TX_SESSIONS}: the session is gone, but packets that were taken before it went may be still to be sent. */
const RETIRING = 1;

/** What stands in the way of an SA. */
export type SaObstacle = 'addresses-full' | 'sas-full' | 'taken';

/** Packets that the transmit queues have taken, and whether they have sent them. */
export interface TransmitProgress {
  /** How many packets each queue has taken so far, modulo 2^32. */
  marks(): number[];
  /** Whether each queue has sent as many packets as `marks` said. */
  reached(marks: readonly number[]): boolean;
}

/** The SAs of one port. */
export class SaStore {
  readonly memory: Memory;
  /** Position of the SPIs by transmit SA index, as on the wire; 0 where nothing may be sent by that index. */
  readonly txSpis: number;
  readonly #position: number;
  readonly #hardware: Hardware;
  readonly #progress: TransmitProgress;
  #retiring: { readonly index: number; readonly marks: readonly number[] }[] = [];
  #running: SecurityDirections = { receive: false, transmit: false };

  /** @param position of {@link SA_STORE_BYTES} zeroed bytes */
  constructor(memory: Memory, hardware: Hardware, position: number, progress: TransmitProgress) {
    this.memory = memory;
    this.#position = position;
    this.txSpis = position + TX_SPIS;
    this.#hardware = hardware;
    this.#progress = progress;
  }

  /** SAs for transmission that there are, those on their way out not counted. */
  get txCount(): number {
    return this.#count(TX_SESSIONS, IPSTX_SA_ENTRIES);
  }

  /** SAs for receiving that are bound to an address. */
  get rxCount(): number {
    return this.#count(RX_SESSIONS, IPSRX_SA_ENTRIES);
  }

  /** Addresses that they use. */
  get addressCount(): number {
    let used = 0;
    for (let i = 0; i < IPSRX_IP_ENTRIES; i++) if (this.#references(i) !== 0) used++;
    return used;
  }

  /**
   * Gives a session an entry of the transmit table. The session has key, salt and SPI.
   *
   * @returns what stands in the way, if anything does
   */
  addTx(session: number): SaObstacle | undefined {
    const { u8, u32 } = this.memory;
    this.reap();
    const index = this.#free(TX_SESSIONS, IPSTX_SA_ENTRIES);
    if (index < 0) return 'sas-full';
    if (this.#running.transmit) {
      writeTxSa(this.#hardware, u8, index, session + SESSION_KEY, session + SESSION_SALT);
    }
    u32[this.#word(TX_SESSIONS, index)] = session;
    u32[(session + SESSION_INDEX) >> 2] = index + 1;
    // Last, for from now on packets may go by it.
    u32[this.#word(TX_SPIS, index)] = u32[(session + SESSION_SPI) >> 2];
    return undefined;
  }

  /**
   * Takes a session's entry of the transmit table back. Packets that were taken by then are still enciphered as they were
   * meant to be; the entry is cleared, and free for another, when the last of them is sent.
   */
  removeTx(session: number): void {
    const { u32 } = this.memory;
    const index = u32[(session + SESSION_INDEX) >> 2] - 1;
    if (index < 0) return;
    u32[(session + SESSION_INDEX) >> 2] = 0;
    u32[this.#word(TX_SPIS, index)] = 0;
    u32[this.#word(TX_SESSIONS, index)] = RETIRING;
    this.#retiring.push({ index, marks: this.#progress.marks() });
    this.reap();
  }

  /** Clears the entries of the transmit table that nobody needs any more. */
  reap(): void {
    if (this.#retiring.length === 0) return;
    this.#retiring = this.#retiring.filter(({ index, marks }) => {
      if (this.#running.transmit && !this.#progress.reached(marks)) return true;
      if (this.#running.transmit) clearTxSa(this.#hardware, index);
      this.memory.u32[this.#word(TX_SESSIONS, index)] = 0;
      return false;
    });
  }

  /** What would stand in the way of {@link addRx}; changes nothing. */
  rxObstacle(session: number, image: readonly number[]): SaObstacle | undefined {
    const { u32 } = this.memory;
    const address = this.#findAddress(image);
    if (address >= 0) {
      const spi = u32[(session + SESSION_SPI) >> 2];
      for (let i = 0; i < IPSRX_SA_ENTRIES; i++) {
        const other = u32[this.#word(RX_SESSIONS, i)];
        if (other === 0 || u32[(other + SESSION_SPI) >> 2] !== spi) continue;
        // The card's memories would find the lower of the two, always.
        if (u32[(other + SESSION_ADDRESS) >> 2] === address) return 'taken';
      }
    } else if (this.#freeAddress() < 0) return 'addresses-full';
    return this.#free(RX_SESSIONS, IPSRX_SA_ENTRIES) < 0 ? 'sas-full' : undefined;
  }

  /**
   * Binds a session to its destination address, and gives it an entry of the receive tables.
   *
   * @param image the address as the card's four registers have it
   * @returns what stands in the way, if anything does
   */
  addRx(session: number, image: readonly number[], ipv6: boolean): SaObstacle | undefined {
    const obstacle = this.rxObstacle(session, image);
    if (obstacle !== undefined) return obstacle;
    const { u32 } = this.memory;
    let address = this.#findAddress(image);
    const isNew = address < 0;
    if (isNew) {
      address = this.#freeAddress();
      for (let n = 0; n < 4; n++) u32[(this.#address(address) >> 2) + n] = image[n];
    }
    u32[(this.#address(address) + ADDRESS_REFERENCES) >> 2]++;
    const index = this.#free(RX_SESSIONS, IPSRX_SA_ENTRIES);
    u32[this.#word(RX_SESSIONS, index)] = session;
    u32[(session + SESSION_INDEX) >> 2] = index + 1;
    u32[(session + SESSION_ADDRESS) >> 2] = address;
    u32[(session + SESSION_IPV6) >> 2] = ipv6 ? 1 : 0;
    if (this.#running.receive) {
      if (isNew) writeRxAddress(this.#hardware, u32, address, this.#address(address));
      this.#writeRx(session, index);
    }
    return undefined;
  }

  /** Takes a session's entries of the receive tables back, and its address if no other SA has it. */
  removeRx(session: number): void {
    const { u32 } = this.memory;
    const index = u32[(session + SESSION_INDEX) >> 2] - 1;
    if (index < 0) return;
    const address = u32[(session + SESSION_ADDRESS) >> 2];
    u32[(session + SESSION_INDEX) >> 2] = 0;
    u32[this.#word(RX_SESSIONS, index)] = 0;
    const references = --u32[(this.#address(address) + ADDRESS_REFERENCES) >> 2];
    if (this.#running.receive) {
      // Not valid first, then unreachable.
      clearRxKey(this.#hardware, index);
      writeRxSpi(this.#hardware, index, 0, 0);
      if (references === 0) clearRxAddress(this.#hardware, address);
    }
    if (references === 0) u32.fill(0, this.#address(address) >> 2, (this.#address(address) >> 2) + 4);
  }

  /**
   * Loads the card's tables, which a reset left empty but for old addresses and SPIs: those are cleared first. From now on
   * changes are written through.
   */
  load(directions: SecurityDirections): void {
    const { u8, u32 } = this.memory;
    this.#running = directions;
    if (directions.receive) {
      for (let i = 0; i < IPSRX_IP_ENTRIES; i++) {
        if (this.#references(i) === 0) clearRxAddress(this.#hardware, i);
        else writeRxAddress(this.#hardware, u32, i, this.#address(i));
      }
      for (let i = 0; i < IPSRX_SA_ENTRIES; i++) {
        const session = u32[this.#word(RX_SESSIONS, i)];
        if (session === 0) writeRxSpi(this.#hardware, i, 0, 0);
        else this.#writeRx(session, i);
      }
    }
    if (!directions.transmit) return;
    for (let i = 0; i < IPSTX_SA_ENTRIES; i++) {
      const session = u32[this.#word(TX_SESSIONS, i)];
      if (session > RETIRING) writeTxSa(this.#hardware, u8, i, session + SESSION_KEY, session + SESSION_SALT);
    }
  }

  /** The card is about to be reset and its queues are empty: changes are no longer written through. */
  unload(): void {
    this.#running = { receive: false, transmit: false };
    this.reap();
  }

  #writeRx(session: number, index: number): void {
    const { u8, u32 } = this.memory;
    writeRxSpi(this.#hardware, index, u32[(session + SESSION_SPI) >> 2], u32[(session + SESSION_ADDRESS) >> 2]);
    writeRxKey(this.#hardware, u8, index, session + SESSION_KEY, session + SESSION_SALT, {
      decrypt: u32[(session + SESSION_ENCRYPTED) >> 2] !== 0,
      ipv6: u32[(session + SESSION_IPV6) >> 2] !== 0,
    });
  }

  #word(table: number, index: number): number {
    return ((this.#position + table) >> 2) + index;
  }

  #address(index: number): number {
    return this.#position + ADDRESSES + index * ADDRESS_BYTES;
  }

  #references(index: number): number {
    return this.memory.u32[(this.#address(index) + ADDRESS_REFERENCES) >> 2];
  }

  /** The entry with the same register values: an IPv4 address and the IPv6 address that looks like it share one. */
  #findAddress(image: readonly number[]): number {
    const { u32 } = this.memory;
    for (let i = 0; i < IPSRX_IP_ENTRIES; i++) {
      if (this.#references(i) === 0) continue;
      const at = this.#address(i) >> 2;
      if (image.every((word, n) => u32[at + n] === word)) return i;
    }
    return -1;
  }

  #freeAddress(): number {
    for (let i = 0; i < IPSRX_IP_ENTRIES; i++) if (this.#references(i) === 0) return i;
    return -1;
  }

  #free(table: number, entries: number): number {
    const first = this.#word(table, 0);
    return this.memory.u32.subarray(first, first + entries).indexOf(0);
  }

  #count(table: number, entries: number): number {
    const first = this.#word(table, 0);
    return this.memory.u32
      .subarray(first, first + entries)
      .reduce((sum, entry) => (entry > RETIRING ? sum + 1 : sum), 0);
  }
}
