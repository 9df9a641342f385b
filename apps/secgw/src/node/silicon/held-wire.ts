import type { Wire } from '@inline-ipsec/wire/wire';

/** Frames that are to come wait until they are let go. Whoever holds the wire goes on holding it. */
export function holdWire(wire: Wire): { release(): void } {
  const { receive, lend } = wire;
  wire.receive = () => 0;
  wire.lend = undefined;
  return {
    release: () => {
      wire.receive = receive;
      wire.lend = lend;
    },
  };
}
