import { MAX_LCORE } from '@inline-ipsec/eal/lcore';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_PORT } from '@inline-ipsec/mbuf/layout';
import { pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { DROP_REASON_COUNT, DROP_REASONS, type DropReasonName } from './drop-reason.ts';
import { GOES_ON, type PacketBurst } from './packet-burst.ts';
import { SA_DROPS } from './sa-layout.ts';

/** Ports that are counted apart (DPDK: `RTE_MAX_ETHPORTS`); one more row is for packets of no port. */
const PORTS = 32;
const PORT_NONE = PORTS;
const ROW_SLOTS = 32;
const WAITING = 512;

/** Drops by reason. */
export type DropCounts = Partial<Record<DropReasonName, number>>;

/**
 * The drop counter of one lcore. A stage marks its losers and hands them over by {@link Drops.sweep}; the mbufs are freed
 * together at the end of the burst by {@link Drops.flush}. The counts lie in the memory and have one writer.
 */
export class Drops {
  readonly #memory: Memory;
  readonly #base: number;
  readonly #waiting = new Uint32Array(WAITING);
  #count = 0;

  /** The counters of `lcore` in the memory, made if they are not there yet. */
  constructor(memory: Memory, lcore: number) {
    const name = `DROPS_${lcore}`;
    const zone = memory.lookup(name) ?? memory.reserve(name, (PORTS + 1) * ROW_SLOTS * 8);
    this.#memory = memory;
    this.#base = zone.position >> 3;
  }

  /** Takes a packet out of the data path, under one reason of `DROP` and, where `sa` is not 0, for that SA too. */
  drop(mbuf: number, reason: number, sa: number): void {
    const { f64, u16 } = this.#memory;
    const port = u16[(mbuf + MBUF_PORT) >> 1];
    f64[this.#base + (port < PORTS ? port : PORT_NONE) * ROW_SLOTS + reason] += 1;
    if (sa !== 0) f64[((sa + SA_DROPS) >> 3) + reason] += 1;
    if (this.#count === WAITING) this.flush();
    this.#waiting[this.#count++] = mbuf;
  }

  /** Drops every packet of the burst that has a reason in `fate`, for its `sa`; the others move up, in order. */
  sweep(burst: PacketBurst): void {
    const { fate, mbuf, sa } = burst;
    let kept = 0;
    for (let row = 0; row < burst.count; row++) {
      const reason = fate[row];
      if (reason !== GOES_ON) {
        fate[row] = GOES_ON;
        this.drop(mbuf[row], reason, sa[row]);
        continue;
      }
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    burst.count = kept;
  }

  /** Frees the mbufs of all drops since the last call. */
  flush(): void {
    if (this.#count === 0) return;
    pktmbufFreeBulk(this.#memory, this.#waiting, 0, this.#count);
    this.#count = 0;
  }

  /** The counts of one lcore's port that are not 0. Leave `port` out for the sum over all ports. */
  counts(port?: number): DropCounts {
    const first = port ?? 0;
    const last = port ?? PORT_NONE;
    const counts: DropCounts = {};
    for (let reason = 0; reason < DROP_REASON_COUNT; reason++) {
      let sum = 0;
      for (let row = first; row <= last; row++) sum += this.#memory.f64[this.#base + row * ROW_SLOTS + reason];
      if (sum > 0) counts[DROP_REASONS[reason].name] = sum;
    }
    return counts;
  }
}

/** All drops of all lcores, or of one port on all lcores. */
export function allDrops(memory: Memory, port?: number): DropCounts {
  const sums: DropCounts = {};
  for (let lcore = 0; lcore < MAX_LCORE; lcore++) {
    if (memory.lookup(`DROPS_${lcore}`) === undefined) continue;
    const counts = new Drops(memory, lcore).counts(port);
    for (const [name, count] of Object.entries(counts) as [DropReasonName, number][]) {
      sums[name] = (sums[name] ?? 0) + count;
    }
  }
  return sums;
}
