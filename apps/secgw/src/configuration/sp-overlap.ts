import type { PortRange, Prefix, SpRule } from './rules.ts';

/** Whether two policies can both decide about one packet. */

/** What a policy does with a packet, for comparing. */
export function outcome({ action, spi }: SpRule): string {
  return action === 'protect' ? `protect ${spi}` : action;
}

/** Whether there is a packet that both match, in one table and with one priority. */
export function policiesOverlap(a: SpRule, b: SpRule): boolean {
  return (
    a.family === b.family &&
    a.direction === b.direction &&
    a.priority === b.priority &&
    ((a.protocol.value ^ b.protocol.value) & a.protocol.mask & b.protocol.mask) === 0 &&
    prefixesOverlap(a.source, b.source) &&
    prefixesOverlap(a.destination, b.destination) &&
    rangesOverlap(a.sourcePorts, b.sourcePorts) &&
    rangesOverlap(a.destinationPorts, b.destinationPorts)
  );
}

function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  let bits = Math.min(a.length, b.length);
  for (let i = 0; bits > 0; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : 0xff << (8 - bits);
    if (((a.address[i] ^ b.address[i]) & mask & 0xff) !== 0) return false;
  }
  return true;
}

function rangesOverlap(a: PortRange, b: PortRange): boolean {
  return Math.max(a.low, b.low) <= Math.min(a.high, b.high);
}
