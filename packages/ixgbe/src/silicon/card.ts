import type { Engine } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { Wire } from '@inline-ipsec/wire/wire';
import { type DumpOptions, dumpRegisters } from '../register-dump.ts';
import { EICR_ECC, SECRXSTAT_ECC_RXERR, SECTXSTAT_ECC_TXERR } from '../register-fields.ts';
import type { RegisterPort } from '../register-port.ts';
import { REG } from '../registers.ts';
import { CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { cardLoops } from './_loops.ts';
import { type CardTraceListener, tracedRead, tracedWrite } from './card-trace.ts';
import { COUNTER_NAMES, type CounterName, counterSlot } from './counters.ts';
import { type DmaMap, identityDma } from './dma.ts';
import { type CardOptions, cardChoices } from './options.ts';
import { receive } from './receive.ts';
import { readRegister, writeRegister } from './register-access.ts';
import { BAR0_BYTES } from './register-map.ts';
import { resetCard } from './reset.ts';
import { clearKeyTables, closeSharedSessions, openSharedSessions, reopenSessions } from './security-tables.ts';
import { settle } from './settle.ts';
import { transmit } from './transmit.ts';

const MEMORY_ERRORS = counterSlot('securityMemoryErrors');

/** What a card is made of and joined to. */
export interface CardParts {
  /** Unique in the memory, at most 20 characters: a PCI address, as a rule. */
  readonly name: string;
  readonly memory: Memory;
  /** Where frames come from and go to. */
  readonly wire: Wire;
  /** The security block's crypto. It belongs to the card: nobody else uses it. */
  readonly engine: Engine;
  readonly environment: Environment;
  /** 6 bytes, unicast: what the EEPROM gives as the first receive address. */
  readonly macAddress: Uint8Array;
  /** BAR0, 131,072 words. Default: a memzone of its own. */
  readonly registers?: Uint32Array;
  /** Default: bus addresses are positions. */
  readonly dma?: DmaMap;
  readonly options?: CardOptions;
}

/**
 * One port of an 82599 in software: one PCI function with its registers, packet buffers, queues and security block.
 *
 * Software reaches it by its registers, by descriptor rings and buffers in memory, and by nothing else. It works only
 * while it is stepped: {@link write} stores and marks, {@link step} does what was asked for and moves frames. One owner
 * steps it. Everything that outlives a step lies in memzones of its name, so that another thread can
 * {@link Card82599.attach | take it over}.
 *
 * What it does not have: double VLAN mode, ways to choose a receive queue other than RSS and EtherType filters, traffic
 * classes, RSC, jumbo above 16 KiB, header split.
 */
export class Card82599 implements RegisterPort {
  readonly name: string;
  readonly memory: Memory;
  readonly wire: Wire;
  /** BAR0, for dumps and mapped front ends. Everybody else uses {@link read} and {@link write}. */
  readonly registers: Uint32Array;
  readonly #core: CardCore;
  #closed = false;

  private constructor(parts: CardParts, zone: Memzone, registers: Uint32Array) {
    this.name = parts.name;
    this.memory = parts.memory;
    this.wire = parts.wire;
    this.registers = registers;
    this.#core = new CardCore({
      memory: parts.memory,
      registers,
      wire: parts.wire,
      engine: parts.engine,
      dma: parts.dma ?? identityDma(parts.memory.bytes, zone.position, zone.bytes),
      environment: parts.environment,
      choices: cardChoices(parts.options),
      loops: cardLoops(parts.memory),
      macAddress: parts.macAddress.slice(),
      state: zone.position,
      packetBuffer: zone.position + layout.STATE_BYTES,
    });
  }

  /**
   * Makes a card, as it is after power-on.
   *
   * @throws SetupError `ERR_CARD_MAC`, `ERR_CARD_REGISTERS`, `ERR_CARD_ENGINE`, `ERR_CARD_OPTION` (EINVAL); what
   * `Memory.reserve` throws, `ERR_MEMZONE_EXISTS` for a second card of one name
   */
  static create(parts: CardParts): Card82599 {
    check(parts);
    const { memory, name } = parts;
    const zone = memory.reserve(zoneName(name, 'chip'), layout.STATE_BYTES + 3 * layout.SLOTS * layout.SLOT_BYTES);
    const registers = parts.registers ?? view(memory, memory.reserve(zoneName(name, 'bar0'), BAR0_BYTES, 4096));
    const card = new Card82599(parts, zone, registers);
    card.#powerOn();
    return card;
  }

  /**
   * The card of that name that another thread made, with an engine and a wire of this thread's own. The other one must
   * not step it any more.
   *
   * @throws SetupError as {@link Card82599.create}; `ERR_CARD_UNKNOWN` (ENODEV) when there is none
   */
  static attach(parts: CardParts): Card82599 {
    check(parts);
    const { memory, name } = parts;
    const zone = memory.lookup(zoneName(name, 'chip'));
    const bar0 = memory.lookup(zoneName(name, 'bar0'));
    const registers = parts.registers ?? (bar0 === undefined ? undefined : view(memory, bar0));
    if (zone === undefined || registers === undefined) {
      throw new SetupError({
        code: 'ERR_CARD_UNKNOWN',
        errno: 'ENODEV',
        message: 'there is no card of this name in the memory',
        got: name,
        remedy: 'create it first, in one thread',
      });
    }
    const card = new Card82599(parts, zone, registers);
    openSharedSessions(card.#core);
    reopenSessions(card.#core);
    return card;
  }

  #powerOn(): void {
    const core = this.#core;
    for (let i = 0; i < layout.SLOTS; i++) {
      core.rxAt[i] = core.packetBuffer + i * layout.SLOT_BYTES + layout.SLOT_OFFSET;
      core.txAt[i] = core.rxAt[i] + 2 * layout.SLOTS * layout.SLOT_BYTES;
    }
    openSharedSessions(core);
    resetCard(core, false);
    settle(core);
    // Nothing has been done with it yet.
    core.memory.f64.fill(0, core.counters, core.counters + COUNTER_NAMES.length);
  }

  /** Reads a register. A statistics register is cleared by it. */
  read(offset: number): number {
    const { trace } = this.#core;
    return trace === undefined ? readRegister(this.#core, offset) : tracedRead(this.#core, trace, offset);
  }

  /** Writes a register: what it can hold is stored, what it sets in motion happens in {@link settle} or {@link step}. */
  write(offset: number, value: number): void {
    const { trace } = this.#core;
    if (trace === undefined) writeRegister(this.#core, offset, value);
    else tracedWrite(this.#core, trace, offset, value);
  }

  /**
   * Tells a listener every access of software to a register and every decision of the security block, from now on and in
   * this thread; undefined ends it. It makes an object a packet: it is for looking, not for measuring. Without a listener
   * it costs nothing.
   */
  trace(listener: CardTraceListener | undefined): void {
    this.#core.trace = listener;
  }

  /**
   * Does what register writes have set in motion, and nothing else: resets, table commands, queues, link. It is what a
   * driver that waits for a bit has called between two looks.
   */
  settle(): void {
    settle(this.#core);
  }

  /**
   * Breaks the memory of one side of the security block beyond repair, so that a driver can be tried with it: the side
   * lets nothing through until the card is reset, its status says so, and an interrupt cause is raised (X550 datasheet
   * 7.13).
   */
  failSecurityMemory(side: 'transmit' | 'receive'): void {
    const { registers } = this;
    if (side === 'transmit') registers[REG.SECTXSTAT >> 2] |= SECTXSTAT_ECC_TXERR;
    else registers[REG.SECRXSTAT >> 2] |= SECRXSTAT_ECC_RXERR;
    registers[REG.EICR >> 2] |= EICR_ECC;
    count(this.#core, MEMORY_ERRORS);
  }

  /**
   * Lets the card work: {@link settle}, then up to `budget` frames out and up to `budget` frames in.
   *
   * @returns how many frames were moved, those that were dropped included
   */
  step(budget: number): number {
    settle(this.#core);
    return transmit(this.#core, budget) + receive(this.#core, budget);
  }

  /** True when no frame waits inside, neither for the wire nor for a descriptor. */
  get idle(): boolean {
    const { u32 } = this.memory;
    const { state } = this.#core;
    return u32[(state + layout.RX_HELD) >> 2] === 0 && u32[(state + layout.TX_HELD) >> 2] === 0;
  }

  /** A model-only counter: what no register tells. */
  counter(name: CounterName): number {
    return this.memory.f64[this.#core.counters + COUNTER_NAMES.indexOf(name)];
  }

  /** All model-only counters that are not 0, by name. */
  counters(): Partial<Record<CounterName, number>> {
    const counters: Partial<Record<CounterName, number>> = {};
    for (const name of COUNTER_NAMES) {
      const value = this.counter(name);
      if (value !== 0) counters[name] = value;
    }
    return counters;
  }

  /** The registers that are not 0 as text, a line each. Keys are not shown, and statistics are not cleared. */
  dump(options?: DumpOptions): string {
    return dumpRegisters(this.registers, options);
  }

  /** Pulls the card out: its sessions end, its keys are wiped, its memzones are freed. Wire and engine stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearKeyTables(this.#core);
    closeSharedSessions(this.#core);
    this.registers.fill(0);
    for (const part of ['chip', 'bar0']) {
      const zone = this.memory.lookup(zoneName(this.name, part));
      if (zone !== undefined) this.memory.free(zone);
    }
  }
}

function zoneName(name: string, part: string): string {
  return `82599_${name}_${part}`;
}

function view(memory: Memory, zone: Memzone): Uint32Array {
  return memory.u32.subarray(zone.position >> 2, (zone.position + BAR0_BYTES) >> 2);
}

function check({ macAddress, registers, engine, memory }: CardParts): void {
  if (macAddress.length !== 6 || (macAddress[0] & 1) !== 0 || macAddress.every((byte) => byte === 0)) {
    throw new SetupError({
      code: 'ERR_CARD_MAC',
      errno: 'EINVAL',
      message: 'a card cannot have this MAC address',
      expected: '6 bytes, unicast and not zero',
      got: [...macAddress].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    });
  }
  if (registers !== undefined && registers.length !== BAR0_BYTES / 4) {
    throw new SetupError({
      code: 'ERR_CARD_REGISTERS',
      errno: 'EINVAL',
      message: 'these are not the registers of a card',
      expected: `${BAR0_BYTES / 4} words`,
      got: String(registers.length),
    });
  }
  if (engine.memory.handle.buffer !== memory.handle.buffer) {
    throw new SetupError({
      code: 'ERR_CARD_ENGINE',
      errno: 'EINVAL',
      message: 'the engine works on another memory than the card',
      remedy: 'open the engine with the memory that the card is made in',
    });
  }
}
