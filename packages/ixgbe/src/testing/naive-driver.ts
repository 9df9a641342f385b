import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { bigEndian, espContext, littleEndian } from './register-program.ts';
import { KEY, SALT } from './secure-bench.ts';
import type { SecuredCard } from './secured-card.ts';

/**
 * A small driver of the security block, for tests, with defects that real drivers had or have: one at a time, by name. What
 * it does without any is right, so that what a test sees comes from the defect.
 */

/** What is wrong with a {@link NaiveDriver}. */
export type Defect =
  /** Its removal commands have no enable bit. */
  | 'removal drops the enable bit'
  /** It compares only eight bits of an SA's index when it looks whether the card has its context. */
  | 'context cache has 8 bits of the index'
  /** It compares only four bits of the padding's length. */
  | 'context cache has 4 bits of the padding'
  /** It writes zeros for an address that nobody has any more, and gives no command. */
  | 'address is cleared without a command'
  /** A slot that is free keeps its SPI, and is found by it. */
  | 'free slots are found by their SPI'
  /** It takes off the first SA of the SPI. */
  | 'removal by SPI alone'
  /** It compares 16 bytes of an address, whatever IP version it is of. */
  | 'addresses without their version'
  /** The length of the trailer has eight bits. */
  | 'trailer length has 8 bits'
  /** Packets of several segments have a trailer of length 0. */
  | 'no trailer length with segments'
  /** The trailer is as long as that of the SA's first packet. */
  | 'trailer length is kept with the SA'
  /** It puts a pad length and a next header behind what the card is to cut up. */
  | 'tail on what the card cuts up'
  /** It has the caller's key, not a copy, and reads 16 bytes of it when the SA is bound. */
  | 'key is kept by reference'
  /** Every SA is written as one for IPv4. */
  | 'IP version is never stored'
  /** A start clears the card's tables and its own books. */
  | 'start forgets all SAs'
  /** A start clears the card's tables, but not its own books. */
  | 'start clears the card but not the books'
  /** Validating a rule makes the SA. */
  | 'validate adds the SA'
  /** An SA that could not be added counts as added. */
  | 'failures are not told';

/** An SA of the receive side, as its user tells it. */
export interface NaiveReceiveSa {
  readonly spi: number;
  readonly address: Uint8Array;
  readonly key?: Uint8Array;
}

interface Address {
  bytes: number[];
  ipv6: boolean;
  references: number;
}

interface Slot {
  spi: number;
  address: number;
  used: boolean;
  sa?: NaiveReceiveSa;
}

/** Thrown where a driver would return an errno. */
export class NaiveError extends Error {
  readonly errno: string;
  constructor(errno: string) {
    super(errno);
    this.errno = errno;
  }
}

export class NaiveDriver {
  readonly addresses: Address[] = Array.from({ length: 128 }, () => ({ bytes: [], ipv6: false, references: 0 }));
  readonly rx: Slot[] = Array.from({ length: 1024 }, () => ({ spi: 0, address: 0, used: false }));
  readonly tx: { spi: number; used: boolean; key?: Uint8Array; trailer?: number }[];
  readonly #bench: SecuredCard;
  readonly #defect: Defect | undefined;
  readonly #contexts: { index: number; pad: number; words: string }[] = [];

  constructor(bench: SecuredCard, defect?: Defect) {
    this.#bench = bench;
    this.#defect = defect;
    this.tx = Array.from({ length: 1024 }, () => ({ spi: 0, used: false }));
  }

  #is(defect: Defect): boolean {
    return this.#defect === defect;
  }

  #write(offset: number, value: number): void {
    this.#bench.card.write(offset, value >>> 0);
  }

  #rxCommand(table: number, index: number, enable = 1): void {
    this.#write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | (index << 3) | table | enable);
  }

  #stageKey(first: (n: number) => number, salt: number, key: Uint8Array | undefined): void {
    for (let n = 0; n < 4; n++) this.#write(first(n), key === undefined ? 0 : bigEndian(key, 12 - 4 * n));
    this.#write(salt, key === undefined ? 0 : bigEndian(SALT, 0));
  }

  /** Adds a transmit SA and gives its index. */
  addTx(spi: number, key: Uint8Array = KEY): number {
    const index = this.tx.findIndex(({ used }) => !used);
    if (index < 0) throw new NaiveError('ENOSPC');
    this.tx[index] = { spi, used: true, key };
    this.#writeTx(index, key);
    return index;
  }

  #writeTx(index: number, key: Uint8Array | undefined, enable = 1): void {
    this.#stageKey(reg.ipstxkey, REG.IPSTXSALT, key);
    this.#write(REG.IPSTXIDX, field.IPSTXIDX_WRITE | (index << 3) | enable);
  }

  /** Takes a transmit SA off. */
  removeTx(index: number): void {
    const { spi } = this.tx[index];
    let at = index;
    if (this.#is('removal by SPI alone')) at = this.tx.findIndex((sa) => sa.used && sa.spi === spi);
    if (this.#is('free slots are found by their SPI')) at = this.tx.findIndex((sa) => sa.spi === spi);
    if (at < 0) throw new NaiveError('EFAULT');
    this.#writeTx(at, undefined, this.#is('removal drops the enable bit') ? 0 : 1);
    this.tx[at] = { spi: this.#is('free slots are found by their SPI') ? spi : 0, used: false };
  }

  /** Binds a receive SA to its address and gives its slot, or −1 when it did not work and the driver does not care. */
  addRx(sa: NaiveReceiveSa): number {
    const slot = this.rx.findIndex(({ used }) => !used);
    const address = this.#takeAddress(sa.address);
    if (slot < 0 || address < 0) {
      if (this.#is('failures are not told')) return -1;
      throw new NaiveError('ENOSPC');
    }
    const key = sa.key ?? KEY;
    const kept = this.#is('key is kept by reference') ? key : key.slice();
    this.rx[slot] = { spi: sa.spi, address, used: true, sa: { ...sa, key: kept } };
    this.#writeRx(slot);
    return slot;
  }

  /** What a flow rule's validation does. */
  validateRx(sa: NaiveReceiveSa): void {
    if (this.#is('validate adds the SA')) this.addRx(sa);
  }

  #takeAddress(address: Uint8Array): number {
    const ipv6 = address.length === 16;
    const bytes = [...address, ...new Uint8Array(16 - address.length)];
    const anyVersion = this.#is('addresses without their version');
    let at = this.addresses.findIndex(
      (known) =>
        known.references > 0 &&
        (anyVersion || known.ipv6 === ipv6) &&
        known.bytes.every((byte, i) => byte === bytes[i]),
    );
    if (at < 0) at = this.addresses.findIndex(({ references }) => references === 0);
    if (at < 0) return -1;
    this.addresses[at] = { bytes, ipv6, references: this.addresses[at].references + 1 };
    return at;
  }

  #writeRx(slot: number): void {
    const { spi, address, sa } = this.rx[slot];
    const { bytes, ipv6 } = this.addresses[address];
    const asIpv4 = !ipv6 || this.#is('IP version is never stored');
    for (let n = 0; n < 4; n++) {
      const word = asIpv4 ? (n === 3 ? littleEndian(Uint8Array.from(bytes), 0) : 0) : 0;
      this.#write(reg.ipsrxipaddr(n), asIpv4 ? word : littleEndian(Uint8Array.from(bytes), 4 * n));
    }
    this.#rxCommand(descriptor.IPSRX_TABLE_IP, address);
    this.#write(REG.IPSRXSPI, littleEndian(Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi), 0));
    this.#write(REG.IPSRXIPIDX, address);
    this.#rxCommand(descriptor.IPSRX_TABLE_SPI, slot);
    this.#stageKey(reg.ipsrxkey, REG.IPSRXSALT, sa?.key);
    this.#write(REG.IPSRXMOD, asIpv4 ? 0x0d : 0x1d);
    this.#rxCommand(descriptor.IPSRX_TABLE_KEY, slot);
  }

  /** Takes a receive SA off, by its slot or as some drivers look for it. */
  removeRx(slot: number): void {
    const { spi } = this.rx[slot];
    const enable = this.#is('removal drops the enable bit') ? 0 : 1;
    let at = slot;
    if (this.#is('removal by SPI alone')) at = this.rx.findIndex((sa) => sa.used && sa.spi === spi);
    const { address } = this.rx[at];
    this.#write(REG.IPSRXSPI, 0);
    this.#write(REG.IPSRXIPIDX, 0);
    this.#rxCommand(descriptor.IPSRX_TABLE_SPI, at, enable);
    this.#stageKey(reg.ipsrxkey, REG.IPSRXSALT, undefined);
    this.#write(REG.IPSRXMOD, 0);
    this.#rxCommand(descriptor.IPSRX_TABLE_KEY, at, enable);
    this.rx[at] = { spi: 0, address: 0, used: false };
    if (--this.addresses[address].references > 0) return;
    for (let n = 0; n < 4; n++) this.#write(reg.ipsrxipaddr(n), 0);
    if (!this.#is('address is cleared without a command')) {
      this.#rxCommand(descriptor.IPSRX_TABLE_IP, address, enable);
      this.addresses[address].bytes = [];
    }
  }

  /**
   * Ends a session that was never bound to an address, as DPDK's driver does: by SPI, and by an address that is all zeros.
   * That finds an entry of the books which nobody uses, and takes one from its count of 16 bits.
   *
   * @throws NaiveError EFAULT when no slot has the SPI
   */
  destroyUnbound(spi: number): void {
    const free = this.addresses.findIndex(({ bytes }) => bytes.every((byte) => byte === 0));
    const slot = this.rx.findIndex((sa) => sa.spi === spi);
    if (slot < 0) throw new NaiveError('EFAULT');
    this.#write(REG.IPSRXSPI, 0);
    this.#write(REG.IPSRXIPIDX, 0);
    this.#rxCommand(descriptor.IPSRX_TABLE_SPI, slot);
    this.addresses[free].references = (this.addresses[free].references - 1) & 0xffff;
  }

  /** What a start does to the SAs: a driver without a defect loads them again. */
  restart(): void {
    this.#bench.restart();
    this.#contexts.length = 0;
    for (let i = 0; i < 128; i++) {
      for (let n = 0; n < 4; n++) this.#write(reg.ipsrxipaddr(n), 0);
      this.#rxCommand(descriptor.IPSRX_TABLE_IP, i);
    }
    for (let i = 0; i < 1024; i++) {
      this.#write(REG.IPSRXSPI, 0);
      this.#write(REG.IPSRXIPIDX, 0);
      this.#rxCommand(descriptor.IPSRX_TABLE_SPI, i);
    }
    if (this.#is('start clears the card but not the books')) return;
    const forgets = this.#is('start forgets all SAs');
    for (const [i, sa] of this.tx.entries()) if (sa.used && !forgets) this.#writeTx(i, sa.key);
    for (const [i, slot] of this.rx.entries()) if (slot.used && !forgets) this.#writeRx(i);
    if (!forgets) return;
    for (const sa of this.tx) sa.used = false;
    for (const slot of this.rx) slot.used = false;
    for (const address of this.addresses) address.references = 0;
  }

  /**
   * Sends an ESP frame by an SA, and gives what is on the wire.
   *
   * @param layer4 a UDP checksum is to be filled in
   * @param segments as of `RegisterProgram.send`
   */
  send(frame: Uint8Array, index: number, options: { layer4?: boolean; segments?: number[] } = {}): Uint8Array {
    const { layer4 = false, segments = [] } = options;
    const pad = frame[frame.length - 18];
    const sa = this.tx[index];
    sa.trailer ??= pad + 18;
    let espLen = pad + 18;
    if (this.#is('trailer length has 8 bits')) espLen &= 0xff;
    if (this.#is('no trailer length with segments') && segments.length > 0) espLen = 0;
    if (this.#is('trailer length is kept with the SA')) espLen = sa.trailer;
    const udp = { iplen: 36, layer4: descriptor.TXC_L4T_UDP };
    const words = espContext({ index, espLen, ...(layer4 ? udp : {}) });
    const popts = descriptor.TXD_POPTS_IPSEC | (layer4 ? descriptor.TXD_POPTS_TXSM : 0);
    const known = this.#contexts.some((context) => this.#sameContext(context, index, pad, words));
    if (!known) this.#contexts.splice(0, 1, { index, pad, words: String(words) });
    this.#bench.program.send(frame, { ...(known ? {} : { context: words }), options: popts, segments });
    this.#bench.card.step(8);
    return this.#bench.wire.sent.pop() ?? new Uint8Array(0);
  }

  /** Has the card cut up a TCP packet in ESP over IPv4, of `headers` bytes and data, and gives what is on the wire. */
  segment(frame: Uint8Array, index: number, headers: number, mss: number): Uint8Array[] {
    const packet = this.#is('tail on what the card cuts up') ? Uint8Array.of(...frame, 0, 6) : frame;
    const context = espContext({ index, iplen: 36, layer4: descriptor.TXC_L4T_TCP });
    context[3] = (20 << descriptor.TXC_L4LEN_SHIFT) | (mss << descriptor.TXC_MSS_SHIFT);
    const options = descriptor.TXD_POPTS_IPSEC | descriptor.TXD_POPTS_IXSM | descriptor.TXD_POPTS_TXSM;
    this.#bench.program.send(packet, { context, options, headers });
    this.#bench.card.step(32);
    return this.#bench.wire.sent.splice(0);
  }

  #sameContext(kept: { index: number; pad: number; words: string }, index: number, pad: number, words: number[]) {
    if (this.#is('context cache has 8 bits of the index')) {
      return (kept.index & 0xff) === (index & 0xff) && kept.pad === pad;
    }
    if (this.#is('context cache has 4 bits of the padding')) {
      return kept.index === index && (kept.pad & 0xf) === (pad & 0xf);
    }
    return kept.words === String(words);
  }
}
