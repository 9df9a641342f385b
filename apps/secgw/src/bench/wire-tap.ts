import type { Wire } from '@inline-ipsec/wire/wire';

/** Taps on wires that are in use: whoever holds the wire goes on holding it, and what passes is seen, or held back. */

/** No more than `most` frames come off the wires at once. */
export function limitBursts(wires: readonly Wire[], most: number): void {
  for (const wire of wires) {
    const receive = wire.receive.bind(wire);
    wire.receive = (at, room, lengths, n) => receive(at, room, lengths, Math.min(n, most));
    const lend = wire.lend?.bind(wire);
    if (lend !== undefined) wire.lend = (at, lengths, n) => lend(at, lengths, Math.min(n, most));
  }
}

/** What {@link tapWires} tells. */
export interface WireTap {
  /** Frames that came; `missed` of them were lost on the wire before these. */
  readonly received: (count: number, missed: number) => void;
  /** Frames that are sent. */
  readonly sent: (count: number) => void;
}

/** Sees what comes off one wire and goes onto another. */
export function tapWires(from: Wire, to: Wire, tap: WireTap): void {
  const receive = from.receive.bind(from);
  const transmit = to.transmit.bind(to);
  from.receive = (at, room, lengths, n) => {
    const missed = from.missed ?? 0;
    const count = receive(at, room, lengths, n);
    tap.received(count, (from.missed ?? 0) - missed);
    return count;
  };
  const lend = from.lend?.bind(from);
  if (lend !== undefined) {
    from.lend = (at, lengths, n) => {
      const missed = from.missed ?? 0;
      const count = lend(at, lengths, n);
      // One that cannot lend now is asked to give.
      if (count >= 0) tap.received(count, (from.missed ?? 0) - missed);
      return count;
    };
  }
  to.transmit = (at, lengths, n) => {
    const count = transmit(at, lengths, n);
    tap.sent(count);
    return count;
  };
}
