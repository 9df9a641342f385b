import { EICR_RX_MISS } from '../register-fields.ts';
import { mpc, qbrcH, qbrcL, qbtcH, qbtcL, qprc, qprdc, qptc, REG } from '../registers.ts';

/**
 * The card's statistics registers. Counts of frames are 32 bits wide and go round; counts of bytes are 36 bits wide, the
 * upper 4 in a register of their own. GORC and QBRC leave out the FCS when it is stripped; TOR and GOTC always have it.
 */

const FCS = 4;
/** Word of the first of the six registers that count received frames by their size. */
export const PRC64: number = REG.PRC64 >> 2;
/** Word of the first of those that count sent ones. */
export const PTC64: number = REG.PTC64 >> 2;

/** Kind of a destination address: one station. */
export const ADDRESS_UNICAST = 0;
/** Kind of a destination address: a group. */
export const ADDRESS_MULTICAST = 1;
/** Kind of a destination address: everybody. */
export const ADDRESS_BROADCAST = 2;

/** The kind of the destination address of the frame at a position that is 2 modulo 4. */
export function addressKind(u16: Uint16Array, u32: Uint32Array, frame: number): number {
  const first = u16[frame >> 1];
  if ((first & 1) === 0) return ADDRESS_UNICAST;
  return first === 0xffff && u32[(frame + 2) >> 2] === 0xffff_ffff ? ADDRESS_BROADCAST : ADDRESS_MULTICAST;
}

/**
 * Adds to a 36-bit count whose halves lie at two words, with 32 bits throughout and a carry that is added always: so a count
 * that grows beyond 31 bits, or goes round, is nothing new for the compiler, which would throw the code of its caller away.
 */
function add36(registers: Uint32Array, low: number, high: number, bytes: number): void {
  const before = registers[low] | 0;
  const after = (before + bytes) | 0;
  const carry = after >>> 0 < before >>> 0 ? 1 : 0;
  registers[low] = after;
  registers[high] = (registers[high] + carry) & 0xf;
}

/** Which of the six size counters a frame of this length, without FCS, belongs to: 64, 127, 255, 511, 1023, larger. */
export function sizeClass(length: number): number {
  const whole = length + FCS;
  if (whole <= 64) return 0;
  return whole >= 1024 ? 5 : 26 - Math.clz32(whole);
}

/** Frames came in whole, for this card or not; `bytes` is without their FCS. */
export function countReceived(registers: Uint32Array, frames: number, bytes: number): void {
  registers[REG.TPR >> 2] += frames;
  add36(registers, REG.TORL >> 2, REG.TORH >> 2, bytes + frames * FCS);
}

/** Frames passed the filters; `bytes` is without their FCS. */
export function countGoodReceived(registers: Uint32Array, frames: number, bytes: number): void {
  registers[REG.GPRC >> 2] += frames;
  add36(registers, REG.GORCL >> 2, REG.GORCH >> 2, bytes);
}

/** What is counted of each frame that passed the filters: size, and kind of address (see {@link ADDRESS_UNICAST}). */
export function countReceivedKind(registers: Uint32Array, length: number, kind: number): void {
  registers[PRC64 + sizeClass(length)]++;
  if (kind !== ADDRESS_UNICAST) registers[(kind === ADDRESS_BROADCAST ? REG.BPRC : REG.MPRC) >> 2]++;
}

/** A queue's set of statistics got `frames` frames with `bytes` bytes in all. */
export function countQueueReceived(registers: Uint32Array, set: number, frames: number, bytes: number): void {
  registers[qprc(set) >> 2] += frames;
  add36(registers, qbrcL(set) >> 2, qbrcH(set) >> 2, bytes);
}

/** Frames were lost because a queue had no descriptor and was told to drop. */
export function countQueueDropped(registers: Uint32Array, set: number, frames: number): void {
  registers[qprdc(set) >> 2] += frames;
}

/**
 * Frames were lost before they were looked at: no room in the packet buffer, or nobody took them off the wire in time. By an
 * erratum GPRC counts them as well.
 */
export function countMissedUnseen(registers: Uint32Array, frames: number): void {
  registers[REG.GPRC >> 2] += frames;
  countMissed(registers, frames);
}

/** Frames were lost because there was no descriptor for them, and no queue that counts that. */
export function countMissed(registers: Uint32Array, frames: number): void {
  registers[mpc(0) >> 2] += frames;
  registers[REG.EICR >> 2] |= EICR_RX_MISS;
}

/** Frames went into the transmit packet buffer, to be sent; `bytes` is without their FCS. */
export function countTransmitted(registers: Uint32Array, frames: number, bytes: number): void {
  registers[REG.TPT >> 2] += frames;
  registers[REG.GPTC >> 2] += frames;
  add36(registers, REG.GOTCL >> 2, REG.GOTCH >> 2, bytes + frames * FCS);
}

/** What is counted of each of them: size, and kind of address. */
export function countTransmittedKind(registers: Uint32Array, length: number, kind: number): void {
  registers[PTC64 + sizeClass(length)]++;
  if (kind !== ADDRESS_UNICAST) registers[(kind === ADDRESS_BROADCAST ? REG.BPTC : REG.MPTC) >> 2]++;
}

/** A queue's set of statistics sent `frames` frames with `bytes` bytes in all. */
export function countQueueTransmitted(registers: Uint32Array, set: number, frames: number, bytes: number): void {
  registers[qptc(set) >> 2] += frames;
  add36(registers, qbtcL(set) >> 2, qbtcH(set) >> 2, bytes);
}
