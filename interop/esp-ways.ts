import type { EspAlgorithm, EspAssociation, EspMode } from './esp-association.ts';

/** Two associations of one kind, one each way, and where the packets go that they protect. */
export interface EspWays {
  readonly name: string;
  readonly mode: EspMode;
  /** Where their packets go, on the way out and on the way in. */
  readonly out: string;
  readonly in: string;
  readonly outbound: EspAssociation;
  readonly inbound: EspAssociation;
}

/** The pair number `n`: no two numbers have a SPI in common. */
export function espWays(
  algorithm: EspAlgorithm,
  n: number,
  name: string,
  mode: EspMode,
  out: string,
  inward: string,
): EspWays {
  const association = (spi: number): EspAssociation => ({ spi, algorithm, mode });
  return { name, mode, out, in: inward, outbound: association(0x3000 + n), inbound: association(0x4000 + n) };
}

/** How many hops the packet inside has behind it after one gateway: a tunnel is one. */
export function hops(mode: EspMode): number {
  return mode === 'transport' ? 0 : 1;
}
