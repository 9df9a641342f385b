import { STATUS_AUTH_FAILED, STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD, RX_SEC_OFFLOAD_FAILED } from '@inline-ipsec/mbuf/offload-flags';
import { ECN_CE, ecnOf, ipv6TrafficClass, markIpv4Congestion, markIpv6Congestion } from '@inline-ipsec/net/dscp-ecn';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES, espPaddingOk } from '@inline-ipsec/net/esp';
import { IPPROTO_IPIP, IPPROTO_IPV6 } from '@inline-ipsec/net/ip-protocol';
import { decrementTtlAligned } from '@inline-ipsec/net/ipv4';
import { decrementHopLimit } from '@inline-ipsec/net/ipv6';
import { swap32 } from './byte-order.ts';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { EspJobs } from './esp-jobs.ts';
import { moveHeaderBack, writePacketLength } from './outer-header.ts';
import type { PacketBurst } from './packet-burst.ts';
import { replayCheck, replayTrack } from './replay-window.ts';
import * as layout from './sa-layout.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/** Not a reason: the packet goes on. */
const GOES_ON = -1;

/**
 * Takes ESP off packets (RFC 4303 section 3.4), a burst at a time, in the manner of DPDK's gateway without `-l`:
 *
 * 1. {@link EspInbound.prepare}: lengths, the replay *check*, and for lookaside SAs a crypto job;
 * 2. the caller has an engine work through the jobs;
 * 3. {@link EspInbound.decapsulate}: what crypto found, the replay *track*, trailer and headers.
 *
 * What this does not do: ESN, UDP decapsulation, more than one ESP header.
 */
export class EspInbound {
  readonly #memory: Memory;
  readonly #jobs: EspJobs;
  readonly #drops: Drops;

  constructor(memory: Memory, jobs: EspJobs, drops: Drops) {
    this.#memory = memory;
    this.#jobs = jobs;
    this.#drops = drops;
  }

  /**
   * Looks over all packets of the burst, whose `sa` and `l3` say where their ESP header is, drops what cannot be right, and
   * makes the crypto jobs of the others.
   */
  prepare(burst: PacketBurst): void {
    const { u32 } = this.#memory;
    const { sa } = burst;
    const count = burst.count;
    let kept = 0;
    this.#jobs.clear();
    for (let first = 0; first < count; ) {
      const owner = sa[first];
      const start = kept;
      let row = first;
      for (; row < count && sa[row] === owner; row++) {
        const reason = this.#admit(burst, row, owner);
        if (reason !== GOES_ON) {
          this.#drops.drop(burst.mbuf[row], reason, owner);
          continue;
        }
        if (row !== kept) burst.move(row, kept);
        kept++;
      }
      if ((u32[(owner + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_INLINE) === 0) {
        this.#jobs.append(burst, start, kept, owner);
      }
      first = row;
    }
    burst.count = kept;
  }

  /**
   * Strips ESP from all packets of the burst that crypto found good. Survivors have the header, length and l3 of the
   * packet inside; their `sa` is still the one that carried them.
   */
  decapsulate(burst: PacketBurst): void {
    const { u32 } = this.#memory;
    const { sa } = burst;
    const count = burst.count;
    let kept = 0;
    let job = 0;
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (end < count && sa[end] === sa[first]) end++;
      const inline = (u32[(sa[first] + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_INLINE) !== 0;
      kept = this.#decapsulateRun(burst, first, end, kept, inline ? -1 : job);
      if (!inline) job += end - first;
      first = end;
    }
    burst.count = kept;
  }

  /** One run of packets of one SA, whose jobs begin at number `job`, or which have none: −1. Returns the row behind the last survivor. */
  #decapsulateRun(burst: PacketBurst, first: number, end: number, kept: number, job: number): number {
    const { u32, f64 } = this.#memory;
    const sa = burst.sa[first];
    const flags = u32[(sa + layout.SA_FLAGS) >> 2];
    const espBytes = ESP_HEADER_BYTES + u32[(sa + layout.SA_IV_BYTES) >> 2];
    const behind = u32[(sa + layout.SA_ICV_BYTES) >> 2] + ESP_TRAILER_BYTES;
    const window = u32[(sa + layout.SA_WINDOW) >> 2];
    const start = kept;
    let octets = 0;
    for (let row = first; row < end; row++) {
      const status = job < 0 ? STATUS_SUCCESS : this.#jobs.status(job + row - first);
      let reason = GOES_ON;
      if (status !== STATUS_SUCCESS) reason = status === STATUS_AUTH_FAILED ? DROP.icv : DROP.crypto_error;
      else reason = this.#strip(burst, row, sa, flags, espBytes, behind, window);
      if (reason !== GOES_ON) {
        this.#drops.drop(burst.mbuf[row], reason, sa);
        continue;
      }
      octets += burst.length[row];
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += kept - start;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
    return kept;
  }

  #admit(burst: PacketBurst, row: number, sa: number): number {
    const { u32 } = this.#memory;
    const flags = u32[(sa + layout.SA_FLAGS) >> 2];
    if ((flags & layout.SA_FLAG_UNSERVED) !== 0) return DROP.sa_unserved;
    const ivBytes = u32[(sa + layout.SA_IV_BYTES) >> 2];
    const around = burst.l3[row] + ESP_HEADER_BYTES + ivBytes + u32[(sa + layout.SA_ICV_BYTES) >> 2];
    const enciphered = burst.length[row] - around;
    if (enciphered <= 0 || (enciphered & (u32[(sa + layout.SA_ALIGN) >> 2] - 1)) !== 0) return DROP.esp_length;
    if ((flags & layout.SA_FLAG_INLINE) !== 0) {
      const offload = u32[(burst.mbuf[row] + MBUF_OL_FLAGS_LO) >> 2];
      if ((offload & RX_SEC_OFFLOAD_FAILED) !== 0) return DROP.offload_failed;
      if ((offload & RX_SEC_OFFLOAD) === 0) return DROP.not_offloaded;
    }
    const window = u32[(sa + layout.SA_WINDOW) >> 2];
    if (window === 0) return GOES_ON;
    const sequence = swap32(u32[((burst.header[row] + burst.l3[row]) >> 2) + 1]) >>> 0;
    return replayCheck(this.#memory, window, sequence) ? GOES_ON : DROP.replay;
  }

  /** Takes the ESP of one authentic packet off; returns a reason, or that it goes on. */
  #strip(
    burst: PacketBurst,
    row: number,
    sa: number,
    flags: number,
    espBytes: number,
    behind: number,
    window: number,
  ): number {
    const { u8, u32 } = this.#memory;
    const top = burst.header[row];
    const esp = top + burst.l3[row];
    const payload = esp + espBytes;
    const end = top + burst.length[row] - behind;
    if (window !== 0 && !this.#track(sa, window, swap32(u32[(esp >> 2) + 1]) >>> 0)) return DROP.replay;
    const pad = u8[end];
    const nextHeader = u8[end + 1];
    const bytes = end - pad - payload;
    if (bytes < 0) return DROP.esp_trailer;
    const padding = this.#padding(sa, flags, end, pad);
    if (padding !== GOES_ON) return padding;
    return (flags & layout.SA_FLAG_TUNNEL) !== 0
      ? this.#unwrapTunnel(burst, row, flags, payload, bytes, nextHeader)
      : this.#unwrapTransport(burst, row, payload, bytes, nextHeader);
  }

  /** Marks a number as seen, alone of all lcores. */
  #track(sa: number, window: number, sequence: number): boolean {
    const { i32 } = this.#memory;
    const lock = (sa + layout.SA_LOCK) >> 2;
    while (Atomics.compareExchange(i32, lock, 0, 1) !== 0);
    const fresh = replayTrack(this.#memory, window, sequence);
    Atomics.store(i32, lock, 0);
    return fresh;
  }

  /** RFC 4303 section 2.4: 1, 2, 3, …. Bad padding under a good ICV is the sender's sloppiness; without ICV it tells of garbage. */
  #padding(sa: number, flags: number, end: number, pad: number): number {
    const { u8, f64 } = this.#memory;
    if (espPaddingOk(u8, end - pad, pad)) return GOES_ON;
    if ((flags & (layout.SA_FLAG_STRICT | layout.SA_FLAG_NO_INTEGRITY)) !== 0) return DROP.esp_padding;
    f64[(sa + layout.SA_ODD_PADDING) >> 3] += 1;
    return GOES_ON;
  }

  #unwrapTunnel(burst: PacketBurst, row: number, flags: number, at: number, bytes: number, nextHeader: number): number {
    const { u8, i32 } = this.#memory;
    const version = u8[at] >>> 4;
    if (nextHeader === IPPROTO_IPIP) {
      const l3 = (u8[at] & 0xf) * 4;
      const total = (u8[at + 2] << 8) | u8[at + 3];
      if (bytes < 20 || version !== 4 || l3 < 20 || total < l3) return DROP.ip_header;
      // What is longer than its inner packet carries traffic flow confidentiality padding (RFC 4303 section 2.7).
      if (total > bytes) return DROP.inner_length;
      if (this.#congested(burst, row)) markIpv4Congestion(u8, at);
      if (!decrementTtlAligned(i32, at)) return DROP.ttl;
      if ((flags & layout.SA_FLAG_2018_CHECKSUM) !== 0) restoreTtlChecksum(u8, at);
      burst.length[row] = total;
      burst.l3[row] = l3;
    } else if (nextHeader === IPPROTO_IPV6) {
      const total = 40 + ((u8[at + 4] << 8) | u8[at + 5]);
      if (bytes < 40 || version !== 6) return DROP.ip_header;
      if (total > bytes) return DROP.inner_length;
      if (this.#congested(burst, row)) markIpv6Congestion(u8, at);
      if (!decrementHopLimit(u8, at)) return DROP.ttl;
      burst.length[row] = total;
      burst.l3[row] = 40;
    } else return DROP.next_header;
    burst.header[row] = at;
    return GOES_ON;
  }

  #congested(burst: PacketBurst, row: number): boolean {
    const { u8 } = this.#memory;
    const at = burst.header[row];
    const tos = u8[at] >>> 4 === 4 ? u8[at + 1] : ipv6TrafficClass(u8, at);
    return ecnOf(tos) === ECN_CE;
  }

  #unwrapTransport(burst: PacketBurst, row: number, payload: number, bytes: number, nextHeader: number): number {
    const { u8 } = this.#memory;
    const l3 = burst.l3[row];
    const at = payload - l3;
    moveHeaderBack(u8, burst.header[row], at, l3, nextHeader);
    writePacketLength(u8, at, l3 + bytes);
    burst.header[row] = at;
    burst.length[row] = l3 + bytes;
    return GOES_ON;
  }
}
