import type { Engine } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { Wire } from '@inline-ipsec/wire/wire';
import { COUNTERS, JOB_FRAMES, RX_AT, RX_LENGTHS, RX_LENT, SLOTS, TX_AT, TX_HOMES, TX_LENGTHS } from './_layout.ts';
import type { CardLoops } from './_loops.ts';
import type { CardTraceListener } from './card-trace.ts';
import type { DmaMap } from './dma.ts';
import type { CardChoices } from './options.ts';
import { type RegisterMap, registerMap } from './register-map.ts';

/**
 * What every block of the silicon is given: the memory, where the card's pieces lie in it, and what the card is joined
 * to. The state itself is in the memory (`_layout.ts`); the fields here do not change while the card is there, but for
 * the scratch of the step under way.
 */
export class CardCore {
  readonly memory: Memory;
  /** BAR0: 131,072 words. */
  readonly registers: Uint32Array;
  readonly wire: Wire;
  readonly engine: Engine;
  readonly dma: DmaMap;
  readonly environment: Environment;
  readonly choices: CardChoices;
  /** 6 bytes: the address that the EEPROM gives. */
  readonly macAddress: Uint8Array;
  /** Position of the state. */
  readonly state: number;
  /** Position of the packet buffers: receive, what the security block puts out, transmit. */
  readonly packetBuffer: number;
  /** Index of the first counter in the memory's f64. */
  readonly counters: number;
  readonly rxAt: Uint32Array;
  readonly rxLentAt: Uint32Array;
  readonly rxLengths: Uint32Array;
  /** What is behind the first 0, 1, … frames of {@link rxAt} and of {@link rxLengths}. */
  readonly rxAtFrom: readonly Uint32Array[];
  readonly rxLengthsFrom: readonly Uint32Array[];
  readonly txAt: Uint32Array;
  readonly txLengths: Uint32Array;
  readonly txHomes: Uint32Array;
  readonly jobFrames: Uint32Array;
  readonly map: RegisterMap = registerMap();
  readonly loops: CardLoops;
  /** Whom register accesses and the security block's decisions are told, if anybody. */
  trace: CardTraceListener | undefined = undefined;
  /** Sessions of an all-zero key, for entries that were only cleared: transmit, receive. */
  zeroTxSession = 0;
  zeroRxSession = 0;
  /** Scratch of one step: where frames of the batch lie, {@link rxAt} or {@link rxLentAt}. */
  frameAt: Uint32Array;
  /** Position of that table. */
  framesAt: number;
  /** Scratch of one step: how many of the first frames are lent by the wire. */
  lent = 0;
  /** Scratch of one step: whether some of {@link txAt} are places of the host. */
  txLent = false;
  /** Scratch of one step: crypto jobs made so far. */
  jobs = 0;
  /** Scratch of one step: frames in the transmit packet buffer so far. */
  filled = 0;
  /** Scratch of one step: bytes of frames that came into it out of the queue under way. */
  gathered = 0;

  constructor(
    parts: Pick<
      CardCore,
      | 'memory'
      | 'registers'
      | 'wire'
      | 'engine'
      | 'dma'
      | 'environment'
      | 'choices'
      | 'loops'
      | 'macAddress'
      | 'state'
      | 'packetBuffer'
    >,
  ) {
    const { memory, state } = parts;
    this.memory = memory;
    this.loops = parts.loops;
    this.registers = parts.registers;
    this.wire = parts.wire;
    this.engine = parts.engine;
    this.dma = parts.dma;
    this.environment = parts.environment;
    this.choices = parts.choices;
    this.macAddress = parts.macAddress;
    this.state = state;
    this.packetBuffer = parts.packetBuffer;
    this.counters = (state + COUNTERS) >> 3;
    this.rxAt = table(memory, state + RX_AT);
    this.rxLentAt = table(memory, state + RX_LENT);
    this.frameAt = this.rxAt;
    this.framesAt = state + RX_AT;
    this.rxLengths = table(memory, state + RX_LENGTHS);
    this.rxAtFrom = Array.from(this.rxAt, (_, i) => this.rxAt.subarray(i));
    this.rxLengthsFrom = Array.from(this.rxAt, (_, i) => this.rxLengths.subarray(i));
    this.txAt = table(memory, state + TX_AT);
    this.txLengths = table(memory, state + TX_LENGTHS);
    this.txHomes = table(memory, state + TX_HOMES);
    this.jobFrames = table(memory, state + JOB_FRAMES);
  }
}

function table(memory: Memory, position: number): Uint32Array {
  return memory.u32.subarray(position >> 2, (position >> 2) + SLOTS);
}

/** Adds to a model-only counter. */
export function count(core: CardCore, slot: number, by = 1): void {
  core.memory.f64[core.counters + slot] += by;
}
