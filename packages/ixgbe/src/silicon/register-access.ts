import {
  EICR_RTXQ,
  GPIE_OCD,
  IPSRXIDX_IPS_RX_EN,
  IPSRXIDX_READ,
  IPSRXIDX_WRITE,
  RSCCTL_RSCEN,
  SECTXCTRL_SECTX_DIS,
  SECTXCTRL_STORE_FORWARD,
  SECTXCTRL_TX_DIS,
  SECTXSTAT_SECTX_RDY,
} from '../register-fields.ts';
import { REG, rscctl } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import { COMMAND_DUE, MARK_RX_TABLE, MARK_TX_TABLE, MARKS, MARKS_IN_ORDER, QUEUES, TABLES_READY } from './_layout.ts';
import { counterSlot } from './counters.ts';
import {
  accessError,
  BAR0_BYTES,
  KIND_CAUSES,
  KIND_CLEAR_BITS,
  KIND_CLEAR_ELSEWHERE,
  KIND_CLEAR_ON_READ,
  KIND_GATED,
  KIND_READ_ONLY,
  KIND_RING,
  KIND_RSC,
  KIND_SECURITY_CONTROL,
  KIND_SECURITY_INDEX,
  KIND_SEMAPHORE,
  KIND_SET_BITS,
  KIND_STORE,
  KIND_TAIL,
  ROW_ALIAS,
} from './register-map.ts';
import { settle } from './settle.ts';

/**
 * The one way to the registers. A read gives what the register holds, clears statistics and interrupt causes, and takes a
 * semaphore. A write stores what the register can hold and marks what is to be done; it is done when the card is settled or
 * stepped. Only table commands, resets and EEPROM reads that are still to be done are done before the next register is
 * written, as a card would have finished them long before another write reaches it over the bus.
 */

const UNKNOWN_READS = counterSlot('unknownReads');
const UNKNOWN_WRITES = counterSlot('unknownWrites');
const READ_ONLY_WRITES = counterSlot('readOnlyWrites');
const WRITE_ONLY_READS = counterSlot('writeOnlyReads');
const COMMANDS_LOST = counterSlot('tableCommandsLost');
const COMMANDS_TOO_EARLY = counterSlot('tableCommandsTooEarly');
const RSC_REFUSED = counterSlot('rscRefused');
const RINGS_UNALIGNED = counterSlot('ringsUnaligned');
const ENABLES_WITH_COMMAND = counterSlot('enablesWithCommand');
const WITHOUT_DRAIN = counterSlot('securityWithoutDrain');

/** Reads the register at a byte offset. */
export function readRegister(core: CardCore, offset: number): number {
  const { registers, map } = core;
  let word = offset >>> 2;
  const entry = (offset & 3) === 0 && offset < BAR0_BYTES ? map.rows[word] : 0;
  if (entry === 0) return refuse(core, UNKNOWN_READS, 'a read', offset);
  if (entry >= ROW_ALIAS) word = map.aliases.get(word) ?? word;
  const row = (entry & (ROW_ALIAS - 1)) - 1;
  const value = registers[word];
  switch (map.kinds[row]) {
    case KIND_CLEAR_ON_READ:
      registers[word] = 0;
      break;
    case KIND_CAUSES:
      // GPIE.OCD leaves causes other than those of queues to be written away.
      registers[word] = (registers[REG.GPIE >> 2] & GPIE_OCD) !== 0 ? value & ~EICR_RTXQ : 0;
      break;
    case KIND_SEMAPHORE:
      registers[word] = value | map.setByReading[row];
      break;
    case KIND_CLEAR_ELSEWHERE:
      return refuse(core, WRITE_ONLY_READS, 'a read', offset);
  }
  return value;
}

/** Writes the register at a byte offset. */
export function writeRegister(core: CardCore, offset: number, value: number): void {
  const { registers, map } = core;
  const { u32 } = core.memory;
  let word = offset >>> 2;
  const entry = (offset & 3) === 0 && offset < BAR0_BYTES ? map.rows[word] : 0;
  if (entry !== 0 && map.kinds[entry - 1] === KIND_TAIL) {
    registers[word] = value & 0xffff;
    return;
  }
  if ((u32[(core.state + MARKS) >> 2] & MARKS_IN_ORDER) !== 0) settle(core);
  if (entry === 0) {
    // Kept, so that a driver that uses a register which is not modelled reads back what it wrote.
    if (offset < BAR0_BYTES && (offset & 3) === 0) registers[word] = value;
    refuse(core, UNKNOWN_WRITES, 'a write', offset);
    return;
  }
  if (entry >= ROW_ALIAS) word = map.aliases.get(word) ?? word;
  const row = (entry & (ROW_ALIAS - 1)) - 1;
  const old = registers[word];
  const keep = map.keep[row];
  let next = (value & ~(keep | map.zero[row])) | (old & keep);
  switch (map.kinds[row]) {
    case KIND_STORE:
    case KIND_SEMAPHORE:
      break;
    case KIND_GATED:
      if ((registers[word + (map.gate[row] >> 2)] & map.gateMask[row]) !== 0) {
        refuse(core, READ_ONLY_WRITES, 'a write', offset);
        return;
      }
      break;
    case KIND_CLEAR_BITS:
    case KIND_CAUSES:
      next = old & ~value;
      break;
    case KIND_SET_BITS:
      word += map.target[row] >> 2;
      next = registers[word] | value;
      break;
    case KIND_CLEAR_ELSEWHERE:
      word += map.target[row] >> 2;
      next = registers[word] & ~value;
      break;
    case KIND_SECURITY_CONTROL:
      next = securityControl(core, offset, next);
      break;
    case KIND_SECURITY_INDEX:
      next = securityIndex(core, offset, old, next);
      if (offset === REG.IPSRXIDX && (next & ~old & IPSRXIDX_IPS_RX_EN) !== 0) endCoalescing(core);
      break;
    case KIND_RING:
      // Rings have whole groups of eight descriptors and begin at multiples of 128 bytes.
      if ((value & map.zero[row]) !== 0) count(core, RINGS_UNALIGNED);
      break;
    case KIND_RSC:
      if ((next & RSCCTL_RSCEN) !== 0 && (registers[REG.IPSRXIDX >> 2] & IPSRXIDX_IPS_RX_EN) !== 0) {
        refuse(core, RSC_REFUSED, 'a write', offset);
        next &= ~RSCCTL_RSCEN;
      }
      break;
    case KIND_READ_ONLY:
    case KIND_CLEAR_ON_READ:
      refuse(core, READ_ONLY_WRITES, 'a write', offset);
      return;
  }
  registers[word] = next;
  // Atomic, because a control thread may write while the owner settles.
  if (map.marks[row] !== 0) Atomics.or(core.memory.i32, (core.state + MARKS) >> 2, map.marks[row]);
}

/** A part without the block keeps it off; a block that is off has no IPsec enabled. */
function securityControl(core: CardCore, offset: number, value: number): number {
  const next = core.choices.fuse === 'fused' ? value | SECTXCTRL_SECTX_DIS : value;
  const transmit = offset === REG.SECTXCTRL;
  const old = core.registers[offset >> 2];
  const changed = next ^ old;
  if ((changed & SECTXCTRL_SECTX_DIS) !== 0 || (transmit && (changed & SECTXCTRL_STORE_FORWARD) !== 0)) {
    // What is inside meanwhile may be done half one way and half the other.
    const ready = core.registers[(transmit ? REG.SECTXSTAT : REG.SECRXSTAT) >> 2] & SECTXSTAT_SECTX_RDY;
    if ((old & SECTXCTRL_TX_DIS) === 0 || ready === 0) count(core, WITHOUT_DRAIN);
  }
  if ((next & SECTXCTRL_SECTX_DIS) !== 0) {
    core.registers[(transmit ? REG.IPSTXIDX : REG.IPSRXIDX) >> 2] &= ~1;
  }
  return next;
}

/** Packets that are to be deciphered cannot be put together: RSC of all queues goes off when IPsec goes on. */
function endCoalescing(core: CardCore): void {
  const { registers } = core;
  for (let q = 0; q < QUEUES; q++) {
    if ((registers[rscctl(q) >> 2] & RSCCTL_RSCEN) === 0) continue;
    registers[rscctl(q) >> 2] &= ~RSCCTL_RSCEN;
    count(core, RSC_REFUSED);
  }
}

function securityIndex(core: CardCore, offset: number, old: number, value: number): number {
  const transmit = offset === REG.IPSTXIDX;
  const control = core.registers[(transmit ? REG.SECTXCTRL : REG.SECRXCTRL) >> 2];
  let next = (control & SECTXCTRL_SECTX_DIS) !== 0 ? value & ~1 : value;
  const commands = IPSRXIDX_READ | IPSRXIDX_WRITE;
  if ((next & commands) === 0) return next;
  if (((next ^ old) & 1) !== 0) {
    // The datasheet forbids it, and DPDK's first SA does it.
    count(core, ENABLES_WITH_COMMAND);
    if (core.choices.enableWithCommand === 'ignore') next ^= 1;
  }
  const { f64, u32 } = core.memory;
  if (core.choices.tableAccessDelay !== 0 && core.environment.now() < f64[(core.state + TABLES_READY) >> 3]) {
    count(core, COMMANDS_TOO_EARLY);
    return next & ~commands;
  }
  const delay = core.choices.commandDelay;
  if (delay === 0) return next;
  const mark = transmit ? MARK_TX_TABLE : MARK_RX_TABLE;
  if ((old & commands) !== 0 && (u32[(core.state + MARKS) >> 2] & mark) !== 0) {
    // Software did not wait for the command before; this one does not happen.
    count(core, COMMANDS_LOST);
    return old;
  }
  f64[(core.state + COMMAND_DUE) >> 3] = core.environment.now() + delay;
  return next;
}

function refuse(core: CardCore, slot: number, what: string, offset: number): number {
  count(core, slot);
  if (core.choices.strict) throw accessError(what, offset);
  return 0;
}
