import type { Memory } from '@inline-ipsec/eal/memory';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_MAX, type PacketBurst, PORT_BY_ROUTE } from '@inline-ipsec/ipsec/packet-burst';
import type { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import type { Lpm6 } from '@inline-ipsec/lpm/lpm6';

/** The packets of one family that wait for their route. */
class Lookup {
  readonly headers = new Uint32Array(BURST_MAX);
  readonly rows = new Uint32Array(BURST_MAX);
  readonly hops = new Int32Array(BURST_MAX);
  count = 0;
}

/** Finds the port of every packet by its destination; an inline SA's packet has its port already. */
export class RouteStage {
  readonly #memory: Memory;
  readonly #routes4: Lpm4 | undefined;
  readonly #routes6: Lpm6 | undefined;
  readonly #drops: Drops;
  readonly #ipv4 = new Lookup();
  readonly #ipv6 = new Lookup();

  constructor(memory: Memory, routes4: Lpm4 | undefined, routes6: Lpm6 | undefined, drops: Drops) {
    this.#memory = memory;
    this.#routes4 = routes4;
    this.#routes6 = routes6;
    this.#drops = drops;
  }

  /** Sets `port` in every row, or drops. */
  assign(burst: PacketBurst): void {
    const { header, port, count, family } = burst;
    const routes = family === 4 ? this.#routes4 : undefined;
    const all = !burst.ported && routes !== undefined && routes.lookupBurst(header, count, port) === count;
    if (!all) this.#assignMixed(burst);
    burst.ported = true;
  }

  #assignMixed(burst: PacketBurst): void {
    const { u8 } = this.#memory;
    const { header, port } = burst;
    if (!burst.ported) port.fill(PORT_BY_ROUTE);
    const ipv4 = this.#ipv4;
    const ipv6 = this.#ipv6;
    ipv4.count = 0;
    ipv6.count = 0;
    for (let row = 0; row < burst.count; row++) {
      if (port[row] !== PORT_BY_ROUTE) continue;
      const lookup = u8[header[row]] >>> 4 === 4 ? ipv4 : ipv6;
      lookup.headers[lookup.count] = header[row];
      lookup.rows[lookup.count++] = row;
    }
    let missed = 0;
    if (ipv4.count > 0) missed += findHops(this.#routes4, ipv4, port);
    if (ipv6.count > 0) missed += findHops(this.#routes6, ipv6, port);
    if (missed > 0) this.#dropUnrouted(burst);
  }

  #dropUnrouted(burst: PacketBurst): void {
    const { port, fate } = burst;
    for (let row = 0; row < burst.count; row++) if (port[row] === PORT_BY_ROUTE) fate[row] = DROP.no_route;
    this.#drops.sweep(burst);
  }
}

/** Looks up one family and writes the ports of those that have a route; returns how many have none. */
function findHops(routes: Lpm4 | Lpm6 | undefined, lookup: Lookup, port: Int32Array): number {
  const { headers, rows, hops, count } = lookup;
  if (routes === undefined) return count;
  const found = routes.lookupBurst(headers, count, hops);
  for (let i = 0; i < count; i++) port[rows[i]] = hops[i];
  return count - found;
}
