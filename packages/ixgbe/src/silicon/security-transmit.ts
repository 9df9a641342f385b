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
import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import {
  TXC_COMMAND,
  TXC_IPSEC_ENCRYPT,
  TXC_IPSEC_TYPE_ESP,
  TXC_IPV4,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXC_SA,
  TXC_SA_INDEX,
} from '../descriptors.ts';
import { IPSTXIDX_IPS_TX_EN, SECTXCTRL_SECTX_DIS, SECTXCTRL_STORE_FORWARD } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { txSession } from './security-tables.ts';

/**
 * The transmit side of the security block (X550 datasheet 7.13.5): key and salt by the context's SA index, never by SPI;
 * the packet is enciphered and the ICV put into the 16 bytes that software left at its end. Sizes never change.
 *
 * While software has not switched it on, a packet that asks for it leaves as it is, in clear: counted, because that is
 * what a driver must not let happen. AH is not made: such a packet leaves as it is, and is counted.
 */

const ENCRYPTED = counterSlot('txSecurityEncrypted');
const AUTHENTICATED = counterSlot('txSecurityAuthenticated');
const ZERO_KEY = counterSlot('txSecurityZeroKey');
const OFF = counterSlot('txSecurityOff');
const MALFORMED = counterSlot('txSecurityMalformed');
const HEADER_DIFFERS = counterSlot('txSecurityHeaderDiffers');
const WITHOUT_STORE_FORWARD = counterSlot('txSecurityWithoutStoreForward');
const AH = counterSlot('txSecurityAh');
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

/**
 * Makes the crypto job of a packet.
 *
 * @param slot its place in the packet buffer
 * @param source where it lies now: `slot`, or host memory
 * @param length its bytes, the room for the ICV included
 * @param context word of the memory's u32 where the context descriptor lies
 * @returns a SECURITY_ verdict
 */
export function prepareEncryption(
  core: CardCore,
  slot: number,
  source: number,
  length: number,
  context: number,
): number {
  const { registers, state } = core;
  const { u8, u16, i32, u32 } = core.memory;
  const control = registers[REG.SECTXCTRL >> 2];
  if ((registers[REG.IPSTXIDX >> 2] & IPSTXIDX_IPS_TX_EN) === 0 || (control & SECTXCTRL_SECTX_DIS) !== 0) {
    count(core, OFF);
    return SECURITY_CLEAR;
  }
  if ((control & SECTXCTRL_STORE_FORWARD) === 0) count(core, WITHOUT_STORE_FORWARD);
  const command = u32[context + (TXC_COMMAND >> 2)];
  if ((command & TXC_IPSEC_TYPE_ESP) === 0) {
    count(core, AH);
    return SECURITY_CLEAR;
  }
  // The card finds the ESP header by MACLEN and the IP version that the context tells, not by looking.
  const ip = (u32[context + (TXC_LENGTHS >> 2)] >>> TXC_MACLEN_SHIFT) & 0x7f;
  const ipv4 = (command & TXC_IPV4) !== 0;
  const esp = ip + (ipv4 ? 20 : 40);
  if (esp + ESP_HEADER + ICV > length) {
    count(core, MALFORMED);
    return SECURITY_DROP;
  }
  const agrees = u8[source + ip] >>> 4 === (ipv4 ? 4 : 6) && u8[source + ip + (ipv4 ? 9 : 6)] === PROTOCOL_ESP;
  if (!agrees) count(core, HEADER_DIFFERS);
  const entry = state + layout.TX_SA + (u32[context + (TXC_SA >> 2)] & TXC_SA_INDEX) * layout.SA_BYTES;
  const session = txSession(core, entry);
  if (session === core.zeroTxSession) count(core, ZERO_KEY);
  const job = (state + layout.JOBS + core.jobs * JOB_BYTES) >> 2;
  const nonce = (state + layout.NONCES + core.jobs * 16) >> 2;
  u32[((state + layout.JOB_FRAMES) >> 2) + core.jobs] = core.filled;
  core.jobs++;
  const iv = source + esp + SPI_AND_SEQUENCE;
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
  if ((command & TXC_IPSEC_ENCRYPT) !== 0) {
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = length - esp - ESP_HEADER - ICV;
    u32[job + (JOB_AAD_LENGTH >> 2)] = SPI_AND_SEQUENCE;
    if (source !== slot) copyFrame(u8, u16, i32, slot, source, esp + ESP_HEADER);
    count(core, ENCRYPTED);
  } else {
    // GMAC: everything is AAD, nothing is enciphered (RFC 4543).
    u32[job + (JOB_CIPHER_LENGTH >> 2)] = 0;
    u32[job + (JOB_AAD_LENGTH >> 2)] = length - esp - ICV;
    if (source !== slot) copyFrame(u8, u16, i32, slot, source, length - ICV);
    count(core, AUTHENTICATED);
  }
  return SECURITY_JOB;
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
    }
  }
  core.jobs = 0;
}
