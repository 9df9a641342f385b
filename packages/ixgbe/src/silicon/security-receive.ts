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
  STATUS_AUTH_FAILED,
  STATUS_NOT_PROCESSED,
  STATUS_SUCCESS,
} from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { RXD_SECERR_AUTHENTICATION, RXD_SECERR_LENGTH, RXD_SECERR_PROTOCOL, RXD_STAT_SECP } from '../descriptors.ts';
import {
  IPSRXIDX_IPS_RX_EN,
  IPSRXMOD_DECRYPT,
  IPSRXMOD_PROTO,
  RXCSUM_IPPCSE,
  SECRXCTRL_SECRX_DIS,
} from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { move } from './move.ts';
import { AH_BYTES_IPV4, AH_BYTES_IPV6, AH_ICV, AH_IV, AH_SPI, ahLengthFits, copyForAh } from './security-ah.ts';
import { reportInner } from './security-inner.ts';
import { findRxSa, NO_SA } from './security-lookup.ts';

/**
 * The receive side of the security block (X550 datasheet 7.13.4): which SA, if any; the errors that need no crypto; a
 * crypto job for the rest; and what became of it. Sizes and layout never change: header, IV, padding, trailer and ICV
 * stay. Nothing is dropped here, whatever is wrong with it.
 */

const GOOD = counterSlot('rxSecurityGood');
const UNKNOWN = counterSlot('rxSecurityUnknown');
const OFF = counterSlot('rxSecurityOff');
const PROTOCOL = counterSlot('rxSecurityProtocol');
const LENGTH = counterSlot('rxSecurityLength');
const AUTHENTICATION = counterSlot('rxSecurityAuthentication');
const ENGINE_ERROR = counterSlot('rxEngineError');

/** The least that an ESP packet is, in bytes behind the IP header: SPI, sequence number, IV, 4 bytes, ICV. */
const ESP_LEAST = 36;
/** SPI, sequence number and IV. */
const ESP_HEADER = 16;
const SPI_AND_SEQUENCE = 8;
const ICV = 16;

/** Ethernet and an IPv4 header. */
const PLAIN_PAYLOAD = 34;
// Words from that in which a frame begins to those of a plain ESP packet; a frame begins with the word's last 2 bytes.
const DESTINATION_WORD = 8;
const ESP_WORD = 9;
const IV_WORD = 11;
/** {@link layout.NO_QUEUE} as a signed word. */
const NOWHERE = layout.NO_QUEUE | 0;

/** True when software has switched the receive side on. */
export function receiveSecurityOn(registers: Uint32Array): boolean {
  return (
    (registers[REG.IPSRXIDX >> 2] & IPSRXIDX_IPS_RX_EN) !== 0 &&
    (registers[REG.SECRXCTRL >> 2] & SECRXCTRL_SECRX_DIS) === 0
  );
}

/**
 * Finds the SA of a candidate and settles all errors that need no crypto, in the frame's status.
 *
 * @returns true when a crypto job is to be made for it
 */
export function classifySecurity(core: CardCore, frame: number, length: number, record: number): boolean {
  const { u32 } = core.memory;
  const at = record >> 2;
  if (!receiveSecurityOn(core.registers)) {
    count(core, OFF);
    return false;
  }
  const flags = u32[at + (layout.FRAME_FLAGS >> 2)];
  const payload = u32[at + (layout.FRAME_PAYLOAD >> 2)];
  const end = u32[at + (layout.FRAME_END >> 2)];
  const ah = (flags & layout.FRAME_AH) !== 0;
  const spi = payload + (ah ? AH_SPI : 0);
  const ipv6 = flags & layout.FRAME_IPV6;
  // The parser puts IP headers at multiples of 4, so SPI and addresses can be read as words.
  const address = frame + u32[at + (layout.FRAME_L3 >> 2)] + (ipv6 !== 0 ? 24 : 16);
  const sa = spi + 4 > length ? NO_SA : findRxSa(core, (frame + spi) >> 2, address >> 2, ipv6);
  if (sa === NO_SA) {
    count(core, UNKNOWN);
    return false;
  }
  const status = at + (layout.FRAME_STATUS >> 2);
  const mode = u32[(core.state + layout.RX_SA + sa * layout.SA_BYTES + layout.SA_MODE) >> 2];
  if (((mode & IPSRXMOD_PROTO) === 0) !== ah) {
    u32[status] |= RXD_SECERR_PROTOCOL | (core.choices.protocolErrorSecp ? RXD_STAT_SECP : 0);
    count(core, PROTOCOL);
    return false;
  }
  const bytes = end - payload;
  const fits = ah
    ? bytes >= (ipv6 !== 0 ? AH_BYTES_IPV6 : AH_BYTES_IPV4) && ahLengthFits(core.memory.u8, frame + payload, ipv6 !== 0)
    : bytes >= ESP_LEAST && (bytes & 3) === 0;
  if ((flags & layout.FRAME_CUT) !== 0 || !fits) {
    u32[status] |= RXD_SECERR_LENGTH | (core.choices.lengthErrorSecp ? RXD_STAT_SECP : 0);
    count(core, LENGTH);
    return false;
  }
  u32[at + (layout.FRAME_SA >> 2)] = sa;
  return true;
}

/**
 * Makes the crypto job of a frame, which brings what is enciphered from the packet buffer to `to`; the rest of the frame
 * is copied here. A frame with AH is not changed, and its `to` may be the place that it has in the packet buffer: the
 * block's own room is taken by the copy that it authenticates.
 */
export function prepareDecryption(core: CardCore, frame: number, length: number, record: number, to: number): void {
  const { u32 } = core.memory;
  const { state } = core;
  const at = record >> 2;
  const flags = u32[at + (layout.FRAME_FLAGS >> 2)];
  const ah = (flags & layout.FRAME_AH) !== 0;
  const esp = u32[at + (layout.FRAME_PAYLOAD >> 2)];
  const end = u32[at + (layout.FRAME_END >> 2)];
  const entry = (state + layout.RX_SA + u32[at + (layout.FRAME_SA >> 2)] * layout.SA_BYTES) >> 2;
  const cipher = (u32[entry + (layout.SA_MODE >> 2)] & IPSRXMOD_DECRYPT) !== 0;
  const job = (state + layout.JOBS + core.jobs * JOB_BYTES) >> 2;
  const nonce = (state + layout.NONCES + core.jobs * 16) >> 2;
  u32[((state + layout.JOB_FRAMES) >> 2) + core.jobs] = record;
  core.jobs++;
  const iv = (frame + esp + (ah ? AH_IV : SPI_AND_SEQUENCE)) >> 2;
  u32[nonce] = u32[entry + (layout.SA_NONCE >> 2)];
  u32[nonce + 1] = u32[iv];
  u32[nonce + 2] = u32[iv + 1];
  u32[job + (JOB_SESSION >> 2)] = u32[entry + (layout.SA_SESSION >> 2)];
  u32[job + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
  u32[job + (JOB_SOURCE >> 2)] = frame;
  u32[job + (JOB_DESTINATION >> 2)] = to;
  u32[job + (JOB_CIPHER_OFFSET >> 2)] = esp + ESP_HEADER;
  u32[job + (JOB_IV >> 2)] = nonce << 2;
  u32[job + (JOB_AAD >> 2)] = frame + esp;
  u32[job + (JOB_TAG >> 2)] = frame + end - ICV;
  if (ah) {
    const ip = u32[at + (layout.FRAME_L3 >> 2)];
    const copy = frame + layout.SLOTS * layout.SLOT_BYTES;
    copyForAh(core, frame, copy, ip, esp, end, (flags & layout.FRAME_IPV6) !== 0);
    u32[job + (JOB_AAD >> 2)] = copy + ip;
    u32[job + (JOB_AAD_LENGTH >> 2)] = end - ip;
    u32[job + (JOB_TAG >> 2)] = frame + esp + AH_ICV;
    u32[job + (JOB_CIPHER_OFFSET >> 2)] = end;
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    if (to !== frame) move(core, to, frame, length);
  } else if (cipher) {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = end - esp - ESP_HEADER - ICV;
    u32[job + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
    move(core, to, frame, esp + ESP_HEADER);
    move(core, to + end - ICV, frame + end - ICV, length - end + ICV);
  } else {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    u32[job + (JOB_AAD_LENGTH >> 2)] = end - esp - ICV;
    move(core, to, frame, length);
  }
}

/**
 * {@link classifySecurity} and {@link prepareDecryption} for frames from number `first` on that are what most are: ESP with
 * the address and the SPI of the first one, enciphered, in IPv4 behind a plain Ethernet header, sound, with nothing behind
 * the ICV, and into one buffer of the host where bytes have the same place in a word.
 *
 * @returns the number of the frame that it did not take; `first` when that is none of these
 */
export function prepareDecryptionRunLoop({
  i32,
  u16,
}: Memory): (core: CardCore, first: number, frames: number) => number {
  return (core: CardCore, first: number, frames: number): number => {
    const { state } = core;
    let record = (state + layout.FRAMES + first * layout.FRAME_BYTES) | 0;
    if (!receiveSecurityOn(core.registers) || !isPlain(i32, record)) return first;
    const at = core.framesAt >> 2;
    const lengths = (state + layout.RX_LENGTHS) >> 2;
    const firstWord = i32[at + first] >> 2;
    const sa = findRxSa(core, firstWord + ESP_WORD, firstWord + DESTINATION_WORD, 0);
    if (sa === NO_SA) return first;
    const entry = (state + layout.RX_SA + sa * layout.SA_BYTES) >> 2;
    const wanted = IPSRXMOD_PROTO | IPSRXMOD_DECRYPT;
    if ((i32[entry + (layout.SA_MODE >> 2)] & wanted) !== wanted) return first;
    const address = i32[firstWord + DESTINATION_WORD];
    const spi = i32[firstWord + ESP_WORD];
    const salt = i32[entry + (layout.SA_NONCE >> 2)];
    const session = i32[entry + (layout.SA_SESSION >> 2)];
    let job = (state + layout.JOBS + core.jobs * JOB_BYTES) | 0;
    let nonce = (state + layout.NONCES + core.jobs * 16) | 0;
    const jobFrames = (((state + layout.JOB_FRAMES) >> 2) + core.jobs - first) | 0;
    let i = first;
    for (; i < frames; i++) {
      const known = record >> 2;
      const frame = i32[at + i];
      const end = i32[known + (layout.FRAME_END >> 2)];
      const to = i32[known + (layout.FRAME_HOST >> 2)];
      const bytes = (end - PLAIN_PAYLOAD) | 0;
      if (
        i32[known + (layout.FRAME_FLAGS >> 2)] !== layout.FRAME_CANDIDATE ||
        i32[known + (layout.FRAME_PAYLOAD >> 2)] !== PLAIN_PAYLOAD ||
        i32[lengths + i] !== end ||
        bytes < ESP_LEAST ||
        (bytes & 3) !== 0 ||
        (to & 3) !== 2 ||
        i32[known + (layout.FRAME_QUEUE >> 2)] === NOWHERE
      ) {
        break;
      }
      const from = frame >> 2;
      const destination = i32[from + DESTINATION_WORD];
      const index = i32[from + ESP_WORD];
      if (destination !== address || index !== spi) break;
      const iv0 = i32[from + IV_WORD];
      const iv1 = i32[from + IV_WORD + 1];
      const slot = nonce >> 2;
      i32[slot] = salt;
      i32[slot + 1] = iv0;
      i32[slot + 2] = iv1;
      const fields = job >> 2;
      i32[fields + (JOB_SESSION >> 2)] = session;
      i32[fields + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
      i32[fields + (JOB_SOURCE >> 2)] = frame;
      i32[fields + (JOB_DESTINATION >> 2)] = to;
      i32[fields + (JOB_CIPHER_OFFSET >> 2)] = PLAIN_PAYLOAD + ESP_HEADER;
      i32[fields + (JOB_CIPHER_LENGTH >> 2)] = (bytes - ESP_HEADER - ICV) | 0;
      i32[fields + (JOB_IV >> 2)] = nonce;
      i32[fields + (JOB_AAD >> 2)] = (frame + PLAIN_PAYLOAD) | 0;
      i32[fields + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
      i32[fields + (JOB_TAG >> 2)] = (frame + end - ICV) | 0;
      i32[jobFrames + i] = record;
      // All up to the IV, of which the first word has 2 bytes; then the ICV.
      const host = to >> 2;
      u16[to >> 1] = i32[from] >>> 16;
      i32[host + 1] = i32[from + 1];
      i32[host + 2] = i32[from + 2];
      i32[host + 3] = i32[from + 3];
      i32[host + 4] = i32[from + 4];
      i32[host + 5] = i32[from + 5];
      i32[host + 6] = i32[from + 6];
      i32[host + 7] = i32[from + 7];
      i32[host + DESTINATION_WORD] = destination;
      i32[host + ESP_WORD] = index;
      i32[host + ESP_WORD + 1] = i32[from + ESP_WORD + 1];
      i32[host + IV_WORD] = iv0;
      i32[host + IV_WORD + 1] = iv1;
      const icv = (frame + end - ICV) >> 2;
      const icvTo = (to + end - ICV) >> 2;
      i32[icvTo] = i32[icv];
      i32[icvTo + 1] = i32[icv + 1];
      i32[icvTo + 2] = i32[icv + 2];
      i32[icvTo + 3] = i32[icv + 3];
      job = (job + JOB_BYTES) | 0;
      nonce = (nonce + 16) | 0;
      record = (record + layout.FRAME_BYTES) | 0;
    }
    core.jobs += i - first;
    return i;
  };
}

/** Whether a frame is of the kind of which a run can be, as far as its SA is found by it. */
function isPlain(i32: Int32Array, record: number): boolean {
  return (
    i32[(record + layout.FRAME_FLAGS) >> 2] === layout.FRAME_CANDIDATE &&
    i32[(record + layout.FRAME_PAYLOAD) >> 2] === PLAIN_PAYLOAD
  );
}

/** Runs the jobs of a batch and writes what became of each into its frame's status. */
export function runDecryption(core: CardCore): void {
  const { i32 } = core.memory;
  const { jobs, registers, state } = core;
  // Layer 4 is looked at behind the security block as before it: while software wants its checksums.
  const layer4 = (registers[REG.RXCSUM >> 2] & RXCSUM_IPPCSE) !== 0;
  if (core.engine.process(state + layout.JOBS, jobs) !== jobs) {
    judgeJobs(core, layer4);
    return;
  }
  const first = (state + layout.JOB_FRAMES) >> 2;
  for (let i = 0; i < jobs; i++) i32[(i32[first + i] + layout.FRAME_STATUS) >> 2] |= RXD_STAT_SECP;
  if (layer4) for (let i = 0; i < jobs; i++) reportInner(core, i);
  count(core, GOOD, jobs);
  core.jobs = 0;
}

/** Some of the jobs failed. */
function judgeJobs(core: CardCore, layer4: boolean): void {
  const { u32 } = core.memory;
  const { state } = core;
  for (let i = 0; i < core.jobs; i++) {
    const job = (state + layout.JOBS + i * JOB_BYTES) >> 2;
    const record = u32[((state + layout.JOB_FRAMES) >> 2) + i];
    const status = (record + layout.FRAME_STATUS) >> 2;
    const result = u32[job + (JOB_STATUS >> 2)];
    if (result === STATUS_SUCCESS) {
      u32[status] |= RXD_STAT_SECP;
      if (layer4) reportInner(core, i);
      count(core, GOOD);
      continue;
    }
    u32[status] |= RXD_STAT_SECP | RXD_SECERR_AUTHENTICATION;
    count(core, result === STATUS_AUTH_FAILED ? AUTHENTICATION : ENGINE_ERROR);
    if (result === STATUS_AUTH_FAILED && core.choices.unverifiedPayload === 'deciphered') continue;
    // The packet buffer still has the frame as it came.
    const offset = u32[job + (JOB_CIPHER_OFFSET >> 2)];
    const from = u32[job + (JOB_SOURCE >> 2)] + offset;
    move(core, u32[job + (JOB_DESTINATION >> 2)] + offset, from, u32[job + (JOB_CIPHER_LENGTH >> 2)]);
  }
  core.jobs = 0;
}
