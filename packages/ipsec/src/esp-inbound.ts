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
  BURST_SA,
  GOES_ON,
  type PacketBurst,
  runEnd,
} from './packet-burst.ts';
import { replayCheck, replayTrack } from './replay-window.ts';
import * as layout from './sa-layout.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/** Bytes of the ESP header and IV of a plain SA. */
const PLAIN_ESP_BYTES: number = ESP_HEADER_BYTES + 8;

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
  readonly #unwrapPlain: (burst: PacketBurst, first: number) => number;
  /** Whether any SA of the burst has a replay window. */
  #windows = false;

  constructor(memory: Memory, jobs: EspJobs, drops: Drops) {
    this.#memory = memory;
    this.#jobs = jobs;
    this.#drops = drops;
    this.#unwrapPlain = unwrapPlainLoop(memory);
  }

  /**
   * Looks over all packets of the burst, whose `sa` and `l3` say where their ESP header is, drops what cannot be right, and
   * makes the crypto jobs of the others.
   */
  prepare(burst: PacketBurst): void {
    this.#sweep(burst, this.#admit(burst));
    const { sa } = burst;
    this.#jobs.clear();
    for (let row = 0; row < burst.count; ) {
      row = this.#jobs.appendPlain(burst, row);
      if (row === burst.count) break;
      const end = runEnd(this.#memory, burst, row);
      if (!this.#inline(sa[row])) this.#jobs.append(burst, row, end, sa[row]);
      row = end;
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
    burst.family = 4;
    if (this.#windows) this.#sweep(burst, this.#trackReplay(burst));
    let lost = 0;
    for (let row = 0; row < burst.count; row++) {
      row = this.#unwrapPlain(burst, row);
      if (row === burst.count) break;
      const reason = this.#unwrapAny(burst, row, burst.sa[row]);
      if (reason === GOES_ON) continue;
      burst.fate[row] = reason;
      lost++;
    }
    this.#sweep(burst, lost);
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

  /** Looks over all packets before crypto. Returns how many were marked as lost. */
  #admit(burst: PacketBurst): number {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    let owner = 0;
    let flags = 0;
    let around = 0;
    let align = 0;
    let lost = 0;
    let inline = 0;
    let windows = 0;
    for (let at = base, stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const sa = i32[r + BURST_SA];
      if (sa !== owner) {
        owner = sa;
        flags = i32[(sa + layout.SA_FLAGS) >> 2];
        align = (i32[(sa + layout.SA_ALIGN) >> 2] - 1) | 0;
        const ivAndIcv = (i32[(sa + layout.SA_IV_BYTES) >> 2] + i32[(sa + layout.SA_ICV_BYTES) >> 2]) | 0;
        around = (ESP_HEADER_BYTES + ivAndIcv) | 0;
        inline |= flags & layout.SA_FLAG_INLINE;
        windows |= i32[(sa + layout.SA_WINDOW) >> 2];
      }
      const enciphered = (i32[r + BURST_LENGTH] - i32[r + BURST_L3] - around) | 0;
      if ((flags & layout.SA_FLAG_UNSERVED) !== 0) {
        i32[r + BURST_FATE] = DROP.sa_unserved;
        lost++;
      } else if (enciphered <= 0 || (enciphered & align) !== 0) {
        i32[r + BURST_FATE] = DROP.esp_length;
        lost++;
      }
    }
    this.#windows = windows !== 0;
    return (inline | windows) === 0 ? lost : lost + this.#check(burst);
  }

  /** What inline SAs and SAs with a replay window ask for besides. Returns how many more were marked as lost. */
  #check(burst: PacketBurst): number {
    const { i32 } = this.#memory;
    let lost = 0;
    for (let first = 0; first < burst.count; ) {
      const end = runEnd(this.#memory, burst, first);
      const owner = burst.sa[first];
      const window = i32[(owner + layout.SA_WINDOW) >> 2];
      if (this.#inline(owner)) lost += this.#checkOffload(burst, first, end);
      if (window !== 0) lost += this.#checkReplay(burst, first, end, window);
      first = end;
    }
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

  /** The replay *track*: numbers are marked as seen, alone of all lcores. Returns how many rows were marked as lost. */
  #trackReplay(burst: PacketBurst): number {
    const { i32 } = this.#memory;
    let lost = 0;
    for (let first = 0; first < burst.count; ) {
      const end = runEnd(this.#memory, burst, first);
      const sa = burst.sa[first];
      const window = i32[(sa + layout.SA_WINDOW) >> 2];
      if (window !== 0) lost += this.#trackRun(burst, first, end, sa, window);
      first = end;
    }
    return lost;
  }

  /** Takes the lock once for a run of packets of one SA. */
  #trackRun(burst: PacketBurst, first: number, end: number, sa: number, window: number): number {
    const { i32 } = this.#memory;
    const lock = (sa + layout.SA_LOCK) >> 2;
    let lost = 0;
    while (Atomics.compareExchange(i32, lock, 0, 1) !== 0);
    for (let row = first; row < end; row++) {
      if (replayTrack(this.#memory, window, this.#sequence(burst, row))) continue;
      burst.fate[row] = DROP.replay;
      lost++;
    }
    Atomics.store(i32, lock, 0);
    return lost;
  }

  #sequence({ header, l3 }: PacketBurst, row: number): number {
    return swap32(this.#memory.i32[((header[row] + l3[row]) >> 2) + 1]) >>> 0;
  }

  /** Takes the ESP of any authentic packet off; returns a reason, or that it goes on. */
  #unwrapAny(burst: PacketBurst, row: number, sa: number): number {
    const { u8, i32, f64 } = this.#memory;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
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
    f64[(sa + layout.SA_PACKETS) >> 3] += 1;
    f64[(sa + layout.SA_OCTETS) >> 3] += burst.length[row];
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

/**
 * Takes ESP off authentic packets from row `first` on, as long as they are what nearly every packet is: of a plain SA, with
 * at most three bytes of padding that are 1, 2, 3, sound IPv4 inside with a hop left, and no congestion met. Stops at
 * another one, and returns its row.
 */
function unwrapPlainLoop({ u8, i32, f64 }: Memory): (burst: PacketBurst, first: number) => number {
  return (burst: PacketBurst, first: number): number => {
    const base = burst.position | 0;
    let owner = 0;
    let behind = 0;
    let packets = 0;
    let octets = 0;
    let at = base + (first << 2);
    for (const stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const sa = i32[r + BURST_SA];
      if (sa !== owner) {
        if (owner !== 0) {
          f64[(owner + layout.SA_PACKETS) >> 3] += packets;
          f64[(owner + layout.SA_OCTETS) >> 3] += octets;
          packets = 0;
          octets = 0;
          owner = 0;
        }
        if ((i32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_PLAIN) === 0) break;
        owner = sa;
        behind = (i32[(sa + layout.SA_ICV_BYTES) >> 2] + ESP_TRAILER_BYTES) | 0;
      }
      const top = i32[r + BURST_HEADER];
      const payload = (top + i32[r + BURST_L3] + PLAIN_ESP_BYTES) | 0;
      const trailer = (top + i32[r + BURST_LENGTH] - behind) | 0;
      const pad = u8[trailer];
      const padding = (trailer - pad) | 0;
      const bytes = (padding - payload) | 0;
      const three = u8[padding] | (u8[padding + 1] << 8) | (u8[padding + 2] << 16);
      const word = i32[payload >> 2];
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
      packets = (packets + 1) | 0;
      octets = (octets + total) | 0;
    }
    if (owner !== 0) {
      f64[(owner + layout.SA_PACKETS) >> 3] += packets;
      f64[(owner + layout.SA_OCTETS) >> 3] += octets;
    }
    return (at - base) >> 2;
  };
}

/** The ECN field of an IP header whose first word is this. */
function ecnOfWord(word: number): number {
  return (word & 0xf0) === 0x40 ? (word >>> 8) & 3 : (word >>> 12) & 3;
}
