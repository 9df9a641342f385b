import type { Memory } from '@inline-ipsec/eal/memory';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_MAX, type PacketBurst, PORT_BY_ROUTE } from '@inline-ipsec/ipsec/packet-burst';
import type { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import type { Lpm6 } from '@inline-ipsec/lpm/lpm6';

/** What the look-ups answer where no route leads. */
const NO_ROUTE = -1;

/** Finds the port of every packet by its destination; an inline SA's packet has its port already. */
export class RouteStage {
  readonly #memory: Memory;
  readonly #routes4: Lpm4 | undefined;
  readonly #routes6: Lpm6 | undefined;
  readonly #drops: Drops;
  readonly #headers = new Uint32Array(BURST_MAX);
  readonly #rows = new Uint32Array(BURST_MAX);
  readonly #hops = new Int32Array(BURST_MAX);

  constructor(memory: Memory, routes4: Lpm4 | undefined, routes6: Lpm6 | undefined, drops: Drops) {
    this.#memory = memory;
    this.#routes4 = routes4;
    this.#routes6 = routes6;
    this.#drops = drops;
  }

  /** Sets `port` in every row, or drops. */
  assign(burst: PacketBurst): void {
    this.#family(burst, this.#routes4, 4);
    this.#family(burst, this.#routes6, 6);
    let kept = 0;
    for (let row = 0; row < burst.count; row++) {
      if (burst.port[row] === PORT_BY_ROUTE) {
        this.#drops.drop(burst.mbuf[row], DROP.no_route, burst.sa[row]);
        continue;
      }
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    burst.count = kept;
  }

  #family(burst: PacketBurst, routes: Lpm4 | Lpm6 | undefined, version: number): void {
    const { u8 } = this.#memory;
    const headers = this.#headers;
    const rows = this.#rows;
    const hops = this.#hops;
    let count = 0;
    for (let row = 0; row < burst.count; row++) {
      const header = burst.header[row];
      if (u8[header] >>> 4 !== version || burst.port[row] !== PORT_BY_ROUTE) continue;
      headers[count] = header;
      rows[count++] = row;
    }
    if (count === 0 || routes === undefined) return;
    routes.lookupBurst(headers, count, hops);
    for (let i = 0; i < count; i++) if (hops[i] !== NO_ROUTE) burst.port[rows[i]] = hops[i];
  }
}
