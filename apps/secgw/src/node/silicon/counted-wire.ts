import type { Wire } from '@inline-ipsec/wire/wire';

/** What passed over a wire, each way. */
export interface WireCounts {
  receivedFrames: number;
  receivedBytes: number;
  sentFrames: number;
  sentBytes: number;
}

/**
 * Counts what comes off a wire and goes onto it from now on, whatever a driver does with the card's own statistics. Whoever
 * holds the wire goes on holding it.
 */
export function countWire(wire: Wire): WireCounts {
  const counts: WireCounts = { receivedFrames: 0, receivedBytes: 0, sentFrames: 0, sentBytes: 0 };
  const receive = wire.receive.bind(wire);
  const lend = wire.lend?.bind(wire);
  const transmit = wire.transmit.bind(wire);
  const received = (lengths: Uint32Array, frames: number) => {
    for (let i = 0; i < frames; i++) counts.receivedBytes += lengths[i];
    counts.receivedFrames += Math.max(0, frames);
    return frames;
  };
  wire.receive = (at, room, lengths, n) => received(lengths, receive(at, room, lengths, n));
  if (lend !== undefined) wire.lend = (at, lengths, n) => received(lengths, lend(at, lengths, n));
  wire.transmit = (at, lengths, n) => {
    const frames = transmit(at, lengths, n);
    counts.sentFrames += frames;
    for (let i = 0; i < frames; i++) counts.sentBytes += lengths[i];
    return frames;
  };
  return counts;
}
