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
import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import { RXD_SECERR_AUTHENTICATION, RXD_SECERR_LENGTH, RXD_SECERR_PROTOCOL, RXD_STAT_SECP } from '../descriptors.ts';
import { IPSRXIDX_IPS_RX_EN, IPSRXMOD_DECRYPT, IPSRXMOD_PROTO, SECRXCTRL_SECRX_DIS } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { findRxSa, NO_SA } from './security-lookup.ts';

/**
 * The receive side of the security block (X550 datasheet 7.13.4): which SA, if any; the errors that need no crypto; a
 * crypto job for the rest; and what became of it. Sizes and layout never change: header, IV, padding, trailer and ICV
 * stay. Nothing is dropped here, whatever is wrong with it.
 *
 * AH is recognised and matched, but not verified: such a packet is delivered as if it had no SA, and counted.
 */

const GOOD = counterSlot('rxSecurityGood');
const UNKNOWN = counterSlot('rxSecurityUnknown');
const OFF = counterSlot('rxSecurityOff');
const PROTOCOL = counterSlot('rxSecurityProtocol');
const LENGTH = counterSlot('rxSecurityLength');
const AUTHENTICATION = counterSlot('rxSecurityAuthentication');
const AH = counterSlot('rxSecurityAh');
const ENGINE_ERROR = counterSlot('rxEngineError');

/** The least that an ESP packet is, in bytes behind the IP header: SPI, sequence number, IV, 4 bytes, ICV. */
const ESP_LEAST = 36;
/** SPI, sequence number and IV. */
const ESP_HEADER = 16;
const SPI_AND_SEQUENCE = 8;
const ICV = 16;

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
  // The SPI of AH comes after next header, length and two reserved bytes.
  const spi = payload + (ah ? 4 : 0);
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
  if (ah) {
    count(core, AH);
    return false;
  }
  const bytes = end - payload;
  if ((flags & layout.FRAME_CUT) !== 0 || bytes < ESP_LEAST || (bytes & 3) !== 0) {
    u32[status] |= RXD_SECERR_LENGTH | (core.choices.lengthErrorSecp ? RXD_STAT_SECP : 0);
    count(core, LENGTH);
    return false;
  }
  u32[at + (layout.FRAME_SA >> 2)] = sa;
  return true;
}

/**
 * Makes the crypto job of a frame, which brings what is enciphered from the packet buffer to `to`; the rest of the frame
 * is copied here.
 */
export function prepareDecryption(core: CardCore, frame: number, length: number, record: number, to: number): void {
  const { u8, u16, i32, u32 } = core.memory;
  const { state } = core;
  const at = record >> 2;
  const esp = u32[at + (layout.FRAME_PAYLOAD >> 2)];
  const end = u32[at + (layout.FRAME_END >> 2)];
  const entry = (state + layout.RX_SA + u32[at + (layout.FRAME_SA >> 2)] * layout.SA_BYTES) >> 2;
  const cipher = (u32[entry + (layout.SA_MODE >> 2)] & IPSRXMOD_DECRYPT) !== 0;
  const job = (state + layout.JOBS + core.jobs * JOB_BYTES) >> 2;
  const nonce = (state + layout.NONCES + core.jobs * 16) >> 2;
  u32[((state + layout.JOB_FRAMES) >> 2) + core.jobs] = record;
  core.jobs++;
  const iv = (frame + esp + SPI_AND_SEQUENCE) >> 2;
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
  if (cipher) {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = end - esp - ESP_HEADER - ICV;
    u32[job + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
    copyFrame(u8, u16, i32, to, frame, esp + ESP_HEADER);
    copyFrame(u8, u16, i32, to + end - ICV, frame + end - ICV, length - end + ICV);
  } else {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    u32[job + (JOB_AAD_LENGTH >> 2)] = end - esp - ICV;
    copyFrame(u8, u16, i32, to, frame, length);
  }
}

/** Runs the jobs of a batch and writes what became of each into its frame's status. */
export function runDecryption(core: CardCore): void {
  const { u8, u16, i32, u32 } = core.memory;
  const { state } = core;
  core.engine.process(state + layout.JOBS, core.jobs);
  for (let i = 0; i < core.jobs; i++) {
    const job = (state + layout.JOBS + i * JOB_BYTES) >> 2;
    const record = u32[((state + layout.JOB_FRAMES) >> 2) + i];
    const status = (record + layout.FRAME_STATUS) >> 2;
    const result = u32[job + (JOB_STATUS >> 2)];
    if (result === STATUS_SUCCESS) {
      u32[status] |= RXD_STAT_SECP;
      count(core, GOOD);
      continue;
    }
    u32[status] |= RXD_STAT_SECP | RXD_SECERR_AUTHENTICATION;
    count(core, result === STATUS_AUTH_FAILED ? AUTHENTICATION : ENGINE_ERROR);
    if (result === STATUS_AUTH_FAILED && core.choices.unverifiedPayload === 'deciphered') continue;
    // The packet buffer still has the frame as it came.
    const offset = u32[job + (JOB_CIPHER_OFFSET >> 2)];
    const from = u32[job + (JOB_SOURCE >> 2)] + offset;
    copyFrame(u8, u16, i32, u32[job + (JOB_DESTINATION >> 2)] + offset, from, u32[job + (JOB_CIPHER_LENGTH >> 2)]);
  }
  core.jobs = 0;
}
