import { STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BUF_ADDR, MBUF_BUF_LEN } from '@inline-ipsec/mbuf/layout';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES } from '@inline-ipsec/net/esp';
import { ETHERNET_HEADER_BYTES } from '@inline-ipsec/net/ethernet';
import { decrementTtlAligned, ipv4IsFragment } from '@inline-ipsec/net/ipv4';
import { decrementHopLimit } from '@inline-ipsec/net/ipv6';
import { swap32 } from './byte-order.ts';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { EspJobs } from './esp-jobs.ts';
import type { InlineEgress } from './inline-egress.ts';
import {
  moveHeaderForward,
  tunnelNextHeader,
  writeOuterIpv4,
  writeOuterIpv6,
  writePacketLength,
} from './outer-header.ts';
import type { PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';
import { claimedNumbers, claimSequence } from './sequence.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/**
 * Puts ESP on packets (RFC 4303 section 3.3), a burst at a time, in the manner of DPDK's gateway without `-l`. For each
 * run of packets of one SA:
 *
 * 1. admit: room in the buffer; in a tunnel the inner TTL goes down;
 * 2. claim: sequence numbers, for the whole run at once;
 * 3. build: padding and trailer, ESP header and IV, the IP header in front;
 * 4. hand on: a crypto job each, or the request to the port.
 *
 * {@link EspOutbound.encapsulate} makes the jobs, the caller has an engine work through them, and
 * {@link EspOutbound.finish} takes out what failed. What this does not do: ESN, UDP encapsulation, TCP segmentation.
 */
export class EspOutbound {
  readonly #memory: Memory;
  readonly #jobs: EspJobs;
  readonly #drops: Drops;
  readonly #egress: InlineEgress;

  constructor(memory: Memory, jobs: EspJobs, drops: Drops, egress: InlineEgress) {
    this.#memory = memory;
    this.#jobs = jobs;
    this.#drops = drops;
    this.#egress = egress;
  }

  /**
   * Encapsulates all packets of the burst, each under its `sa`. Survivors have their new header, length and l3 in the
   * burst; those of an inline SA also their port. The others have a crypto job each.
   */
  encapsulate(burst: PacketBurst): void {
    const { sa } = burst;
    const count = burst.count;
    let kept = 0;
    this.#jobs.clear();
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (end < count && sa[end] === sa[first]) end++;
      kept = this.#run(burst, first, end, kept);
      first = end;
    }
    burst.count = kept;
  }

  /** Takes the packets of failed jobs out of the burst, `succeeded` being what the engine returned for all jobs. */
  finish(burst: PacketBurst, succeeded: number): void {
    const jobs = this.#jobs;
    if (succeeded === jobs.count) return;
    let job = 0;
    let kept = 0;
    for (let row = 0; row < burst.count; row++) {
      if (job < jobs.count && jobs.row(job) === row && jobs.status(job++) !== STATUS_SUCCESS) {
        this.#drops.drop(burst.mbuf[row], DROP.crypto_error, burst.sa[row]);
        continue;
      }
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    burst.count = kept;
  }

  /** One run of packets of one SA: rows `first` to `end` - 1. Survivors go to row `kept` on; returns the row behind them. */
  #run(burst: PacketBurst, first: number, end: number, kept: number): number {
    const memory = this.#memory;
    const sa = burst.sa[first];
    const flags = memory.u32[(sa + layout.SA_FLAGS) >> 2];
    const admitted = this.#admit(burst, first, end, kept, sa, flags);
    const wanted = admitted - kept;
    if (wanted === 0) return kept;
    const last = claimSequence(memory, sa, wanted);
    const granted = kept + claimedNumbers(last, wanted);
    for (let row = granted; row < admitted; row++) this.#drops.drop(burst.mbuf[row], DROP.sequence_exhausted, sa);
    this.#build(burst, kept, granted, sa, flags, last);
    if ((flags & layout.SA_FLAG_INLINE) === 0) this.#jobs.append(burst, kept, granted, sa);
    else for (let row = kept; row < granted; row++) this.#egress.request(burst, row, sa);
    return granted;
  }

  #admit(burst: PacketBurst, first: number, end: number, kept: number, sa: number, flags: number): number {
    const { u8, u16, u32, i32 } = this.#memory;
    const { mbuf, header, length } = burst;
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const stale = (flags & layout.SA_FLAG_2018_CHECKSUM) !== 0;
    const align = u32[(sa + layout.SA_ALIGN) >> 2];
    const before =
      ETHERNET_HEADER_BYTES +
      u32[(sa + layout.SA_OUTER_BYTES) >> 2] +
      ESP_HEADER_BYTES +
      u32[(sa + layout.SA_IV_BYTES) >> 2];
    const behind = align + ESP_TRAILER_BYTES + u32[(sa + layout.SA_ICV_BYTES) >> 2];
    for (let row = first; row < end; row++) {
      const m = mbuf[row];
      const at = header[row];
      const buffer = u32[(m + MBUF_BUF_ADDR) >> 2];
      const ipv4 = u8[at] >>> 4 === 4;
      let reason = -1;
      if ((flags & layout.SA_FLAG_UNSERVED) !== 0) reason = DROP.sa_unserved;
      else if (at - before < buffer || at + length[row] + behind > buffer + u16[(m + MBUF_BUF_LEN) >> 1]) {
        reason = DROP.headroom;
      } else if (tunnel) {
        if (!(ipv4 ? decrementTtlAligned(i32, at) : decrementHopLimit(u8, at))) reason = DROP.ttl;
        else if (stale && ipv4) restoreTtlChecksum(u8, at);
      } else if (ipv4 && ipv4IsFragment(u8, at)) {
        // RFC 4303 section 3.3.4: transport mode wants whole packets.
        reason = DROP.fragment;
      }
      if (reason >= 0) {
        this.#drops.drop(m, reason, sa);
        continue;
      }
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    return kept;
  }

  /** Padding, trailer, ESP header and IV of each packet; the IP header in front; the SA's counters. */
  #build(burst: PacketBurst, first: number, end: number, sa: number, flags: number, lastSequence: number): void {
    const memory = this.#memory;
    const { u8, u32, i32, f64 } = memory;
    const { header, length, l3 } = burst;
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const zeroPadding = (flags & layout.SA_FLAG_2018_PADDING) !== 0;
    const ivWords = u32[(sa + layout.SA_IV_BYTES) >> 2] >> 2;
    const icvBytes = u32[(sa + layout.SA_ICV_BYTES) >> 2];
    const align = u32[(sa + layout.SA_ALIGN) >> 2];
    const outerBytes = u32[(sa + layout.SA_OUTER_BYTES) >> 2];
    const espBytes = ESP_HEADER_BYTES + 4 * ivWords;
    // Signed, as all words of the wire here: none of them is ever an object on the heap.
    const spi = i32[(sa + layout.SA_SPI) >> 2];
    let octets = 0;
    for (let row = first; row < end; row++) {
      const at = header[row];
      const bytes = length[row];
      // Behind the header that stays in front: in a tunnel all of the packet, else what its own header carries.
      const carried = tunnel ? bytes : bytes - l3[row];
      const esp = at + bytes - carried - espBytes;
      const top = at - espBytes - outerBytes;
      octets += bytes;
      const nextHeader = tunnel ? tunnelNextHeader(u8, at) : moveHeaderForward(u8, top, at, l3[row]);

      const pad = -(carried + ESP_TRAILER_BYTES) & (align - 1);
      let trailer = at + bytes;
      for (let i = 1; i <= pad; i++) u8[trailer++] = zeroPadding ? 0 : i;
      u8[trailer] = pad;
      u8[trailer + 1] = nextHeader;

      const sequence = swap32(lastSequence + 1 + row - first);
      const word = esp >> 2;
      i32[word] = spi;
      i32[word + 1] = sequence;
      if (ivWords === 2) {
        // The IV is the sequence number as 64 bits.
        i32[word + 2] = 0;
        i32[word + 3] = sequence;
      } else for (let i = 2; i < 2 + ivWords; i++) i32[word + i] = 0;
      header[row] = top;
      length[row] = trailer + ESP_TRAILER_BYTES + icvBytes - top;
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
    if (!tunnel) for (let row = first; row < end; row++) writePacketLength(u8, header[row], length[row]);
    else if ((flags & layout.SA_FLAG_OUTER_IPV6) !== 0) writeOuterIpv6(memory, sa, burst, first, end, espBytes);
    else writeOuterIpv4(memory, sa, burst, first, end, espBytes);
  }
}
