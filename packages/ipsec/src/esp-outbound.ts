import { STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BUF_ADDR, MBUF_BUF_LEN } from '@inline-ipsec/mbuf/layout';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES } from '@inline-ipsec/net/esp';
import { ETHERNET_HEADER_BYTES } from '@inline-ipsec/net/ethernet';
import { IPPROTO_IPIP, IPPROTO_IPV6 } from '@inline-ipsec/net/ip-protocol';
import { decrementTtlAligned, IPV4_FRAGMENT_WORD, IPV4_HEADER_BYTES } from '@inline-ipsec/net/ipv4';
import { decrementHopLimitAligned } from '@inline-ipsec/net/ipv6';
import { swap32 } from './byte-order.ts';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { EspJobs } from './esp-jobs.ts';
import type { InlineEgress } from './inline-egress.ts';
import {
  foldedSum,
  moveHeaderForward,
  OUTER4_TTL,
  OUTER4_VERSION,
  trafficClassOfWord,
  writeOuterIpv6,
  writePacketLength,
} from './outer-header.ts';
import {
  BURST_FATE,
  BURST_HEADER,
  BURST_L3,
  BURST_LENGTH,
  BURST_MBUF,
  BURST_SCRATCH,
  GOES_ON,
  type PacketBurst,
  runEnd,
} from './packet-burst.ts';
import * as layout from './sa-layout.ts';
import { claimedNumbers, claimSequence } from './sequence.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/** A column for transport mode: what followed the IP header before ESP did. */
const NEXT_HEADER: number = BURST_SCRATCH;

/**
 * Puts ESP on packets (RFC 4303 section 3.3), a burst at a time, in the manner of DPDK's gateway without `-l`. Packets
 * of one SA that follow each other are a run, and a run is worked on together:
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
    this.#jobs.clear();
    let family = -1;
    for (let first = 0; first < burst.count; ) {
      let end = runEnd(this.#memory, burst, first);
      const owner = sa[first];
      const lost = this.#admit(burst, first, end, owner);
      if (lost !== 0) this.#drops.sweep(burst);
      end -= lost;
      if (first === end) continue;
      const last = claimSequence(this.#memory, owner, end - first);
      const granted = first + claimedNumbers(last, end - first);
      if (granted !== end) {
        burst.fate.fill(DROP.sequence_exhausted, granted, end);
        this.#drops.sweep(burst);
        if (first === granted) continue;
      }
      const outer = this.#build(burst, first, granted, owner, last);
      this.#handOn(burst, first, granted, owner);
      family = family < 0 || family === outer ? outer : 0;
      first = granted;
    }
    burst.family = Math.max(0, family);
  }

  /** Takes the packets of failed jobs out of the burst, `succeeded` being what the engine returned for all jobs. */
  finish(burst: PacketBurst, succeeded: number): void {
    const jobs = this.#jobs;
    if (succeeded === jobs.count) return;
    for (let job = 0; job < jobs.count; job++) {
      if (jobs.status(job, succeeded) !== STATUS_SUCCESS) burst.fate[jobs.row(job)] = DROP.crypto_error;
    }
    this.#drops.sweep(burst);
  }

  /** Step 1, for rows `first` to `end` - 1. Returns how many were marked as lost. */
  #admit(burst: PacketBurst, first: number, end: number, sa: number): number {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const before =
      ETHERNET_HEADER_BYTES +
      i32[(sa + layout.SA_OUTER_BYTES) >> 2] +
      ESP_HEADER_BYTES +
      i32[(sa + layout.SA_IV_BYTES) >> 2];
    const behind = i32[(sa + layout.SA_ALIGN) >> 2] + ESP_TRAILER_BYTES + i32[(sa + layout.SA_ICV_BYTES) >> 2];
    if ((flags & layout.SA_FLAG_UNSERVED) !== 0) {
      burst.fate.fill(DROP.sa_unserved, first, end);
      return end - first;
    }
    let lost = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const word = i32[r + BURST_MBUF] >> 2;
      const ip = i32[r + BURST_HEADER];
      const buffer = i32[word + (MBUF_BUF_ADDR >> 2)];
      const bufferEnd = buffer + (i32[word + (MBUF_BUF_LEN >> 2)] >>> 16);
      if (((ip - before) | 0) < buffer || ((ip + i32[r + BURST_LENGTH] + behind) | 0) > bufferEnd) {
        i32[r + BURST_FATE] = DROP.headroom;
        lost++;
      } else if (tunnel) {
        // TTL, protocol and checksum of IPv4, or addresses of IPv6, whose hop limit is before.
        const ipv4 = (i32[ip >> 2] & 0xf0) === 0x40;
        if (!(ipv4 ? decrementTtlAligned(i32, ip) : decrementHopLimitAligned(i32, ip))) {
          i32[r + BURST_FATE] = DROP.ttl;
          lost++;
        }
      } else if ((i32[ip >> 2] & 0xf0) === 0x40 && (i32[(ip >> 2) + 1] & IPV4_FRAGMENT_WORD) !== 0) {
        // RFC 4303 section 3.3.4: transport mode wants whole packets.
        i32[r + BURST_FATE] = DROP.fragment;
        lost++;
      }
    }
    if (tunnel && (flags & layout.SA_FLAG_2018_CHECKSUM) !== 0) this.#restoreChecksums(burst, first, end);
    return lost;
  }

  #restoreChecksums({ header, fate }: PacketBurst, first: number, end: number): void {
    const { u8 } = this.#memory;
    for (let row = first; row < end; row++) {
      if (fate[row] === GOES_ON && u8[header[row]] >>> 4 === 4) restoreTtlChecksum(u8, header[row]);
    }
  }

  /**
   * Step 3: padding, trailer, ESP header and IV of each packet; the IP header in front; the SA's counters. IPv4's tunnel
   * header is written with the rest, the others behind. Returns the family of the packets now, 0 for any.
   */
  #build(burst: PacketBurst, first: number, end: number, sa: number, lastSequence: number): number {
    const memory = this.#memory;
    const { u8, i32, f64 } = memory;
    const base = burst.position | 0;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const tunnel4 = (flags & (layout.SA_FLAG_TUNNEL | layout.SA_FLAG_OUTER_IPV6)) === layout.SA_FLAG_TUNNEL;
    const step = (flags & layout.SA_FLAG_2018_PADDING) !== 0 ? 0 : 1;
    const two = 2 * step;
    const three = 3 * step;
    const ivBytes = i32[(sa + layout.SA_IV_BYTES) >> 2];
    const icvBytes = i32[(sa + layout.SA_ICV_BYTES) >> 2];
    const align = (i32[(sa + layout.SA_ALIGN) >> 2] - 1) | 0;
    const outerBytes = i32[(sa + layout.SA_OUTER_BYTES) >> 2];
    const espBytes = (ESP_HEADER_BYTES + ivBytes) | 0;
    const spi = i32[(sa + layout.SA_SPI) >> 2];
    const template = (sa + layout.SA_TEMPLATE) >> 2;
    const source = i32[template + 3];
    const destination = i32[template + 4];
    const fixedSum = i32[(sa + layout.SA_OUTER_SUM) >> 2];
    // In transport mode the packet's own header moves, which leaves a place for ESP behind it.
    if (!tunnel) this.#moveHeaders(burst, first, end, espBytes);
    const around = (ESP_TRAILER_BYTES + icvBytes + espBytes + outerBytes) | 0;
    let next = (lastSequence + 1) | 0;
    let octets = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const ip = i32[r + BURST_HEADER];
      const bytes = i32[r + BURST_LENGTH];
      const version = i32[ip >> 2];
      // Behind the header that stays in front: in a tunnel all of the packet, else what its own header carries.
      const kept = tunnel ? 0 : i32[r + BURST_L3];
      octets = (octets + bytes) | 0;

      const pad = -(bytes - kept + ESP_TRAILER_BYTES) & align;
      const padding = (ip + bytes) | 0;
      const trailer = (padding + pad) | 0;
      // Up to three bytes of padding, or less: what lies over them comes later.
      u8[padding] = step;
      u8[padding + 1] = two;
      u8[padding + 2] = three;
      u8[trailer] = pad;
      u8[trailer + 1] = tunnel ? ((version & 0xf0) === 0x40 ? IPPROTO_IPIP : IPPROTO_IPV6) : i32[r + NEXT_HEADER];

      const sequence = swap32(next);
      next = (next + 1) | 0;
      const esp = (ip + kept - espBytes) >> 2;
      i32[esp] = spi;
      i32[esp + 1] = sequence;
      if (ivBytes === 8) {
        // The IV is the sequence number as 64 bits.
        i32[esp + 2] = 0;
        i32[esp + 3] = sequence;
      } else if (ivBytes === 16) {
        i32[esp + 2] = 0;
        i32[esp + 3] = 0;
        i32[esp + 4] = 0;
        i32[esp + 5] = 0;
      }
      const total = (bytes + pad + around) | 0;
      i32[r + BURST_HEADER] = (ip - espBytes - outerBytes) | 0;
      i32[r + BURST_LENGTH] = total;
      if (!tunnel4) continue;
      const tos = trafficClassOfWord(version);
      const sum = foldedSum((fixedSum + tos + total) | 0);
      i32[esp - 5] = OUTER4_VERSION | (tos << 8) | ((total & 0xff00) << 8) | (total << 24);
      i32[esp - 4] = 0;
      i32[esp - 3] = OUTER4_TTL | ((sum & 0xff00) << 8) | (sum << 24);
      i32[esp - 2] = source;
      i32[esp - 1] = destination;
      i32[r + BURST_L3] = IPV4_HEADER_BYTES;
    }
    if (align > 3) this.#padLonger(burst, first, end, icvBytes);
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
    if (tunnel4) return 4;
    if (tunnel) {
      writeOuterIpv6(memory, sa, burst, first, end, espBytes);
      return 6;
    }
    for (let row = first; row < end; row++) writePacketLength(u8, burst.header[row], burst.length[row]);
    return burst.family;
  }

  /** Padding from the fourth byte on, which ciphers with larger blocks need. */
  #padLonger({ header, length }: PacketBurst, first: number, end: number, icvBytes: number): void {
    const { u8 } = this.#memory;
    for (let row = first; row < end; row++) {
      const trailer = header[row] + length[row] - icvBytes - ESP_TRAILER_BYTES;
      const pad = u8[trailer];
      for (let i = 4; i <= pad; i++) u8[trailer - pad + i - 1] = i;
    }
  }

  /** Transport mode: moves the IP headers forward, and keeps what followed them before. */
  #moveHeaders({ position, header, l3 }: PacketBurst, first: number, end: number, espBytes: number): void {
    const { u8, i32 } = this.#memory;
    const rows = position >> 2;
    for (let row = first; row < end; row++) {
      i32[rows + NEXT_HEADER + row] = moveHeaderForward(u8, header[row] - espBytes, header[row], l3[row]);
    }
  }

  /** Step 4. */
  #handOn(burst: PacketBurst, first: number, end: number, sa: number): void {
    const inline = (this.#memory.u32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_INLINE) !== 0;
    if (!inline) this.#jobs.append(burst, first, end, sa);
    else for (let row = first; row < end; row++) this.#egress.request(burst, row, sa);
  }
}
