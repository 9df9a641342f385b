import type { Memory } from '@inline-ipsec/eal/memory';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import type { RegisterPort } from '../register-port.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';

/**
 * A program that uses a card in the datasheet's order and knows nothing of any driver: for tests of the silicon, and to
 * read beside the datasheet. One frame a call, one buffer a descriptor; it throws when the card does not answer.
 */

/** What the program works on: registers, and a way to let the card go on. */
export interface SteppedPort extends RegisterPort {
  settle(): void;
  step(budget: number): number;
}

/** A ring that the program has set up. */
interface Ring {
  readonly position: number;
  readonly count: number;
  readonly buffers: number;
  readonly bufferBytes: number;
  next: number;
}

/** A frame as the card gave it. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  /** The descriptor's status and error bits. */
  readonly status: number;
  /** The descriptor's packet type bits and RSS type. */
  readonly info: number;
  /** The descriptor's RSS hash. */
  readonly hash: number;
  /** The descriptor's VLAN tag. */
  readonly tag: number;
  /** How many descriptors it took. */
  readonly descriptors: number;
}

/** Key and salt of an SA: 16 and 4 bytes. */
export interface SaKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** An SA of the receive side. */
export interface ReceiveSa extends SaKey {
  readonly spi: number;
  /** Destination: 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  /** Where the address is in the table; the SA's own index if left out. */
  readonly ipIndex?: number;
  /** IPSRXMOD; by default valid ESP with encryption, and IPV6 by the address. */
  readonly mode?: number;
}

/** What a frame asks of the card. */
export interface SendOptions {
  /** The context descriptor, four dwords. */
  readonly context?: readonly number[];
  /** POPTS bits. */
  readonly options?: number;
  /** Lengths of its segments; the last takes the rest. Default: one segment. */
  readonly segments?: readonly number[];
  /** Has the card cut the frame up: bytes before the data that it divides. Default: it does not. */
  readonly headers?: number;
}

export class RegisterProgram {
  readonly #card: SteppedPort;
  readonly #memory: Memory;
  readonly #name: string;
  readonly #shift: number;
  readonly #rx: (Ring | undefined)[] = [];
  readonly #tx: (Ring | undefined)[] = [];

  /** @param shift bytes by which receive buffers lie behind a multiple of 64: 2 is where mbufs have their data */
  constructor(card: SteppedPort, memory: Memory, name: string, shift = 0) {
    this.#card = card;
    this.#memory = memory;
    this.#name = name;
    this.#shift = shift;
  }

  #set(offset: number, mask: number): void {
    this.#card.write(offset, this.#card.read(offset) | mask);
  }

  #clear(offset: number, mask: number): void {
    this.#card.write(offset, this.#card.read(offset) & ~mask);
  }

  /** Waits until the masked bits read as told. */
  #wait(offset: number, mask: number, value: number): void {
    for (let i = 0; i < 10; i++) {
      if ((this.#card.read(offset) & mask) >>> 0 === value) return;
      this.#card.settle();
    }
    throw new Error(`register ${offset.toString(16)} & ${mask.toString(16)} never became ${value.toString(16)}`);
  }

  /** Masks interrupts, resets, waits for EEPROM and DMA, and for the link (datasheet 4.6.3). */
  reset(): void {
    this.#card.write(REG.EIMC, 0x7fff_ffff);
    this.#set(REG.CTRL, field.CTRL_RST);
    this.#wait(REG.CTRL, field.CTRL_RST, 0);
    this.#card.write(REG.EIMC, 0x7fff_ffff);
    this.#wait(REG.EEC, field.EEC_ARD, field.EEC_ARD);
    this.#wait(REG.RDRXCTL, field.RDRXCTL_DMAIDONE, field.RDRXCTL_DMAIDONE);
    this.#set(REG.AUTOC, field.AUTOC_AN_RESTART);
    this.#wait(REG.AUTOC, field.AUTOC_AN_RESTART, 0);
  }

  /** Waits for the link and gives LINKS. */
  waitLink(): number {
    this.#wait(REG.LINKS, field.LINKS_UP, field.LINKS_UP);
    return this.#card.read(REG.LINKS);
  }

  /** Sets a receive queue up and gives it all descriptors but one (datasheet 4.6.7). */
  startReceive(queue = 0, descriptors = 64, bufferBytes = 2048): void {
    const ring = this.#ring(`rx${queue}`, descriptors, bufferBytes);
    this.#rx[queue] = ring;
    this.#card.write(REG.FCTRL, field.FCTRL_BAM);
    this.#set(REG.HLREG0, field.HLREG0_RXCRCSTRP | field.HLREG0_TXCRCEN | field.HLREG0_TXPADEN);
    this.#set(REG.RDRXCTL, field.RDRXCTL_CRCSTRIP);
    this.#card.write(reg.rdbal(queue), ring.position);
    this.#card.write(reg.rdbah(queue), 0);
    this.#card.write(reg.rdlen(queue), descriptors * 16);
    this.#card.write(reg.srrctl(queue), descriptor.SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | (bufferBytes >> 10));
    this.#clear(reg.dcaRxctrl(queue), field.DCA_RXCTRL_HDR_WRO);
    this.#set(reg.rxdctl(queue), field.RXDCTL_ENABLE);
    this.#wait(reg.rxdctl(queue), field.RXDCTL_ENABLE, field.RXDCTL_ENABLE);
    for (let i = 0; i < descriptors; i++) this.#refill(ring, i);
    this.#card.settle();
    this.#card.write(reg.rdt(queue), descriptors - 1);
    // The security path is stopped while receive is switched on.
    this.#set(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
    this.#wait(REG.SECRXSTAT, field.SECRXSTAT_SECRX_RDY, field.SECRXSTAT_SECRX_RDY);
    this.#set(REG.RXCTRL, field.RXCTRL_RXEN);
    this.#clear(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
  }

  /** Sets a transmit queue up (datasheet 4.6.8). */
  startTransmit(queue = 0, descriptors = 64): void {
    const ring = this.#ring(`tx${queue}`, descriptors, 16384);
    this.#tx[queue] = ring;
    this.#card.write(reg.tdbal(queue), ring.position);
    this.#card.write(reg.tdbah(queue), 0);
    this.#card.write(reg.tdlen(queue), descriptors * 16);
    this.#set(REG.DMATXCTL, field.DMATXCTL_TE);
    this.#set(reg.txdctl(queue), field.TXDCTL_ENABLE);
    this.#wait(reg.txdctl(queue), field.TXDCTL_ENABLE, field.TXDCTL_ENABLE);
  }

  /** Switches the security block on, drained first (X550 datasheet 4.6.12). */
  startSecurity(): void {
    this.#set(REG.SECTXCTRL, field.SECTXCTRL_TX_DIS);
    this.#set(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
    this.#wait(REG.SECTXSTAT, field.SECTXSTAT_SECTX_RDY, field.SECTXSTAT_SECTX_RDY);
    this.#wait(REG.SECRXSTAT, field.SECRXSTAT_SECRX_RDY, field.SECRXSTAT_SECRX_RDY);
    this.#clear(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS);
    this.#clear(REG.SECRXCTRL, field.SECRXCTRL_SECRX_DIS);
    const gap = this.#card.read(REG.SECTXMINIFG) & ~field.SECTXMINIFG_MINSECIFG;
    this.#card.write(REG.SECTXMINIFG, gap | descriptor.SECTXMINIFG_IPSEC);
    this.#set(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD);
    this.#card.write(REG.SECTXBUFFAF, descriptor.SECTXBUFFAF_IPSEC);
    this.#card.write(REG.IPSTXIDX, field.IPSTXIDX_IPS_TX_EN);
    this.#card.write(REG.IPSRXIDX, field.IPSRXIDX_IPS_RX_EN);
    this.#clear(REG.SECTXCTRL, field.SECTXCTRL_TX_DIS);
    this.#clear(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
  }

  /** Writes an entry of the transmit SA table. */
  writeTxSa(index: number, { key, salt }: SaKey): void {
    for (let n = 0; n < 4; n++) this.#card.write(reg.ipstxkey(n), bigEndian(key, 12 - 4 * n));
    this.#card.write(REG.IPSTXSALT, bigEndian(salt, 0));
    this.#card.write(REG.IPSTXIDX, field.IPSTXIDX_WRITE | (index << 3) | field.IPSTXIDX_IPS_TX_EN);
    this.#wait(REG.IPSTXIDX, field.IPSTXIDX_WRITE, 0);
  }

  /** Writes the three entries of a receive SA: address, SPI, key. */
  writeRxSa(index: number, sa: ReceiveSa): void {
    const ipv6 = sa.address.length === 16;
    const ipIndex = sa.ipIndex ?? index % descriptor.IPSRX_IP_ENTRIES;
    for (let n = 0; n < 4; n++) {
      const word = ipv6 ? littleEndian(sa.address, 4 * n) : n === 3 ? littleEndian(sa.address, 0) : 0;
      this.#card.write(reg.ipsrxipaddr(n), word);
    }
    this.#rxCommand(descriptor.IPSRX_TABLE_IP, ipIndex);
    const spi = Uint8Array.of(sa.spi >>> 24, sa.spi >>> 16, sa.spi >>> 8, sa.spi);
    this.#card.write(REG.IPSRXSPI, littleEndian(spi, 0));
    this.#card.write(REG.IPSRXIPIDX, ipIndex);
    this.#rxCommand(descriptor.IPSRX_TABLE_SPI, index);
    for (let n = 0; n < 4; n++) this.#card.write(reg.ipsrxkey(n), bigEndian(sa.key, 12 - 4 * n));
    this.#card.write(REG.IPSRXSALT, bigEndian(sa.salt, 0));
    this.#card.write(REG.IPSRXMOD, sa.mode ?? (ipv6 ? 0x1d : 0x0d));
    this.#rxCommand(descriptor.IPSRX_TABLE_KEY, index);
  }

  #rxCommand(table: number, index: number): void {
    this.#card.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | (index << 3) | table | field.IPSRXIDX_IPS_RX_EN);
    this.#wait(REG.IPSRXIDX, field.IPSRXIDX_WRITE, 0);
  }

  /** Puts a frame into the transmit ring and moves the tail. The card sends it when it is stepped. */
  send(frame: Uint8Array, { context, options = 0, segments = [], headers }: SendOptions = {}, queue = 0): void {
    const ring = this.#tx[queue];
    if (ring === undefined) throw new Error('this transmit queue was not started');
    const { u8, u32 } = this.#memory;
    if (context !== undefined) {
      u32.set(context, (ring.position + ring.next * 16) >> 2);
      ring.next = (ring.next + 1) % ring.count;
    }
    const buffer = ring.buffers - this.#shift + ring.next * ring.bufferBytes + 2;
    u8.set(frame, buffer);
    const lengths = [...segments, frame.length - segments.reduce((sum, length) => sum + length, 0)];
    let offset = 0;
    for (const [i, length] of lengths.entries()) {
      const last = i === lengths.length - 1 ? descriptor.TXD_EOP | descriptor.TXD_RS : 0;
      const cut = headers === undefined ? 0 : descriptor.TXD_TSE;
      const command = descriptor.TXD_DEXT | descriptor.TXD_DTYP_DATA | descriptor.TXD_IFCS | last | cut | length;
      const paylen = i === 0 ? ((frame.length - (headers ?? 0)) << descriptor.TXD_PAYLEN_SHIFT) | options : 0;
      u32.set([buffer + offset, 0, command >>> 0, paylen], (ring.position + ring.next * 16) >> 2);
      offset += length;
      ring.next = (ring.next + 1) % ring.count;
    }
    this.#card.write(reg.tdt(queue), ring.next);
  }

  /** True when the card has reported the descriptor before the tail done. */
  sendDone(queue = 0): boolean {
    const ring = this.#tx[queue];
    if (ring === undefined) throw new Error('this transmit queue was not started');
    const last = (ring.next + ring.count - 1) % ring.count;
    return (this.#memory.u32[(ring.position + last * 16 + 12) >> 2] & descriptor.TXD_STAT_DD) !== 0;
  }

  /** The next frame that the card has delivered, or undefined; its descriptors go back to the card. */
  receive(queue = 0): ReceivedFrame | undefined {
    const ring = this.#rx[queue];
    if (ring === undefined) throw new Error('this receive queue was not started');
    const { u8, u16, u32 } = this.#memory;
    const parts: number[] = [];
    for (let descriptors = 1; ; descriptors++) {
      const at = ring.position + ring.next * 16;
      const status = u32[(at + descriptor.RXD_STATUS) >> 2];
      if ((status & descriptor.RXD_STAT_DD) === 0) return undefined;
      const length = u16[(at + descriptor.RXD_LENGTH) >> 1];
      const buffer = ring.buffers + ring.next * ring.bufferBytes;
      parts.push(...u8.subarray(buffer, buffer + length));
      const info = u32[(at + descriptor.RXD_INFO) >> 2];
      const hash = u32[(at + descriptor.RXD_HASH) >> 2];
      const tag = u16[(at + descriptor.RXD_VLAN) >> 1];
      this.#refill(ring, ring.next);
      this.#card.write(reg.rdt(queue), ring.next);
      ring.next = (ring.next + 1) % ring.count;
      if ((status & descriptor.RXD_STAT_EOP) !== 0) {
        return { bytes: Uint8Array.from(parts), status, info, hash, tag, descriptors };
      }
    }
  }

  #refill(ring: Ring, i: number): void {
    const buffer = ring.buffers + i * ring.bufferBytes;
    this.#memory.u32.set([buffer, 0, 0, 0], (ring.position + i * 16) >> 2);
  }

  #ring(name: string, count: number, bufferBytes: number): Ring {
    const ring = this.#memory.reserve(`${this.#name}_${name}`, count * 16, 128);
    const buffers = this.#memory.reserve(`${this.#name}_${name}_buf`, count * bufferBytes + this.#shift);
    return { position: ring.position, count, buffers: buffers.position + this.#shift, bufferBytes, next: 0 };
  }
}

/** Four bytes as the big-endian number that they are: how keys and salts go into registers. */
export function bigEndian(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** Four bytes with the first one lowest: how SPIs and addresses go into registers. */
export function littleEndian(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** The dwords of a context descriptor for ESP, or AH. `maclen` and `iplen` in bytes, `index` is the SA's. */
export function espContext(parts: {
  readonly index: number;
  readonly maclen?: number;
  readonly iplen?: number;
  readonly espLen?: number;
  readonly ipv6?: boolean;
  readonly encrypt?: boolean;
  readonly layer4?: number;
  readonly ah?: boolean;
}): number[] {
  const { index, maclen = 14, ipv6 = false, ah = false, encrypt = !ah, espLen = 0 } = parts;
  const { layer4 = descriptor.TXC_L4T_RESERVED } = parts;
  const iplen = parts.iplen ?? (ipv6 ? 40 : 20);
  const command =
    descriptor.TXD_DEXT |
    descriptor.TXD_DTYP_CONTEXT |
    (ah ? 0 : descriptor.TXC_IPSEC_TYPE_ESP) |
    (encrypt ? descriptor.TXC_IPSEC_ENCRYPT : 0) |
    (ipv6 ? 0 : descriptor.TXC_IPV4) |
    layer4 |
    espLen;
  return [iplen | (maclen << descriptor.TXC_MACLEN_SHIFT), index, command, 0];
}
