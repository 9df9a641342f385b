import type { GatewayConfiguration } from '../configuration/rules.ts';

/** Where frames go on the first ports when no `neigh` line says otherwise (DPDK's gateway: `ethaddr_tbl`). */
const DEFAULT_NEIGHBOURS: readonly (readonly number[])[] = [
  [0x00, 0x16, 0x3e, 0x7e, 0x94, 0x9a],
  [0x00, 0x16, 0x3e, 0x22, 0xa1, 0xd9],
  [0x00, 0x16, 0x3e, 0x08, 0x69, 0x26],
  [0x00, 0x16, 0x3e, 0x49, 0x9e, 0xdd],
];

/** The MAC address of the neighbour on a port, 6 bytes: zeros where none is known. */
export function neighbourOf(port: number, configuration: GatewayConfiguration): Uint8Array {
  const rule = configuration.neighbours.findLast((neighbour) => neighbour.port === port);
  if (rule !== undefined) return rule.mac.slice();
  return Uint8Array.from(DEFAULT_NEIGHBOURS[port] ?? [0, 0, 0, 0, 0, 0]);
}
