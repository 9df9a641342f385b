import { STATUS_AUTH_FAILED, STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD, RX_SEC_OFFLOAD_FAILED } from '@inline-ipsec/mbuf/offload-flags';
import { ECN_CE, markIpv4Congestion, markIpv6Congestion } from '@inline-ipsec/net/dscp-ecn';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES, espPaddingOk } from '@inline-ipsec/net/esp';
import { IPPROTO_IPIP, IPPROTO_IPV6 } from '@inline-ipsec/net/ip-protocol';
import { decrementTtlAligned } from '@inline-ipsec/net/ipv4';
import { decrementHopLimitAligned } from '@inline-ipsec/net/ipv6';
import { swap32 } from './byte-order.ts';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { EspJobs } from './esp-jobs.ts';
import { moveHeaderBack, writePacketLength } from './outer-header.ts';
import {
  BURST_FATE,
  BURST_HEADER,
  BURST_L3,
  BURST_LENGTH,
  BURST_MAX,
  BURST_SCRATCH,
  GOES_ON,
  type PacketBurst,
  runEnd,
} from './packet-burst.ts';
import { replayCheck, replayTrack } from './replay-window.ts';
import * as layout from './sa-layout.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

// Columns for what the trailer says: where what ESP carries begins, its bytes, and what it is.
const PAYLOAD: number = BURST_SCRATCH;
const BYTES: number = BURST_SCRATCH + BURST_MAX;
const NEXT_HEADER: number = BURST_SCRATCH + 2 * BURST_MAX;

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
    const { sa } = burst;
    this.#jobs.clear();
    for (let first = 0; first < burst.count; ) {
      let end = runEnd(this.#memory, burst, first);
      const lost = this.#admit(burst, first, end, sa[first]);
      if (lost !== 0) {
        this.#drops.sweep(burst);
        end -= lost;
        if (first === end) continue;
      }
      if (!this.#inline(sa[first])) this.#jobs.append(burst, first, end, sa[first]);
      first = end;
    }
  }

  /**
   * Strips ESP from all packets of the burst that crypto found good. Survivors have the header, length and l3 of the
   * packet inside; their `sa` is still the one that carried them.
   *
   * @param succeeded what the engine returned for all jobs
   */
  decapsulate(burst: PacketBurst, succeeded: number): void {
    const jobs = this.#jobs;
    if (succeeded !== jobs.count) this.#failed(burst, succeeded);
    const { sa } = burst;
    let lost = 0;
    burst.family = 4;
    for (let first = 0; first < burst.count; ) {
      const end = runEnd(this.#memory, burst, first);
      lost += this.#decapsulateRun(burst, first, end, sa[first]);
      first = end;
    }
    if (lost !== 0) this.#drops.sweep(burst);
  }

  /** Takes out what crypto did not find good. */
  #failed(burst: PacketBurst, succeeded: number): void {
    const jobs = this.#jobs;
    for (let job = 0; job < jobs.count; job++) {
      const status = jobs.status(job, succeeded);
      if (status === STATUS_SUCCESS) continue;
      burst.fate[jobs.row(job)] = status === STATUS_AUTH_FAILED ? DROP.icv : DROP.crypto_error;
    }
    this.#drops.sweep(burst);
  }

  #inline(sa: number): boolean {
    return (this.#memory.i32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_INLINE) !== 0;
  }

  /** Looks over a run of packets of one SA before crypto. Returns how many were marked as lost. */
  #admit(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    if ((flags & layout.SA_FLAG_UNSERVED) !== 0) {
      burst.fate.fill(DROP.sa_unserved, first, end);
      return end - first;
    }
    const around = ESP_HEADER_BYTES + i32[(sa + layout.SA_IV_BYTES) >> 2] + i32[(sa + layout.SA_ICV_BYTES) >> 2];
    const align = i32[(sa + layout.SA_ALIGN) >> 2] - 1;
    let lost = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const enciphered = (i32[r + BURST_LENGTH] - i32[r + BURST_L3] - around) | 0;
      if (enciphered <= 0 || (enciphered & align) !== 0) {
        i32[r + BURST_FATE] = DROP.esp_length;
        lost++;
      }
    }
    if ((flags & layout.SA_FLAG_INLINE) !== 0) lost += this.#checkOffload(burst, first, end);
    const window = i32[(sa + layout.SA_WINDOW) >> 2];
    if (window !== 0) lost += this.#checkReplay(burst, first, end, window);
    return lost;
  }

  /** What the port says of packets that it should have processed. */
  #checkOffload({ mbuf, fate }: PacketBurst, first: number, end: number): number {
    const { i32 } = this.#memory;
    let lost = 0;
    for (let row = first; row < end; row++) {
      const offload = i32[(mbuf[row] + MBUF_OL_FLAGS_LO) >> 2];
      if (fate[row] !== GOES_ON || (offload & (RX_SEC_OFFLOAD | RX_SEC_OFFLOAD_FAILED)) === RX_SEC_OFFLOAD) continue;
      fate[row] = (offload & RX_SEC_OFFLOAD_FAILED) !== 0 ? DROP.offload_failed : DROP.not_offloaded;
      lost++;
    }
    return lost;
  }

  /** The replay *check*. */
  #checkReplay(burst: PacketBurst, first: number, end: number, window: number): number {
    const { fate } = burst;
    let lost = 0;
    for (let row = first; row < end; row++) {
      if (fate[row] !== GOES_ON || replayCheck(this.#memory, window, this.#sequence(burst, row))) continue;
      fate[row] = DROP.replay;
      lost++;
    }
    return lost;
  }

  /** The replay *track*: numbers are marked as seen, alone of all lcores, the lock taken once for the run. */
  #trackReplay(burst: PacketBurst, first: number, end: number, sa: number, window: number): number {
    const { i32 } = this.#memory;
    const { fate } = burst;
    const lock = (sa + layout.SA_LOCK) >> 2;
    let lost = 0;
    while (Atomics.compareExchange(i32, lock, 0, 1) !== 0);
    for (let row = first; row < end; row++) {
      if (replayTrack(this.#memory, window, this.#sequence(burst, row))) continue;
      fate[row] = DROP.replay;
      lost++;
    }
    Atomics.store(i32, lock, 0);
    return lost;
  }

  #sequence({ header, l3 }: PacketBurst, row: number): number {
    return swap32(this.#memory.i32[((header[row] + l3[row]) >> 2) + 1]) >>> 0;
  }

  /** One run of authentic packets of one SA. Returns how many were marked as lost. */
  #decapsulateRun(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { i32, f64 } = this.#memory;
    const base = burst.position | 0;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const window = i32[(sa + layout.SA_WINDOW) >> 2];
    let lost = window === 0 ? 0 : this.#trackReplay(burst, first, end, sa, window);
    lost += this.#readTrailers(burst, first, end, sa);
    lost +=
      (flags & layout.SA_FLAG_TUNNEL) !== 0
        ? this.#unwrapTunnel(burst, first, end, flags)
        : this.#unwrapTransport(burst, first, end);
    let octets = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      if (i32[r + BURST_FATE] === GOES_ON) octets = (octets + i32[r + BURST_LENGTH]) | 0;
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first - lost;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
    return lost;
  }

  /** Pad length, padding and next header: finds what ESP carries. Returns how many rows were marked as lost. */
  #readTrailers(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { u8, i32 } = this.#memory;
    const base = burst.position | 0;
    const espBytes = ESP_HEADER_BYTES + i32[(sa + layout.SA_IV_BYTES) >> 2];
    const behind = i32[(sa + layout.SA_ICV_BYTES) >> 2] + ESP_TRAILER_BYTES;
    let lost = 0;
    let unusual = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const top = i32[r + BURST_HEADER];
      const payload = (top + i32[r + BURST_L3] + espBytes) | 0;
      const trailer = (top + i32[r + BURST_LENGTH] - behind) | 0;
      const pad = u8[trailer];
      const padding = (trailer - pad) | 0;
      i32[r + PAYLOAD] = payload;
      i32[r + BYTES] = (padding - payload) | 0;
      i32[r + NEXT_HEADER] = u8[trailer + 1];
      if (i32[r + BURST_FATE] !== GOES_ON) continue;
      if (padding < payload) {
        i32[r + BURST_FATE] = DROP.esp_trailer;
        lost++;
      }
      // As a rule there are ip most three bytes of padding, 1, 2, 3 (RFC 4303 section 2.4).
      const three = u8[padding] | (u8[padding + 1] << 8) | (u8[padding + 2] << 16);
      if (pad > 3 || ((three ^ 0x03_02_01) & ((1 << (8 * pad)) - 1)) !== 0) unusual++;
    }
    return unusual === 0 ? lost : lost + this.#checkPadding(burst, first, end, sa);
  }

  /**
   * Padding of any length. What is not 1, 2, 3, … under a good ICV is the sender's sloppiness; without ICV it tells of
   * garbage. Returns how many rows were marked as lost.
   */
  #checkPadding({ header, length, fate }: PacketBurst, first: number, end: number, sa: number): number {
    const { u8, i32, f64 } = this.#memory;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const behind = i32[(sa + layout.SA_ICV_BYTES) >> 2] + ESP_TRAILER_BYTES;
    const strict = (flags & (layout.SA_FLAG_STRICT | layout.SA_FLAG_NO_INTEGRITY)) !== 0;
    let lost = 0;
    for (let row = first; row < end; row++) {
      const trailer = header[row] + length[row] - behind;
      if (fate[row] !== GOES_ON || espPaddingOk(u8, trailer - u8[trailer], u8[trailer])) continue;
      if (strict) {
        fate[row] = DROP.esp_padding;
        lost++;
      } else f64[(sa + layout.SA_ODD_PADDING) >> 3] += 1;
    }
    return lost;
  }

  /** A new header is in front of what a tunnel carried. Returns how many rows were marked as lost. */
  #unwrapTunnel(burst: PacketBurst, first: number, end: number, flags: number): number {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    this.#copyCongestion(burst, first, end);
    let lost = 0;
    let other = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      if (i32[r + BURST_FATE] !== GOES_ON) continue;
      const ip = i32[r + PAYLOAD];
      const bytes = i32[r + BYTES];
      const nextHeader = i32[r + NEXT_HEADER];
      const word = i32[ip >> 2];
      let reason = GOES_ON;
      let total = 0;
      let l3 = 40;
      if (nextHeader === IPPROTO_IPIP) {
        l3 = (word & 0x0f) << 2;
        total = ((word >>> 8) & 0xff00) | (word >>> 24);
        if (bytes < 20 || (word & 0xf0) !== 0x40 || l3 < 20 || total < l3) reason = DROP.ip_header;
        // What is longer than its inner packet carries traffic flow confidentiality padding (RFC 4303 section 2.7).
        else if (total > bytes) reason = DROP.inner_length;
        else if (!decrementTtlAligned(i32, ip)) reason = DROP.ttl;
      } else if (nextHeader === IPPROTO_IPV6) {
        other++;
        const second = i32[(ip >> 2) + 1];
        total = 40 + (((second & 0xff) << 8) | ((second >>> 8) & 0xff));
        if (bytes < 40 || (word & 0xf0) !== 0x60) reason = DROP.ip_header;
        else if (total > bytes) reason = DROP.inner_length;
        else if (!decrementHopLimitAligned(i32, ip)) reason = DROP.ttl;
      } else reason = DROP.next_header;
      if (reason !== GOES_ON) {
        i32[r + BURST_FATE] = reason;
        lost++;
        continue;
      }
      i32[r + BURST_HEADER] = ip;
      i32[r + BURST_LENGTH] = total;
      i32[r + BURST_L3] = l3;
    }
    if (other !== 0) burst.family = 0;
    if ((flags & layout.SA_FLAG_2018_CHECKSUM) !== 0) this.#restoreChecksums(burst, first, end);
    return lost;
  }

  /** A packet whose carrier met congestion has met it too (RFC 6040 section 4.2). */
  #copyCongestion(burst: PacketBurst, first: number, end: number): void {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    let congested = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      if (outerEcn(i32[i32[r + BURST_HEADER] >> 2]) === ECN_CE) congested++;
    }
    if (congested !== 0) this.#markCongestion(burst, first, end);
  }

  #markCongestion({ position, header, fate }: PacketBurst, first: number, end: number): void {
    const { u8, i32 } = this.#memory;
    const rows = position >> 2;
    for (let row = first; row < end; row++) {
      if (fate[row] !== GOES_ON || outerEcn(i32[header[row] >> 2]) !== ECN_CE) continue;
      const at = i32[rows + PAYLOAD + row];
      const bytes = i32[rows + BYTES + row];
      const nextHeader = i32[rows + NEXT_HEADER + row];
      if (nextHeader === IPPROTO_IPIP && bytes >= 20) markIpv4Congestion(u8, at);
      else if (nextHeader === IPPROTO_IPV6 && bytes >= 40) markIpv6Congestion(u8, at);
    }
  }

  #restoreChecksums({ header, fate }: PacketBurst, first: number, end: number): void {
    const { u8 } = this.#memory;
    for (let row = first; row < end; row++) {
      if (fate[row] === GOES_ON && u8[header[row]] >>> 4 === 4) restoreTtlChecksum(u8, header[row]);
    }
  }

  /** Transport mode: the packet's own header moves back over ESP. None is lost. */
  #unwrapTransport(burst: PacketBurst, first: number, end: number): number {
    const { u8, i32 } = this.#memory;
    const { header, length, l3, fate } = burst;
    const rows = burst.position >> 2;
    for (let row = first; row < end; row++) {
      if (fate[row] !== GOES_ON) continue;
      const at = i32[rows + PAYLOAD + row] - l3[row];
      moveHeaderBack(u8, header[row], at, l3[row], i32[rows + NEXT_HEADER + row]);
      header[row] = at;
      length[row] = l3[row] + i32[rows + BYTES + row];
      writePacketLength(u8, at, length[row]);
      if (u8[at] >>> 4 !== 4) burst.family = 0;
    }
    return 0;
  }
}

/** The ECN field of an IP header whose first word is this. */
function outerEcn(word: number): number {
  return (word & 0xf0) === 0x40 ? (word >>> 8) & 3 : (word >>> 12) & 3;
}
