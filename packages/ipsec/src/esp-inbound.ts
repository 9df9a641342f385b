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
import { BURST_FATE, BURST_HEADER, BURST_L3, BURST_LENGTH, GOES_ON, type PacketBurst, runEnd } from './packet-burst.ts';
import { replayCheck, replayTrack } from './replay-window.ts';
import * as layout from './sa-layout.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

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
  /** Bytes that came out of ESP in the run that is worked on. */
  #octets = 0;

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
      const owner = sa[first];
      end -= this.#sweep(burst, this.#admit(burst, first, end, owner));
      if (first < end && !this.#inline(owner)) this.#jobs.append(burst, first, end, owner);
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
    burst.family = 4;
    for (let first = 0; first < burst.count; ) {
      let end = runEnd(this.#memory, burst, first);
      const owner = sa[first];
      end -= this.#sweep(burst, this.#trackReplay(burst, first, end, owner));
      end -= this.#sweep(burst, this.#unwrap(burst, first, end, owner));
      first = end;
    }
  }

  /** Takes the rows out that were marked as lost. Returns how many there are. */
  #sweep(burst: PacketBurst, lost: number): number {
    if (lost !== 0) this.#drops.sweep(burst);
    return lost;
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
  #trackReplay(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { i32 } = this.#memory;
    const { fate } = burst;
    const window = i32[(sa + layout.SA_WINDOW) >> 2];
    if (window === 0) return 0;
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

  /** Takes ESP off a run of authentic packets of one SA. Returns how many were marked as lost. */
  #unwrap(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { i32, f64 } = this.#memory;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const plain = (flags & (layout.SA_FLAG_TUNNEL | layout.SA_FLAG_2018_CHECKSUM)) === layout.SA_FLAG_TUNNEL;
    let lost = 0;
    this.#octets = 0;
    for (let row = first; row < end; row++) {
      if (plain) row = this.#unwrapPlain(burst, row, end, sa);
      if (row === end) break;
      const reason = this.#unwrapAny(burst, row, sa, flags);
      if (reason === GOES_ON) continue;
      burst.fate[row] = reason;
      lost++;
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first - lost;
    f64[(sa + layout.SA_OCTETS) >> 3] += this.#octets;
    return lost;
  }

  /**
   * What nearly every packet of a tunnel is: at most three bytes of padding that are 1, 2, 3; sound IPv4 inside with a hop
   * left; no congestion met. Stops at another one, and returns its row.
   */
  #unwrapPlain(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { u8, i32 } = this.#memory;
    const base = burst.position | 0;
    const espBytes = (ESP_HEADER_BYTES + i32[(sa + layout.SA_IV_BYTES) >> 2]) | 0;
    const behind = (i32[(sa + layout.SA_ICV_BYTES) >> 2] + ESP_TRAILER_BYTES) | 0;
    let octets = 0;
    let at = base + (first << 2);
    for (const stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const top = i32[r + BURST_HEADER];
      const payload = (top + i32[r + BURST_L3] + espBytes) | 0;
      const trailer = (top + i32[r + BURST_LENGTH] - behind) | 0;
      const pad = u8[trailer];
      const padding = (trailer - pad) | 0;
      const bytes = (padding - payload) | 0;
      const three = u8[padding] | (u8[padding + 1] << 8) | (u8[padding + 2] << 16);
      const ip = payload >> 2;
      const word = i32[ip];
      const l3 = (word & 0x0f) << 2;
      const total = ((word >>> 8) & 0xff00) | (word >>> 24);
      if (
        pad > 3 ||
        ((three ^ 0x03_02_01) & ((1 << (8 * pad)) - 1)) !== 0 ||
        u8[trailer + 1] !== IPPROTO_IPIP ||
        (word & 0xf0) !== 0x40 ||
        l3 < 20 ||
        total < l3 ||
        total > bytes ||
        ecnOfWord(i32[top >> 2]) === ECN_CE ||
        !decrementTtlAligned(i32, payload)
      ) {
        break;
      }
      i32[r + BURST_HEADER] = payload;
      i32[r + BURST_LENGTH] = total;
      i32[r + BURST_L3] = l3;
      octets = (octets + total) | 0;
    }
    this.#octets += octets;
    return (at - base) >> 2;
  }

  /** Takes the ESP of any authentic packet off; returns a reason, or that it goes on. */
  #unwrapAny(burst: PacketBurst, row: number, sa: number, flags: number): number {
    const { u8, i32 } = this.#memory;
    const top = burst.header[row];
    const payload = top + burst.l3[row] + ESP_HEADER_BYTES + i32[(sa + layout.SA_IV_BYTES) >> 2];
    const end = top + burst.length[row] - i32[(sa + layout.SA_ICV_BYTES) >> 2] - ESP_TRAILER_BYTES;
    const pad = u8[end];
    const nextHeader = u8[end + 1];
    const bytes = end - pad - payload;
    if (bytes < 0) return DROP.esp_trailer;
    if (!this.#paddingIsGood(sa, flags, end, pad)) return DROP.esp_padding;
    const reason =
      (flags & layout.SA_FLAG_TUNNEL) !== 0
        ? this.#unwrapTunnel(burst, row, flags, payload, bytes, nextHeader)
        : this.#unwrapTransport(burst, row, payload, bytes, nextHeader);
    if (reason !== GOES_ON) return reason;
    if (u8[burst.header[row]] >>> 4 !== 4) burst.family = 0;
    this.#octets += burst.length[row];
    return GOES_ON;
  }

  /** RFC 4303 section 2.4: 1, 2, 3, …. Bad padding under a good ICV is the sender's sloppiness; without ICV it tells of garbage. */
  #paddingIsGood(sa: number, flags: number, end: number, pad: number): boolean {
    const { u8, f64 } = this.#memory;
    if (espPaddingOk(u8, end - pad, pad)) return true;
    if ((flags & (layout.SA_FLAG_STRICT | layout.SA_FLAG_NO_INTEGRITY)) !== 0) return false;
    f64[(sa + layout.SA_ODD_PADDING) >> 3] += 1;
    return true;
  }

  #unwrapTunnel(burst: PacketBurst, row: number, flags: number, at: number, bytes: number, nextHeader: number): number {
    const { u8, i32 } = this.#memory;
    const version = u8[at] >>> 4;
    // A packet whose carrier met congestion has met it too (RFC 6040 section 4.2).
    const congested = ecnOfWord(i32[burst.header[row] >> 2]) === ECN_CE;
    if (nextHeader === IPPROTO_IPIP) {
      const l3 = (u8[at] & 0xf) * 4;
      const total = (u8[at + 2] << 8) | u8[at + 3];
      if (bytes < 20 || version !== 4 || l3 < 20 || total < l3) return DROP.ip_header;
      // What is longer than its inner packet carries traffic flow confidentiality padding (RFC 4303 section 2.7).
      if (total > bytes) return DROP.inner_length;
      if (congested) markIpv4Congestion(u8, at);
      if (!decrementTtlAligned(i32, at)) return DROP.ttl;
      if ((flags & layout.SA_FLAG_2018_CHECKSUM) !== 0) restoreTtlChecksum(u8, at);
      burst.length[row] = total;
      burst.l3[row] = l3;
    } else if (nextHeader === IPPROTO_IPV6) {
      const total = 40 + ((u8[at + 4] << 8) | u8[at + 5]);
      if (bytes < 40 || version !== 6) return DROP.ip_header;
      if (total > bytes) return DROP.inner_length;
      if (congested) markIpv6Congestion(u8, at);
      if (!decrementHopLimitAligned(i32, at)) return DROP.ttl;
      burst.length[row] = total;
      burst.l3[row] = 40;
    } else return DROP.next_header;
    burst.header[row] = at;
    return GOES_ON;
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

/** The ECN field of an IP header whose first word is this. */
function ecnOfWord(word: number): number {
  return (word & 0xf0) === 0x40 ? (word >>> 8) & 3 : (word >>> 12) & 3;
}
