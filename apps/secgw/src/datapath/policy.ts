import type { AclTable } from '@inline-ipsec/acl/acl-table';
import type { Memory } from '@inline-ipsec/eal/memory';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_FATE, BURST_SA, BURST_SCRATCH, type PacketBurst } from '@inline-ipsec/ipsec/packet-burst';

/**
 * What a policy's look-up answers (RFC 4301 section 4.4.1): one of these, or else the position of the SA that protects.
 * No SA has so small a position.
 */
export const POLICY_NONE = 0;
export const POLICY_DISCARD = 1;
export const POLICY_BYPASS = 2;

const PROTECTED = 0;
const BYPASSED = 1;
const DISCARDED = 2;

/** The policies of one direction and family, in front of the packets of one lcore. */
export class PolicyStage {
  readonly #memory: Memory;
  readonly #table: AclTable | undefined;
  readonly #counters: number;
  readonly #drops: Drops;
  readonly #singleSa: number;

  /**
   * @param table no table lets everything pass, as in DPDK's gateway when no `sp` line names the family and direction
   * @param counters index in `memory.f64` of three counters: protect, bypass, discard
   * @param singleSa without a table, the SA that protects everything outbound (`--single-sa`); 0 for none
   */
  constructor(memory: Memory, table: AclTable | undefined, counters: number, drops: Drops, singleSa = 0) {
    this.#memory = memory;
    this.#table = table;
    this.#counters = counters;
    this.#drops = drops;
    this.#singleSa = singleSa;
  }

  /**
   * Outbound: leaves in the burst what an SA protects, with its `sa` set, and appends to `clear` what goes on in clear.
   */
  protect(burst: PacketBurst, clear: PacketBurst): void {
    const count = burst.count;
    if (count === 0) return;
    const { sa } = burst;
    if (this.#table !== undefined) this.#table.classify(burst.header, count, sa);
    else if (this.#singleSa !== 0) sa.fill(this.#singleSa, 0, count);
    else {
      clear.append(burst);
      burst.count = 0;
      return;
    }
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    let protect = 0;
    for (let at = base, stop = base + (count << 2); at < stop; at = (at + 4) | 0) {
      if (i32[(at >> 2) + BURST_SA] > POLICY_BYPASS) protect++;
    }
    this.#count(protect, protect === count ? 0 : this.#separate(burst, clear), count);
  }

  /** Takes out of the burst what no SA protects: to `clear`, or as lost. Returns how many go on in clear. */
  #separate(burst: PacketBurst, clear: PacketBurst): number {
    const { sa } = burst;
    let kept = 0;
    let bypassed = 0;
    for (let row = 0; row < burst.count; row++) {
      const verdict = sa[row];
      if (verdict > POLICY_BYPASS) {
        if (row !== kept) burst.move(row, kept);
        kept++;
        continue;
      }
      sa[row] = 0;
      if (verdict === POLICY_BYPASS) {
        bypassed++;
        clear.take(burst, row);
      } else this.#drops.drop(burst.mbuf[row], verdict === POLICY_DISCARD ? DROP.policy_discard : DROP.policy_none, 0);
    }
    burst.count = kept;
    return bypassed;
  }

  /**
   * Inbound: leaves in the burst what the policies let in. A packet that came out of an SA (`sa`) must be wanted from just
   * that one, and a packet in clear must be wanted in clear.
   */
  check(burst: PacketBurst): void {
    const count = burst.count;
    if (count === 0 || this.#table === undefined) return;
    this.#table.classify(burst.header, count, burst.scratch);
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    let bypassed = 0;
    let lost = 0;
    for (let at = base, stop = base + (count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const verdict = i32[r + BURST_SCRATCH];
      const sa = i32[r + BURST_SA];
      if (verdict === POLICY_BYPASS) bypassed++;
      else if (verdict <= POLICY_BYPASS || verdict !== sa) {
        i32[r + BURST_FATE] = inboundReason(verdict, sa);
        lost++;
      }
    }
    if (lost !== 0) this.#drops.sweep(burst);
    this.#count(count - lost - bypassed, bypassed, count);
  }

  #count(protect: number, bypassed: number, all: number): void {
    const { f64 } = this.#memory;
    f64[this.#counters + PROTECTED] += protect;
    f64[this.#counters + BYPASSED] += bypassed;
    f64[this.#counters + DISCARDED] += all - protect - bypassed;
  }
}

function inboundReason(verdict: number, sa: number): number {
  if (verdict === POLICY_NONE) return DROP.policy_none;
  if (verdict === POLICY_DISCARD) return DROP.policy_discard;
  return sa === 0 ? DROP.policy_unprotected : DROP.policy_wrong_sa;
}
