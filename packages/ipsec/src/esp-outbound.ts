import { STATUS_SUCCESS } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BUF_ADDR, MBUF_BUF_LEN } from '@inline-ipsec/mbuf/layout';
import { ESP_HEADER_BYTES, ESP_TRAILER_BYTES } from '@inline-ipsec/net/esp';
import { IPPROTO_IPIP, IPPROTO_IPV6 } from '@inline-ipsec/net/ip-protocol';
import {
  decrementTtlAligned,
  IPV4_DESTINATION,
  IPV4_FRAGMENT_WORD,
  IPV4_HEADER_BYTES,
  IPV4_SOURCE,
} from '@inline-ipsec/net/ipv4';
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
  tunnelNextHeader,
  writeOuterIpv4,
  writeOuterIpv6,
  writePacketLength,
} from './outer-header.ts';
import {
  BURST_FATE,
  BURST_HEADER,
  BURST_L3,
  BURST_LENGTH,
  BURST_MBUF,
  BURST_SA,
  GOES_ON,
  type PacketBurst,
  runEnd,
} from './packet-burst.ts';
import * as layout from './sa-layout.ts';
import { BURST_SEQUENCE, SequenceClaims } from './sequence.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/** Bytes of the ESP header and IV of a plain SA. */
const PLAIN_ESP_BYTES: number = ESP_HEADER_BYTES + 8;

/**
 * Puts ESP on packets (RFC 4303 section 3.3), a burst at a time, in the manner of DPDK's gateway without `-l`. Each
 * step is a loop over the burst:
 *
 * 1. admit: room in the buffer; in a tunnel the inner TTL goes down;
 * 2. claim: sequence numbers;
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
  readonly #admit: (burst: PacketBurst) => number;
  readonly #buildPlain: (burst: PacketBurst, first: number) => number;
  readonly #sequences: SequenceClaims;

  constructor(memory: Memory, jobs: EspJobs, drops: Drops, egress: InlineEgress) {
    this.#memory = memory;
    this.#jobs = jobs;
    this.#drops = drops;
    this.#egress = egress;
    this.#admit = admitLoop(memory, (burst) => this.#restoreChecksums(burst));
    this.#buildPlain = buildPlainLoop(memory);
    this.#sequences = new SequenceClaims(memory);
  }

  /**
   * Encapsulates all packets of the burst, each under its `sa`. Survivors have their new header, length and l3 in the
   * burst; those of an inline SA also their port. The others have a crypto job each.
   */
  encapsulate(burst: PacketBurst): void {
    if (this.#admit(burst) !== 0) this.#drops.sweep(burst);
    if (this.#sequences.claim(burst) !== 0) this.#drops.sweep(burst);
    this.#build(burst);
    this.#handOn(burst);
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

  #restoreChecksums({ count, header, sa, fate }: PacketBurst): void {
    const { u8, u32 } = this.#memory;
    const stale = layout.SA_FLAG_TUNNEL | layout.SA_FLAG_2018_CHECKSUM;
    for (let row = 0; row < count; row++) {
      if (fate[row] !== GOES_ON || u8[header[row]] >>> 4 !== 4) continue;
      if ((u32[(sa[row] + layout.SA_FLAGS) >> 2] & stale) === stale) restoreTtlChecksum(u8, header[row]);
    }
  }

  /** Step 3: padding, trailer, ESP header and IV of each packet; the IP header in front; the SA's counters. */
  #build(burst: PacketBurst): void {
    let family = 4;
    for (let row = 0; row < burst.count; ) {
      row = this.#buildPlain(burst, row);
      if (row === burst.count) break;
      const end = runEnd(this.#memory, burst, row);
      if (this.#buildRun(burst, row, end, burst.sa[row]) !== 4) family = 0;
      row = end;
    }
    burst.family = family;
  }

  /** Builds a run of packets of any SA. Returns their family now, 0 for any. */
  #buildRun(burst: PacketBurst, first: number, end: number, sa: number): number {
    const memory = this.#memory;
    const { u8, i32, f64 } = memory;
    const { header, length, l3 } = burst;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const step = (flags & layout.SA_FLAG_2018_PADDING) !== 0 ? 0 : 1;
    const ivBytes = i32[(sa + layout.SA_IV_BYTES) >> 2];
    const icvBytes = i32[(sa + layout.SA_ICV_BYTES) >> 2];
    const align = i32[(sa + layout.SA_ALIGN) >> 2];
    const outerBytes = i32[(sa + layout.SA_OUTER_BYTES) >> 2];
    const espBytes = ESP_HEADER_BYTES + ivBytes;
    const spi = i32[(sa + layout.SA_SPI) >> 2];
    const rows = burst.position >> 2;
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
      for (let i = 1; i <= pad; i++) u8[trailer++] = step * i;
      u8[trailer] = pad;
      u8[trailer + 1] = nextHeader;

      const sequence = swap32(i32[rows + BURST_SEQUENCE + row]);
      const word = esp >> 2;
      i32[word] = spi;
      i32[word + 1] = sequence;
      if (ivBytes === 8) {
        // The IV is the sequence number as 64 bits.
        i32[word + 2] = 0;
        i32[word + 3] = sequence;
      } else for (let i = 2; i < espBytes >> 2; i++) i32[word + i] = 0;
      header[row] = top;
      length[row] = trailer + ESP_TRAILER_BYTES + icvBytes - top;
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
    if (!tunnel) {
      for (let row = first; row < end; row++) writePacketLength(u8, header[row], length[row]);
      return burst.family;
    }
    if ((flags & layout.SA_FLAG_OUTER_IPV6) !== 0) {
      writeOuterIpv6(memory, sa, burst, first, end, espBytes);
      return 6;
    }
    writeOuterIpv4(memory, sa, burst, first, end, espBytes);
    return 4;
  }

  /** Step 4. */
  #handOn(burst: PacketBurst): void {
    const { u32 } = this.#memory;
    this.#jobs.clear();
    for (let row = 0; row < burst.count; ) {
      row = this.#jobs.appendPlain(burst, row);
      if (row === burst.count) break;
      const sa = burst.sa[row];
      const end = runEnd(this.#memory, burst, row);
      if ((u32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_INLINE) === 0) this.#jobs.append(burst, row, end, sa);
      else this.#egress.request(burst, row, end, sa);
      row = end;
    }
  }
}

/** Step 1. Returns how many rows were marked as lost. */
function admitLoop({ i32 }: Memory, restoreChecksums: (burst: PacketBurst) => void): (burst: PacketBurst) => number {
  return (burst: PacketBurst): number => {
    const base = burst.position | 0;
    let owner = 0;
    let flags = 0;
    let before = 0;
    let behind = 0;
    let lost = 0;
    let peculiar = 0;
    for (let at = base, stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const sa = i32[r + BURST_SA];
      if (sa !== owner) {
        owner = sa;
        flags = i32[(sa + layout.SA_FLAGS) >> 2];
        before = i32[(sa + layout.SA_BEFORE) >> 2];
        behind = i32[(sa + layout.SA_BEHIND) >> 2];
        peculiar |= flags & layout.SA_FLAG_2018_CHECKSUM;
      }
      const word = i32[r + BURST_MBUF] >> 2;
      const ip = i32[r + BURST_HEADER];
      const buffer = i32[word + (MBUF_BUF_ADDR >> 2)];
      const bufferEnd = (buffer + (i32[word + (MBUF_BUF_LEN >> 2)] >>> 16)) | 0;
      if ((flags & layout.SA_FLAG_UNSERVED) !== 0) {
        i32[r + BURST_FATE] = DROP.sa_unserved;
        lost++;
      } else if (((ip - before) | 0) < buffer || ((ip + i32[r + BURST_LENGTH] + behind) | 0) > bufferEnd) {
        i32[r + BURST_FATE] = DROP.headroom;
        lost++;
      } else if ((flags & layout.SA_FLAG_TUNNEL) !== 0) {
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
    if (peculiar !== 0) restoreChecksums(burst);
    return lost;
  };
}

/** Builds the packets of plain SAs from row `first` on. Stops at another one, and returns its row. */
function buildPlainLoop({ u8, i32, f64 }: Memory): (burst: PacketBurst, first: number) => number {
  return (burst: PacketBurst, first: number): number => {
    const base = burst.position | 0;
    let owner = 0;
    let spi = 0;
    let around = 0;
    let source = 0;
    let destination = 0;
    let fixedSum = 0;
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
          owner = 0;
        }
        if ((i32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_PLAIN) === 0) break;
        owner = sa;
        packets = 0;
        octets = 0;
        spi = i32[(sa + layout.SA_SPI) >> 2];
        around = (IPV4_HEADER_BYTES + PLAIN_ESP_BYTES + ESP_TRAILER_BYTES + i32[(sa + layout.SA_ICV_BYTES) >> 2]) | 0;
        source = i32[(sa + layout.SA_TEMPLATE + IPV4_SOURCE) >> 2];
        destination = i32[(sa + layout.SA_TEMPLATE + IPV4_DESTINATION) >> 2];
        fixedSum = i32[(sa + layout.SA_OUTER_SUM) >> 2];
      }
      const ip = i32[r + BURST_HEADER];
      const bytes = i32[r + BURST_LENGTH];
      const version = i32[ip >> 2];
      packets = (packets + 1) | 0;
      octets = (octets + bytes) | 0;

      const pad = -(bytes + ESP_TRAILER_BYTES) & 3;
      const padding = (ip + bytes) | 0;
      const trailer = (padding + pad) | 0;
      // Up to three bytes of padding, or less: what lies over them comes later.
      u8[padding] = 1;
      u8[padding + 1] = 2;
      u8[padding + 2] = 3;
      u8[trailer] = pad;
      u8[trailer + 1] = (version & 0xf0) === 0x40 ? IPPROTO_IPIP : IPPROTO_IPV6;

      const sequence = swap32(i32[r + BURST_SEQUENCE]);
      const total = (bytes + pad + around) | 0;
      const tos = trafficClassOfWord(version);
      const sum = foldedSum((fixedSum + tos + total) | 0);
      const outer = (ip - IPV4_HEADER_BYTES - PLAIN_ESP_BYTES) >> 2;
      i32[outer] = OUTER4_VERSION | (tos << 8) | ((total & 0xff00) << 8) | (total << 24);
      i32[outer + 1] = 0;
      i32[outer + 2] = OUTER4_TTL | ((sum & 0xff00) << 8) | (sum << 24);
      i32[outer + 3] = source;
      i32[outer + 4] = destination;
      i32[outer + 5] = spi;
      i32[outer + 6] = sequence;
      // The IV is the sequence number as 64 bits.
      i32[outer + 7] = 0;
      i32[outer + 8] = sequence;
      i32[r + BURST_HEADER] = outer << 2;
      i32[r + BURST_LENGTH] = total;
      i32[r + BURST_L3] = IPV4_HEADER_BYTES;
    }
    if (owner !== 0) {
      f64[(owner + layout.SA_PACKETS) >> 3] += packets;
      f64[(owner + layout.SA_OCTETS) >> 3] += octets;
    }
    return (at - base) >> 2;
  };
}
