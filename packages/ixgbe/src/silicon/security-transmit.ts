import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  STATUS_NOT_PROCESSED,
  STATUS_SUCCESS,
} from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  DESCRIPTOR_BYTES,
  TXC_COMMAND,
  TXC_IPLEN,
  TXC_IPSEC_ENCRYPT,
  TXC_IPSEC_TYPE_ESP,
  TXC_IPV4,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXC_SA,
  TXC_SA_INDEX,
  TXD_ADDRESS_HI,
  TXD_ADDRESS_LO,
  TXD_CC,
  TXD_COMMAND,
  TXD_DTALEN,
  TXD_OPTIONS,
  TXD_PAYLEN_SHIFT,
  TXD_POPTS_TXSM,
  TXD_RS,
  TXD_WHOLE,
} from '../descriptors.ts';
import { IPSTXIDX_IPS_TX_EN, SECTXCTRL_SECTX_DIS, SECTXCTRL_STORE_FORWARD } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { move } from './move.ts';
import { AH_BYTES_IPV4, AH_BYTES_IPV6, AH_ICV, AH_IV, ahLengthFits, copyForAh } from './security-ah.ts';
import { txSession } from './security-tables.ts';

/**
 * The transmit side of the security block (X550 datasheet 7.13.5): key and salt by the context's SA index, never by SPI;
 * the packet is enciphered and the ICV put into the 16 bytes that software left at its end. Sizes never change.
 *
 * While software has not switched it on, a packet that asks for it leaves as it is, in clear: counted, because that is
 * what a driver must not let happen.
 */

const ENCRYPTED = counterSlot('txSecurityEncrypted');
const AUTHENTICATED = counterSlot('txSecurityAuthenticated');
const ZERO_KEY = counterSlot('txSecurityZeroKey');
const OFF = counterSlot('txSecurityOff');
const MALFORMED = counterSlot('txSecurityMalformed');
const HEADER_DIFFERS = counterSlot('txSecurityHeaderDiffers');
const WITHOUT_STORE_FORWARD = counterSlot('txSecurityWithoutStoreForward');
const WITHOUT_CHECK = counterSlot('txSecurityWithoutCheck');
const ENGINE_ERROR = counterSlot('txEngineError');

/** Verdict of {@link prepareEncryption}: the packet leaves as it is. */
export const SECURITY_CLEAR = 0;
/** Verdict of {@link prepareEncryption}: a job was made, and all that it does not bring was copied. */
export const SECURITY_JOB = 1;
/** Verdict of {@link prepareEncryption}: no room for an ESP packet in it. */
export const SECURITY_DROP = 2;

const ESP_HEADER = 16;
const SPI_AND_SEQUENCE = 8;
const ICV = 16;
const PROTOCOL_ESP = 50;
const PROTOCOL_AH = 51;

const ETHERNET_HEADER = 14;
const IPV4_HEADER = 20;
/** Ethernet and an IPv4 header. */
const PLAIN_PAYLOAD = 34;
/** That, an ESP header and an ICV: what is left is enciphered. */
const PLAIN_LEAST = PLAIN_PAYLOAD + ESP_HEADER + ICV;
/** What store-and-forward holds. */
const PLAIN_MOST = 9728;
/** Of a data descriptor's options: all that is not PAYLEN. */
const OPTION_BITS = (1 << TXD_PAYLEN_SHIFT) - 1;

/** True when software has switched the transmit side on. */
export function transmitSecurityOn(registers: Uint32Array): boolean {
  return (
    (registers[REG.IPSTXIDX >> 2] & IPSTXIDX_IPS_TX_EN) !== 0 &&
    (registers[REG.SECTXCTRL >> 2] & SECTXCTRL_SECTX_DIS) === 0
  );
}

/**
 * Makes the crypto job of a packet.
 *
 * @param slot its place in the packet buffer
 * @param source where it lies now: `slot`, or host memory
 * @param length its bytes, the room for the ICV included
 * @param context word of the memory's u32 where the context descriptor lies
 * @param options of its first data descriptor: POPTS and CC
 * @returns a SECURITY_ verdict
 */
export function prepareEncryption(
  core: CardCore,
  slot: number,
  source: number,
  length: number,
  context: number,
  options: number,
): number {
  const { choices, registers, state } = core;
  const { u8, u32 } = core.memory;
  const control = registers[REG.SECTXCTRL >> 2];
  if (!transmitSecurityOn(registers)) {
    count(core, OFF);
    return choices.transmitWhileOff === 'drop' ? SECURITY_DROP : SECURITY_CLEAR;
  }
  if (choices.contextCheck === 'needed' && (options & TXD_CC) === 0) {
    count(core, WITHOUT_CHECK);
    return SECURITY_CLEAR;
  }
  if ((control & SECTXCTRL_STORE_FORWARD) === 0) count(core, WITHOUT_STORE_FORWARD);
  const command = u32[context + (TXC_COMMAND >> 2)];
  const ah = (command & TXC_IPSEC_TYPE_ESP) === 0;
  // The card finds the header by what the context tells, not by looking.
  const lengths = u32[context + (TXC_LENGTHS >> 2)];
  const ip = (lengths >>> TXC_MACLEN_SHIFT) & 0x7f;
  const ipv4 = (command & TXC_IPV4) !== 0;
  const esp = ip + ipHeaderBytes(core, lengths, ipv4, (options & TXD_POPTS_TXSM) !== 0);
  const least = ah ? (ipv4 ? AH_BYTES_IPV4 : AH_BYTES_IPV6) : ESP_HEADER + ICV;
  if (esp + least > length) {
    count(core, MALFORMED);
    return SECURITY_DROP;
  }
  const protocol = ah ? PROTOCOL_AH : PROTOCOL_ESP;
  const agrees =
    u8[source + ip] >>> 4 === (ipv4 ? 4 : 6) &&
    u8[source + ip + (ipv4 ? 9 : 6)] === protocol &&
    esp === ip + (ipv4 ? 20 : 40) &&
    (!ah || ahLengthFits(u8, source + esp, !ipv4));
  if (!agrees) count(core, HEADER_DIFFERS);
  const entry = state + layout.TX_SA + (u32[context + (TXC_SA >> 2)] & TXC_SA_INDEX) * layout.SA_BYTES;
  const session = txSession(core, entry);
  if (session === core.zeroTxSession) count(core, ZERO_KEY);
  const job = (state + layout.JOBS + core.jobs * JOB_BYTES) >> 2;
  const nonce = (state + layout.NONCES + core.jobs * 16) >> 2;
  u32[((state + layout.JOB_FRAMES) >> 2) + core.jobs] = core.filled;
  core.jobs++;
  const iv = source + esp + (ah ? AH_IV : SPI_AND_SEQUENCE);
  u32[nonce] = u32[(entry + layout.SA_NONCE) >> 2];
  if ((iv & 3) === 0) {
    u32[nonce + 1] = u32[iv >> 2];
    u32[nonce + 2] = u32[(iv >> 2) + 1];
  } else for (let n = 0; n < 8; n++) u8[(nonce << 2) + 4 + n] = u8[iv + n];
  u32[job + (JOB_SESSION >> 2)] = session;
  u32[job + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
  u32[job + (JOB_SOURCE >> 2)] = source;
  u32[job + (JOB_DESTINATION >> 2)] = slot;
  u32[job + (JOB_CIPHER_OFFSET >> 2)] = esp + ESP_HEADER;
  u32[job + (JOB_IV >> 2)] = nonce << 2;
  u32[job + (JOB_AAD >> 2)] = source + esp;
  u32[job + (JOB_TAG >> 2)] = slot + length - ICV;
  if (ah) {
    if (source !== slot) move(core, slot, source, length);
    // The room of the receive side, which has nothing under way while frames are sent.
    const copy = slot - layout.SLOTS * layout.SLOT_BYTES;
    copyForAh(core, slot, copy, ip, esp, length, !ipv4);
    u32[job + (JOB_SOURCE >> 2)] = slot;
    u32[job + (JOB_CIPHER_OFFSET >> 2)] = length;
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    u32[job + (JOB_AAD >> 2)] = copy + ip;
    u32[job + (JOB_AAD_LENGTH >> 2)] = length - ip;
    u32[job + (JOB_TAG >> 2)] = slot + esp + AH_ICV;
    count(core, AUTHENTICATED);
  } else if ((command & TXC_IPSEC_ENCRYPT) !== 0) {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = length - esp - ESP_HEADER - ICV;
    u32[job + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
    if (source !== slot) move(core, slot, source, esp + ESP_HEADER);
    count(core, ENCRYPTED);
  } else {
    // GMAC: everything is AAD, nothing is enciphered (RFC 4543).
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    u32[job + (JOB_AAD_LENGTH >> 2)] = length - esp - ICV;
    if (source !== slot) move(core, slot, source, length - ICV);
    count(core, AUTHENTICATED);
  }
  return SECURITY_JOB;
}

/**
 * Bytes from the IP header to ESP or AH. By IPLEN, if that is the choice: it counts the ESP header where a layer 4 checksum
 * is asked for (X550 datasheet 7.2.3.2).
 */
function ipHeaderBytes(core: CardCore, lengths: number, ipv4: boolean, layer4: boolean): number {
  if (core.choices.espHeader === 'version') return ipv4 ? 20 : 40;
  return (lengths & TXC_IPLEN) - (layer4 ? ESP_HEADER : 0);
}

/**
 * {@link prepareEncryption} for packets that are what most are: enciphered, in IPv4 behind a plain Ethernet header, whole in
 * one buffer of the host where bytes have the same place in a word as in the packet buffer. They get the next places there.
 *
 * @param from position of the first descriptor
 * @param most descriptors to look at
 * @param context word of the memory's u32 where their context lies
 * @returns how many it took, from the first on
 */
export function prepareEncryptionRunLoop({
  i32,
  u16,
}: Memory): (core: CardCore, from: number, most: number, context: number) => number {
  return (core: CardCore, from: number, most: number, context: number): number => {
    const { registers, state, filled } = core;
    const { direct } = core.dma;
    const control = registers[REG.SECTXCTRL >> 2];
    const on = (registers[REG.IPSTXIDX >> 2] & IPSTXIDX_IPS_TX_EN) !== 0;
    // A trace tells of each packet.
    if (direct === undefined || !on || core.trace !== undefined) return 0;
    if ((control & (SECTXCTRL_SECTX_DIS | SECTXCTRL_STORE_FORWARD)) !== SECTXCTRL_STORE_FORWARD) return 0;
    const wanted = TXC_IPSEC_TYPE_ESP | TXC_IPSEC_ENCRYPT | TXC_IPV4;
    if ((i32[context + (TXC_COMMAND >> 2)] & wanted) !== wanted) return 0;
    const lengthsTold = i32[context + (TXC_LENGTHS >> 2)];
    if (((lengthsTold >>> TXC_MACLEN_SHIFT) & 0x7f) !== ETHERNET_HEADER) return 0;
    if (ipHeaderBytes(core, lengthsTold, true, false) !== IPV4_HEADER) return 0;
    const entry = state + layout.TX_SA + (i32[context + (TXC_SA >> 2)] & TXC_SA_INDEX) * layout.SA_BYTES;
    const session = txSession(core, entry) | 0;
    if (session === core.zeroTxSession) return 0;
    const end = direct.end | 0;
    const gap = direct.gap | 0;
    const gapEnd = direct.gapEnd | 0;
    const salt = i32[(entry + layout.SA_NONCE) >> 2];
    const options = i32[(from + TXD_OPTIONS) >> 2] & OPTION_BITS;
    if (core.choices.contextCheck === 'needed' && (options & TXD_CC) === 0) return 0;
    const at = ((state + layout.TX_AT) >> 2) + filled;
    const lengths = ((state + layout.TX_LENGTHS) >> 2) + filled;
    const jobFrames = ((state + layout.JOB_FRAMES) >> 2) + core.jobs;
    let descriptor = from | 0;
    let job = (state + layout.JOBS + core.jobs * JOB_BYTES) | 0;
    let nonce = (state + layout.NONCES + core.jobs * 16) | 0;
    let bytes = 0;
    let i = 0;
    for (; i < most; i++) {
      const fetched = descriptor >> 2;
      const command = i32[fetched + (TXD_COMMAND >> 2)];
      const length = command & TXD_DTALEN;
      if ((command & ~(TXD_DTALEN | TXD_RS)) !== TXD_WHOLE || length < PLAIN_LEAST || length > PLAIN_MOST) break;
      // The same context, nothing else asked for, and PAYLEN as it should be.
      if (i32[fetched + (TXD_OPTIONS >> 2)] !== ((length << TXD_PAYLEN_SHIFT) | options)) break;
      const host = i32[fetched + (TXD_ADDRESS_LO >> 2)];
      const hostEnd = (host + length) | 0;
      if (i32[fetched + (TXD_ADDRESS_HI >> 2)] !== 0 || (host & 3) !== 2 || host < 0 || hostEnd > end || hostEnd < 0)
        break;
      if (host < gapEnd && hostEnd > gap) break;
      // Both begin with the last 2 bytes of a word.
      const source = host >> 2;
      const version = i32[source + 4];
      const protocol = i32[source + 6];
      if ((version & 0xf0) !== 0x40 || ((protocol >>> 8) & 0xff) !== PROTOCOL_ESP) break;
      const slot = i32[at + i];
      const to = slot >> 2;
      u16[slot >> 1] = u16[host >> 1];
      i32[to + 1] = i32[source + 1];
      i32[to + 2] = i32[source + 2];
      i32[to + 3] = i32[source + 3];
      i32[to + 4] = version;
      i32[to + 5] = i32[source + 5];
      i32[to + 6] = protocol;
      i32[to + 7] = i32[source + 7];
      i32[to + 8] = i32[source + 8];
      i32[to + 9] = i32[source + 9];
      i32[to + 10] = i32[source + 10];
      const iv0 = i32[source + 11];
      const iv1 = i32[source + 12];
      i32[to + 11] = iv0;
      i32[to + 12] = iv1;
      const words = nonce >> 2;
      i32[words] = salt;
      i32[words + 1] = iv0;
      i32[words + 2] = iv1;
      const fields = job >> 2;
      i32[fields + (JOB_SESSION >> 2)] = session;
      i32[fields + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
      i32[fields + (JOB_SOURCE >> 2)] = host;
      i32[fields + (JOB_DESTINATION >> 2)] = slot;
      i32[fields + (JOB_CIPHER_OFFSET >> 2)] = PLAIN_PAYLOAD + ESP_HEADER;
      i32[fields + (JOB_CIPHER_LENGTH >> 2)] = (length - PLAIN_LEAST) | 0;
      i32[fields + (JOB_IV >> 2)] = nonce;
      i32[fields + (JOB_AAD >> 2)] = (host + PLAIN_PAYLOAD) | 0;
      i32[fields + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
      i32[fields + (JOB_TAG >> 2)] = (slot + length - ICV) | 0;
      i32[jobFrames + i] = (filled + i) | 0;
      i32[lengths + i] = length;
      bytes = (bytes + length) | 0;
      descriptor = (descriptor + DESCRIPTOR_BYTES) | 0;
      job = (job + JOB_BYTES) | 0;
      nonce = (nonce + 16) | 0;
    }
    core.jobs += i;
    core.gathered += bytes;
    count(core, ENCRYPTED, i);
    return i;
  };
}

/** Runs the jobs of a batch. A frame that the engine could not do gets length 0: it must not leave. */
export function runEncryption(core: CardCore): void {
  const { u32 } = core.memory;
  const { state } = core;
  const good = core.engine.process(state + layout.JOBS, core.jobs);
  if (good !== core.jobs) {
    for (let i = 0; i < core.jobs; i++) {
      const job = (state + layout.JOBS + i * JOB_BYTES) >> 2;
      if (u32[job + (JOB_STATUS >> 2)] === STATUS_SUCCESS) continue;
      core.txLengths[u32[((state + layout.JOB_FRAMES) >> 2) + i]] = 0;
      count(core, ENGINE_ERROR);
      core.trace?.({ kind: 'transmit', time: core.environment.now(), outcome: 'engine-failed' });
    }
  }
  core.jobs = 0;
}
