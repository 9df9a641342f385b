import { IPSRX_IP_ENTRIES, IPSRX_SA_ENTRIES } from '../descriptors.ts';
import { IPSRXMOD_IPV6, IPSRXMOD_VALID } from '../register-fields.ts';
import type { CardCore } from './_core.ts';
import {
  IP_CHAINS,
  IP_HEADS,
  IP_NEXT,
  LOOKUP_STALE,
  RX_IP,
  RX_SA,
  RX_SPI,
  SA_BYTES,
  SA_MODE,
  SPI_CHAINS,
  SPI_HEADS,
  SPI_NEXT,
} from './_layout.ts';

/**
 * The two content-addressed memories of the receive side: destination address → IP index, (SPI, IP index) → SA index.
 * They are chains over the tables, built anew when a table changed and a packet comes. Where several entries are equal,
 * the lowest index wins, or the highest if that is the card's choice; whether its key entry is valid is asked only then, as in the card.
 */

/** Result of {@link findRxSa}: no entry fits. */
export const NO_SA = -1;

/**
 * The SA of a packet: the address CAM, the SPI CAM, then VALID and IP version of the key entry. PROTO is not looked at.
 *
 * @param spi word of the memory's u32 where the SPI lies, in network order
 * @param ip word where the destination address lies: one word of IPv4, four of IPv6
 * @param ipv6 1 for IPv6, 0 for IPv4
 * @returns the SA's index, or {@link NO_SA}
 */
export function findRxSa(core: CardCore, spi: number, ip: number, ipv6: number): number {
  const { u32 } = core.memory;
  const { state } = core;
  if (u32[(state + LOOKUP_STALE) >> 2] !== 0) rebuildLookup(core);
  const a = ipv6 !== 0 ? u32[ip] : 0;
  const b = ipv6 !== 0 ? u32[ip + 1] : 0;
  const c = ipv6 !== 0 ? u32[ip + 2] : 0;
  const d = ipv6 !== 0 ? u32[ip + 3] : u32[ip];
  let address = u32[((state + IP_HEADS) >> 2) + ipChain(a, b, c, d)];
  for (; address !== 0; address = u32[((state + IP_NEXT) >> 2) + address - 1]) {
    const at = ((state + RX_IP) >> 2) + (address - 1) * 4;
    if (u32[at] === a && u32[at + 1] === b && u32[at + 2] === c && u32[at + 3] === d) break;
  }
  if (address === 0) return NO_SA;
  const wanted = u32[spi];
  let sa = u32[((state + SPI_HEADS) >> 2) + spiChain(wanted, address - 1)];
  for (; sa !== 0; sa = u32[((state + SPI_NEXT) >> 2) + sa - 1]) {
    const at = ((state + RX_SPI) >> 2) + (sa - 1) * 2;
    if (u32[at] === wanted && u32[at + 1] === address - 1) break;
  }
  if (sa === 0) return NO_SA;
  const mode = u32[(state + RX_SA + (sa - 1) * SA_BYTES + SA_MODE) >> 2];
  const right = IPSRXMOD_VALID | (ipv6 !== 0 ? IPSRXMOD_IPV6 : 0);
  return (mode & (IPSRXMOD_VALID | IPSRXMOD_IPV6)) === right ? sa - 1 : NO_SA;
}

function rebuildLookup(core: CardCore): void {
  const { u32 } = core.memory;
  const { state } = core;
  u32.fill(0, (state + SPI_HEADS) >> 2, ((state + SPI_HEADS) >> 2) + SPI_CHAINS);
  u32.fill(0, (state + IP_HEADS) >> 2, ((state + IP_HEADS) >> 2) + IP_CHAINS);
  const lowest = core.choices.equalEntries === 'lowest';
  link(u32, (state + SPI_HEADS) >> 2, (state + SPI_NEXT) >> 2, (state + RX_SPI) >> 2, 2, IPSRX_SA_ENTRIES, lowest);
  link(u32, (state + IP_HEADS) >> 2, (state + IP_NEXT) >> 2, (state + RX_IP) >> 2, 4, IPSRX_IP_ENTRIES, lowest);
  u32[(state + LOOKUP_STALE) >> 2] = 0;
}

/** The entry that is to win comes last, and so first in its chain; entries of `words` words. */
function link(
  u32: Uint32Array,
  heads: number,
  next: number,
  entries: number,
  words: number,
  count: number,
  lowest: boolean,
): void {
  for (let n = 0; n < count; n++) {
    const i = lowest ? count - 1 - n : n;
    const at = entries + i * words;
    const chain =
      words === 2 ? spiChain(u32[at], u32[at + 1]) : ipChain(u32[at], u32[at + 1], u32[at + 2], u32[at + 3]);
    const head = u32[heads + chain];
    // A run of equal entries, as a table of cleared ones is, would make a long chain of which only the first counts.
    u32[next + i] = head !== 0 && equal(u32, at, entries + (head - 1) * words, words) ? u32[next + head - 1] : head;
    u32[heads + chain] = i + 1;
  }
}

function equal(u32: Uint32Array, a: number, b: number, words: number): boolean {
  for (let n = 0; n < words; n++) if (u32[a + n] !== u32[b + n]) return false;
  return true;
}

function spiChain(spi: number, address: number): number {
  return (Math.imul(spi ^ (address << 17), 0x9e3779b1) >>> 16) & (SPI_CHAINS - 1);
}

function ipChain(a: number, b: number, c: number, d: number): number {
  return (Math.imul(a ^ b ^ c ^ d, 0x9e3779b1) >>> 16) & (IP_CHAINS - 1);
}
