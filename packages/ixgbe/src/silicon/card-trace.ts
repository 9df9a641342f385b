import { accessData, formatAccess, type RegisterAccessRecord } from '../register-trace.ts';
import type { CardCore } from './_core.ts';
import { counterSlot } from './counters.ts';
import { readRegister, writeRegister } from './register-access.ts';
import { formatSecurityDecision, type SecurityDecision } from './security-trace.ts';

/**
 * What a card tells while it is traced: each access of software to a register, and each decision of the security block
 * about a packet, in the order in which they happen; and both as text and as JSON. Keys are never told.
 */

/** An access of software to a register. */
export interface AccessEvent extends RegisterAccessRecord {
  /** The environment's nanoseconds. */
  readonly time: number;
}

/** One thing that a traced card tells. */
export type CardEvent = AccessEvent | SecurityDecision;

/** Who is told. It must not touch the card. */
export type CardTraceListener = (event: CardEvent) => void;

/** Counters of accesses that the register table does not allow. */
const REFUSALS = (['unknownReads', 'unknownWrites', 'readOnlyWrites', 'writeOnlyReads'] as const).map(counterSlot);

function refusals({ memory, counters }: CardCore): number {
  let sum = 0;
  for (const slot of REFUSALS) sum += memory.f64[counters + slot];
  return sum;
}

/** {@link readRegister}, told. */
export function tracedRead(core: CardCore, trace: CardTraceListener, offset: number): number {
  const before = refusals(core);
  const value = readRegister(core, offset);
  trace(event(core, 'read', offset, value, before));
  return value;
}

/** {@link writeRegister}, told. */
export function tracedWrite(core: CardCore, trace: CardTraceListener, offset: number, value: number): void {
  const before = refusals(core);
  writeRegister(core, offset, value);
  trace(event(core, 'write', offset, value >>> 0, before));
}

function event(core: CardCore, kind: 'read' | 'write', offset: number, value: number, before: number): AccessEvent {
  const access = { kind, time: core.environment.now(), offset, value };
  return refusals(core) === before ? access : { ...access, refused: true };
}

/** An event as a line of text: `write IPSTXIDX[08900]:80000001 {…}`, `rx ESP SPI 5 → IP index 0 → SA 0 → ICV good`. */
export function formatCardEvent(event: CardEvent): string {
  return 'outcome' in event ? formatSecurityDecision(event) : formatAccess(event);
}

/** An event as plain data for JSON. */
export function cardEventData(event: CardEvent): Record<string, unknown> {
  return 'outcome' in event ? { ...event } : { time: event.time, ...accessData(event) };
}
