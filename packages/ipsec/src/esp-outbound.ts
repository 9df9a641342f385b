import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_AUTH_LENGTH,
  JOB_AUTH_OFFSET,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  JOB_USER,
  STATUS_NOT_PROCESSED,
  STATUS_SUCCESS,
} from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BUF_ADDR, MBUF_BUF_LEN } from '@inline-ipsec/mbuf/layout';
import { writeU16 } from '@inline-ipsec/net/big-endian';
import { ipv4Checksum } from '@inline-ipsec/net/checksum';
import { ipv6TrafficClass } from '@inline-ipsec/net/dscp-ecn';
import { decrementTtl, ipv4IsFragment } from '@inline-ipsec/net/ipv4';
import { decrementHopLimit } from '@inline-ipsec/net/ipv6';
import { Ipv6Walk, walkIpv6Extensions } from '@inline-ipsec/net/ipv6-extensions';
import { swap32 } from './byte-order.ts';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { InlineEgress } from './inline-egress.ts';
import { type JobTable, NONCE_BYTES } from './job-table.ts';
import type { PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';
import { claimedNumbers, claimSequence } from './sequence.ts';
import { restoreTtlChecksum } from './stale-checksum.ts';

/** Bytes of SPI and sequence number. */
const ESP_HEADER_BYTES = 8;
/** Bytes of pad length and next header. */
const TRAILER_BYTES = 2;
/** Kept free before the outer header, for Ethernet. */
const L2_BYTES = 14;
const NEXT_IPV4 = 4;
const NEXT_IPV6 = 41;

/**
 * Puts ESP on packets (RFC 4303 section 3.3), a burst at a time, in the manner of DPDK's gateway without `-l`:
 *
 * 1. admit: room in the buffer; in a tunnel the inner TTL goes down;
 * 2. claim: sequence numbers, for a run of packets of one SA at once;
 * 3. build: padding and trailer, ESP header and IV, outer header; then a crypto job, or the request to the port.
 *
 * {@link EspOutbound.encapsulate} makes the jobs, the caller has an engine work through them, and
 * {@link EspOutbound.finish} takes out what failed. What this does not do: ESN, UDP encapsulation, TCP segmentation.
 */
export class EspOutbound {
  readonly #memory: Memory;
  readonly #table: JobTable;
  readonly #drops: Drops;
  readonly #egress: InlineEgress;
  readonly #walk = new Ipv6Walk();
  #jobs = 0;

  constructor(memory: Memory, table: JobTable, drops: Drops, egress: InlineEgress) {
    this.#memory = memory;
    this.#table = table;
    this.#drops = drops;
    this.#egress = egress;
  }

  /**
   * Encapsulates all packets of the burst, each under its `sa`. Survivors have their new header, length and l3 in the
   * burst; those of an inline SA also their port.
   *
   * @returns how many crypto jobs lie in the job table now
   */
  encapsulate(burst: PacketBurst): number {
    const { sa } = burst;
    const count = burst.count;
    let kept = 0;
    this.#jobs = 0;
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (end < count && sa[end] === sa[first]) end++;
      kept = this.#run(burst, first, end, kept);
      first = end;
    }
    burst.count = kept;
    return this.#jobs;
  }

  /** Takes the packets of failed jobs out of the burst, `succeeded` being what the engine returned for all `jobs`. */
  finish(burst: PacketBurst, jobs: number, succeeded: number): void {
    if (succeeded === jobs) return;
    const { u32 } = this.#memory;
    let job = this.#table.jobs;
    let left = jobs;
    let kept = 0;
    for (let row = 0; row < burst.count; row++) {
      if (left > 0 && u32[(job + JOB_USER) >> 2] === row) {
        const status = u32[(job + JOB_STATUS) >> 2];
        job += JOB_BYTES;
        left--;
        if (status !== STATUS_SUCCESS) {
          this.#drops.drop(burst.mbuf[row], DROP.crypto_error, burst.sa[row]);
          continue;
        }
      }
      if (row !== kept) burst.move(row, kept);
      kept++;
    }
    burst.count = kept;
  }

  /** One run of packets of one SA: rows `first` to `end` - 1. Survivors go to row `kept` on; returns the row behind them. */
  #run(burst: PacketBurst, first: number, end: number, kept: number): number {
    const { u32 } = this.#memory;
    const sa = burst.sa[first];
    const flags = u32[(sa + layout.SA_FLAGS) >> 2];
    const admitted = this.#admit(burst, first, end, kept, sa, flags);
    const wanted = admitted - kept;
    if (wanted === 0) return kept;
    const last = claimSequence(this.#memory, sa, wanted);
    const granted = claimedNumbers(last, wanted);
    for (let row = kept + granted; row < admitted; row++) {
      this.#drops.drop(burst.mbuf[row], DROP.sequence_exhausted, sa);
    }
    this.#build(burst, kept, kept + granted, sa, flags, last);
    return kept + granted;
  }

  #admit(burst: PacketBurst, first: number, end: number, kept: number, sa: number, flags: number): number {
    const { u8, u16, u32 } = this.#memory;
    const { mbuf, header, length } = burst;
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const stale = (flags & layout.SA_FLAG_2018_CHECKSUM) !== 0;
    const align = u32[(sa + layout.SA_ALIGN) >> 2];
    const before =
      L2_BYTES + u32[(sa + layout.SA_OUTER_BYTES) >> 2] + ESP_HEADER_BYTES + u32[(sa + layout.SA_IV_BYTES) >> 2];
    const behind = align + TRAILER_BYTES + u32[(sa + layout.SA_ICV_BYTES) >> 2];
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
        if (!(ipv4 ? decrementTtl(u8, at) : decrementHopLimit(u8, at))) reason = DROP.ttl;
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

  #build(burst: PacketBurst, first: number, end: number, sa: number, flags: number, lastSequence: number): void {
    const memory = this.#memory;
    const { u8, u32, f64 } = memory;
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const outerIpv6 = (flags & layout.SA_FLAG_OUTER_IPV6) !== 0;
    const inline = (flags & layout.SA_FLAG_INLINE) !== 0;
    const zeroPadding = (flags & layout.SA_FLAG_2018_PADDING) !== 0;
    const ivBytes = u32[(sa + layout.SA_IV_BYTES) >> 2];
    const icvBytes = u32[(sa + layout.SA_ICV_BYTES) >> 2];
    const alignMask = u32[(sa + layout.SA_ALIGN) >> 2] - 1;
    const outerBytes = u32[(sa + layout.SA_OUTER_BYTES) >> 2];
    const outerSum = u32[(sa + layout.SA_OUTER_SUM) >> 2];
    const espBytes = ESP_HEADER_BYTES + ivBytes;
    const spi = u32[(sa + layout.SA_SPI) >> 2];
    const template = (sa + layout.SA_TEMPLATE) >> 2;
    let octets = 0;
    for (let row = first; row < end; row++) {
      const at = burst.header[row];
      const length = burst.length[row];
      const sequence = swap32(lastSequence + 1 + row - first);
      const ipv4 = u8[at] >>> 4 === 4;
      octets += length;

      let top: number;
      let esp: number;
      let payload: number;
      let nextHeader: number;
      if (tunnel) {
        esp = at - espBytes;
        top = esp - outerBytes;
        payload = length;
        nextHeader = ipv4 ? NEXT_IPV4 : NEXT_IPV6;
      } else {
        const l3 = burst.l3[row];
        top = at - espBytes;
        esp = top + l3;
        payload = length - l3;
        u8.copyWithin(top, at, at + l3);
        if (!ipv4) walkIpv6Extensions(u8, top, esp, this.#walk);
        const field = ipv4 ? top + 9 : this.#walk.nextHeaderAt;
        nextHeader = u8[field];
        u8[field] = 50;
      }

      const pad = (alignMask + 1 - ((payload + TRAILER_BYTES) & alignMask)) & alignMask;
      const enciphered = payload + pad + TRAILER_BYTES;
      let trailer = esp + espBytes + payload;
      for (let i = 1; i <= pad; i++) u8[trailer++] = zeroPadding ? 0 : i;
      u8[trailer++] = pad;
      u8[trailer++] = nextHeader;

      const words = esp >> 2;
      u32[words] = spi;
      u32[words + 1] = sequence;
      if (ivBytes === 8) {
        // The wire IV is the sequence number as 64 bits.
        u32[words + 2] = 0;
        u32[words + 3] = sequence;
      } else if (ivBytes === 16) {
        u32[words + 2] = 0;
        u32[words + 3] = 0;
        u32[words + 4] = 0;
        u32[words + 5] = 0;
      }

      const total = esp - top + espBytes + enciphered + icvBytes;
      if (!tunnel) finishTransportHeader(u8, top, total, ipv4);
      else if (outerIpv6) {
        const tos = ipv4 ? u8[at + 1] : ipv6TrafficClass(u8, at);
        const word = top >> 2;
        for (let i = 0; i < 10; i++) u32[word + i] = u32[template + i];
        u8[top] |= tos >>> 4;
        u8[top + 1] = tos << 4;
        writeU16(u8, top + 4, total - 40);
        burst.l3[row] = 40;
      } else {
        const tos = ipv4 ? u8[at + 1] : ipv6TrafficClass(u8, at);
        const word = top >> 2;
        let sum = outerSum + tos + total;
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = ~((sum & 0xffff) + (sum >>> 16));
        u32[word] = 0x45 | (tos << 8) | ((total & 0xff00) << 8) | (total << 24);
        u32[word + 1] = u32[template + 1];
        u32[word + 2] = u32[template + 2] | ((sum & 0xff00) << 8) | (sum << 24);
        u32[word + 3] = u32[template + 3];
        u32[word + 4] = u32[template + 4];
        burst.l3[row] = 20;
      }
      burst.header[row] = top;
      burst.length[row] = total;

      if (inline) {
        u8.fill(0, trailer, trailer + icvBytes);
        this.#egress.request(burst, row, sa);
      } else this.#job(row, sa, flags, esp, espBytes, enciphered, sequence);
    }
    f64[(sa + layout.SA_PACKETS) >> 3] += end - first;
    f64[(sa + layout.SA_OCTETS) >> 3] += octets;
  }

  #job(
    row: number,
    sa: number,
    flags: number,
    esp: number,
    espBytes: number,
    enciphered: number,
    sequence: number,
  ): void {
    const { u32 } = this.#memory;
    const job = (this.#table.jobs + this.#jobs * JOB_BYTES) >> 2;
    const nonce = this.#table.nonces + this.#jobs * NONCE_BYTES;
    const cbc = (flags & layout.SA_FLAG_IV_ENCIPHERED) !== 0;
    const kind = u32[(sa + layout.SA_NONCE) >> 2];
    this.#jobs++;
    u32[nonce >> 2] = u32[(sa + layout.SA_SALT) >> 2];
    // For CBC the changing word comes early: a block may be 8 bytes only.
    u32[(nonce >> 2) + 1] = cbc ? sequence : 0;
    u32[(nonce >> 2) + 2] = cbc ? 0 : sequence;
    u32[(nonce >> 2) + 3] = 0x0100_0000;
    u32[job + (JOB_SESSION >> 2)] = u32[(sa + layout.SA_SESSION) >> 2];
    u32[job + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
    u32[job + (JOB_SOURCE >> 2)] = esp;
    u32[job + (JOB_DESTINATION >> 2)] = esp;
    u32[job + (JOB_CIPHER_OFFSET >> 2)] = cbc ? ESP_HEADER_BYTES : espBytes;
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = cbc ? enciphered + espBytes - ESP_HEADER_BYTES : enciphered;
    u32[job + (JOB_AUTH_OFFSET >> 2)] = 0;
    u32[job + (JOB_AUTH_LENGTH >> 2)] = espBytes + enciphered;
    u32[job + (JOB_IV >> 2)] = kind === layout.NONCE_CCM ? nonce + 1 : nonce;
    u32[job + (JOB_AAD >> 2)] = esp;
    u32[job + (JOB_AAD_LENGTH >> 2)] = ESP_HEADER_BYTES;
    u32[job + (JOB_TAG >> 2)] = esp + espBytes + enciphered;
    u32[job + (JOB_USER >> 2)] = row;
  }
}

function finishTransportHeader(u8: Uint8Array, at: number, total: number, ipv4: boolean): void {
  if (ipv4) {
    writeU16(u8, at + 2, total);
    writeU16(u8, at + 10, ipv4Checksum(u8, at));
  } else writeU16(u8, at + 4, total - 40);
}
