import * as rss from '@inline-ipsec/ethdev/rss';
import {
  MRQC_RSS_IPV4,
  MRQC_RSS_IPV6,
  MRQC_RSS_IPV6_EX,
  MRQC_RSS_TCP_IPV4,
  MRQC_RSS_TCP_IPV6,
  MRQC_RSS_TCP_IPV6_EX,
  MRQC_RSS_UDP_IPV4,
  MRQC_RSS_UDP_IPV6,
  MRQC_RSS_UDP_IPV6_EX,
} from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * Receive-side scaling: 82599 datasheet, section 4.6.10.1.1 (DPDK: `ixgbe_rss_configure`, `ixgbe_hw_rss_hash_set`).
 */

/** Queues that a redirection table can name: its entries have four bits. */
export const RSS_QUEUES = 16;
/** MRQC.MRQE: RSS and nothing else. */
const MRQE_RSS = 1;
const REDIRECTION_ENTRIES = 128;
const KEY_BYTES = 40;

/** The hash functions of ethdev, and what MRQC says for each. */
const FIELDS: readonly (readonly [number, number])[] = [
  [rss.RSS_IPV4, MRQC_RSS_IPV4],
  [rss.RSS_NONFRAG_IPV4_TCP, MRQC_RSS_TCP_IPV4],
  [rss.RSS_NONFRAG_IPV4_UDP, MRQC_RSS_UDP_IPV4],
  [rss.RSS_IPV6, MRQC_RSS_IPV6],
  [rss.RSS_NONFRAG_IPV6_TCP, MRQC_RSS_TCP_IPV6],
  [rss.RSS_NONFRAG_IPV6_UDP, MRQC_RSS_UDP_IPV6],
  [rss.RSS_IPV6_EX, MRQC_RSS_IPV6_EX],
  [rss.RSS_IPV6_TCP_EX, MRQC_RSS_TCP_IPV6_EX],
  [rss.RSS_IPV6_UDP_EX, MRQC_RSS_UDP_IPV6_EX],
];

/** What the card can do of RSS (DPDK: `IXGBE_RSS_OFFLOAD_ALL`). */
export const IXGBE_RSS: rss.RssCapabilities = {
  functions: FIELDS.reduce((mask, [bit]) => mask | bit, 0),
  keyBytes: KEY_BYTES,
  redirectionEntries: REDIRECTION_ENTRIES,
};

/** The hash key of who asks for none: Microsoft's verification suite has it, and DPDK's driver (`rss_intel_key`). */
export const DEFAULT_RSS_KEY: Uint8Array = Uint8Array.of(
  ...[0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca],
  ...[0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b],
  ...[0xbe, 0xac, 0x01, 0xfa],
);

/** The redirection table of who asks for none: the queues in turn. */
export function defaultRedirectionTable(queues: number): Uint16Array {
  const named = Math.max(1, Math.min(queues, RSS_QUEUES));
  return Uint16Array.from({ length: REDIRECTION_ENTRIES }, (_, i) => i % named);
}

/** Tells the card what to hash and with which key; no functions: all frames are queue 0's. */
export function writeRss(hardware: Hardware, { functions, key }: Required<rss.RssConfiguration>): void {
  let fields = 0;
  for (const [bit, mask] of FIELDS) if ((functions & bit) !== 0) fields |= mask;
  if (fields === 0) {
    hardware.write(REG.MRQC, 0);
    return;
  }
  for (let i = 0; i < KEY_BYTES; i += 4) {
    hardware.write(reg.rssrk(i / 4), (key[i] | (key[i + 1] << 8) | (key[i + 2] << 16) | (key[i + 3] << 24)) >>> 0);
  }
  // The descriptor has the hash, and not the checksum of a fragment.
  hardware.set(REG.RXCSUM, field.RXCSUM_PCSD);
  hardware.write(REG.MRQC, (MRQE_RSS | fields) >>> 0);
}

/** Tells the card the queue of each value of the hash's lowest 7 bits. */
export function writeRedirectionTable(hardware: Hardware, table: Uint16Array): void {
  for (let i = 0; i < REDIRECTION_ENTRIES; i += 4) {
    const entry = table[i] | (table[i + 1] << 8) | (table[i + 2] << 16) | (table[i + 3] << 24);
    hardware.write(reg.reta(i / 4), entry >>> 0);
  }
}
