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
  const transmit = wire.transmit.bind(wire);
  wire.receive = (at, room, lengths, n) => {
    const frames = receive(at, room, lengths, n);
    counts.receivedFrames += frames;
    for (let i = 0; i < frames; i++) counts.receivedBytes += lengths[i];
    return frames;
  };
  wire.transmit = (at, lengths, n) => {
    const frames = transmit(at, lengths, n);
    counts.sentFrames += frames;
    for (let i = 0; i < frames; i++) counts.sentBytes += lengths[i];
    return frames;
  };
  return counts;
}
