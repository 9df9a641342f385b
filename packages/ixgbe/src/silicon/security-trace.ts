import {
  IPSRX_IP_ENTRIES,
  IPSRX_SA_ENTRIES,
  RXD_SECERR_AUTHENTICATION,
  RXD_SECERR_LENGTH,
  RXD_SECERR_PROTOCOL,
  RXD_STAT_SECP,
  TXC_COMMAND,
  TXC_IPSEC_ENCRYPT,
  TXC_IPSEC_TYPE_ESP,
  TXC_IPV4,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXC_SA,
  TXC_SA_INDEX,
} from '../descriptors.ts';
import { IPSRXMOD_IPV6, IPSRXMOD_VALID } from '../register-fields.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { receiveSecurityOn } from './security-receive.ts';
import { SECURITY_DROP, SECURITY_JOB, transmitSecurityOn } from './security-transmit.ts';

/**
 * The security block's decisions, told packet by packet: which entries of the tables a received packet led to and what came
 * of it, under which SA a packet left. What came of it is read from where the card itself left it; the way through the
 * tables is gone once more here, entry by entry, so that the paths that packets take need not remember it.
 */

/** What became of a received packet. */
export type ReceiveOutcome =
  | 'icv-good'
  | 'icv-bad'
  | 'wrong-protocol'
  | 'bad-length'
  | 'security-off'
  | 'no-address-entry'
  | 'no-spi-entry'
  | 'entry-not-valid'
  | 'other-ip-version'
  | 'passed-over';

/** A packet that the security block looked at on its way in. */
export interface ReceiveDecision {
  readonly kind: 'receive';
  /** The environment's nanoseconds. */
  readonly time: number;
  readonly queue: number;
  readonly protocol: 'esp' | 'ah';
  readonly spi: number;
  /** Hexadecimal, as it stands in the packet. */
  readonly destination: string;
  /** Entry of the IP table with that destination. */
  readonly ipIndex?: number;
  /** Entry of the SPI and of the key table with that SPI and IP index. */
  readonly sa?: number;
  readonly outcome: ReceiveOutcome;
  /** What the descriptor says. */
  readonly secp: boolean;
  /** The two bits of the descriptor's SECERR: 0 none, 1 protocol, 2 length, 3 authentication. */
  readonly secerr: number;
}

/** What became of a packet to be sent. */
export type TransmitOutcome = 'enciphered' | 'authenticated' | 'sent-in-clear' | 'dropped' | 'engine-failed';

/**
 * Why a packet was passed over or dropped: the transmit side is off, its data descriptor has no CC where the card wants it, or
 * it has no room for ESP or AH.
 */
export type TransmitReason = 'security-off' | 'no-context-check' | 'no-room';

/** A packet that asked for the security block on its way out. */
export interface TransmitDecision {
  readonly kind: 'transmit';
  readonly time: number;
  readonly protocol?: 'esp' | 'ah';
  /** The context's SA index. */
  readonly sa?: number;
  /** As it stands in the packet, at which the card does not look; undefined where it does not reach that far. */
  readonly spi?: number;
  /** `engine-failed` comes on its own, after the decision for the packet that it is about. */
  readonly outcome: TransmitOutcome;
  /** Of `sent-in-clear` and of `dropped`. */
  readonly reason?: TransmitReason;
}

/** What the security block decided about one packet. */
export type SecurityDecision = ReceiveDecision | TransmitDecision;

const IPV4_DESTINATION = 16;
const IPV6_DESTINATION = 24;
/** The SPI of AH comes after next header, length and two reserved bytes. */
const AH_SPI = 4;

/** Tells of the first `frames` frames of the packet buffer, after their crypto and before their descriptors. */
export function traceReceived(core: CardCore, trace: (decision: ReceiveDecision) => void, frames: number): void {
  const { u32 } = core.memory;
  for (let i = 0; i < frames; i++) {
    const record = core.state + layout.FRAMES + i * layout.FRAME_BYTES;
    const flags = u32[(record + layout.FRAME_FLAGS) >> 2];
    if ((flags & layout.FRAME_CANDIDATE) === 0 || u32[(record + layout.FRAME_QUEUE) >> 2] === layout.NO_QUEUE) continue;
    trace(receiveDecision(core, i, record));
  }
}

function receiveDecision(core: CardCore, i: number, record: number): ReceiveDecision {
  const { u8, u32 } = core.memory;
  const flags = u32[(record + layout.FRAME_FLAGS) >> 2];
  const status = u32[(record + layout.FRAME_STATUS) >> 2];
  const frame = core.frameAt[i];
  const ah = (flags & layout.FRAME_AH) !== 0;
  const ipv6 = (flags & layout.FRAME_IPV6) !== 0;
  const spiAt = frame + u32[(record + layout.FRAME_PAYLOAD) >> 2] + (ah ? AH_SPI : 0);
  const address = frame + u32[(record + layout.FRAME_L3) >> 2] + (ipv6 ? IPV6_DESTINATION : IPV4_DESTINATION);
  const way = wayThroughTables(core, address, spiAt, ipv6);
  const known = RXD_SECERR_AUTHENTICATION | RXD_STAT_SECP;
  return {
    kind: 'receive',
    time: core.environment.now(),
    queue: u32[(record + layout.FRAME_QUEUE) >> 2],
    protocol: ah ? 'ah' : 'esp',
    spi: bigEndian(u8, spiAt),
    destination: Array.from(u8.subarray(address, address + (ipv6 ? 16 : 4)), (b) =>
      b.toString(16).padStart(2, '0'),
    ).join(''),
    ...(way.ipIndex < 0 ? {} : { ipIndex: way.ipIndex }),
    ...(way.sa < 0 ? {} : { sa: way.sa }),
    outcome: (status & known) !== 0 ? judged(status) : receiveSecurityOn(core.registers) ? way.outcome : 'security-off',
    secp: (status & RXD_STAT_SECP) !== 0,
    secerr: ((status & RXD_SECERR_AUTHENTICATION) >>> 0) / RXD_SECERR_PROTOCOL,
  };
}

/** What the descriptor will say. */
function judged(status: number): ReceiveOutcome {
  const error = status & RXD_SECERR_AUTHENTICATION;
  if (error === 0) return 'icv-good';
  if (error === RXD_SECERR_PROTOCOL) return 'wrong-protocol';
  return error === RXD_SECERR_LENGTH ? 'bad-length' : 'icv-bad';
}

interface Way {
  readonly ipIndex: number;
  readonly sa: number;
  readonly outcome: ReceiveOutcome;
}

/** Address, then SPI, then key entry; of equal entries the one that the card takes counts. */
function wayThroughTables(core: CardCore, address: number, spi: number, ipv6: boolean): Way {
  const { state } = core;
  const { u8, u32 } = core.memory;
  // An IPv4 address lies in the last of an entry's four words.
  const [from, bytes] = ipv6 ? [0, 16] : [12, 4];
  const ipIndex = winner(core, IPSRX_IP_ENTRIES, (i) => {
    const entry = state + layout.RX_IP + i * 16;
    for (let n = 0; n < 16; n++) {
      const wanted = n >= from && n < from + bytes ? u8[address + n - from] : 0;
      if (u8[entry + n] !== wanted) return false;
    }
    return true;
  });
  if (ipIndex < 0) return { ipIndex, sa: -1, outcome: 'no-address-entry' };
  const sa = winner(core, IPSRX_SA_ENTRIES, (i) => {
    const entry = state + layout.RX_SPI + i * 8;
    return bigEndian(u8, entry) === bigEndian(u8, spi) && u32[(entry + 4) >> 2] === ipIndex;
  });
  if (sa < 0) return { ipIndex, sa, outcome: 'no-spi-entry' };
  const mode = u32[(state + layout.RX_SA + sa * layout.SA_BYTES + layout.SA_MODE) >> 2];
  if ((mode & IPSRXMOD_VALID) === 0) return { ipIndex, sa, outcome: 'entry-not-valid' };
  if (((mode & IPSRXMOD_IPV6) !== 0) !== ipv6) return { ipIndex, sa, outcome: 'other-ip-version' };
  return { ipIndex, sa, outcome: 'passed-over' };
}

/** The number of the entry that fits and wins among those that do, as the option `equalEntries` says; −1 for none. */
function winner({ choices }: CardCore, entries: number, fits: (i: number) => boolean): number {
  for (let n = 0; n < entries; n++) {
    const i = choices.equalEntries === 'lowest' ? n : entries - 1 - n;
    if (fits(i)) return i;
  }
  return -1;
}

/**
 * Tells of a packet that asks for the security block, when it has been decided what becomes of it.
 *
 * @param source position of the packet
 * @param context word of the memory's u32 where its context descriptor lies
 * @param verdict a SECURITY_ verdict
 */
export function traceTransmitted(
  core: CardCore,
  trace: (decision: TransmitDecision) => void,
  source: number,
  length: number,
  context: number,
  verdict: number,
): void {
  const { u8, u32 } = core.memory;
  const command = u32[context + (TXC_COMMAND >> 2)];
  const esp = (command & TXC_IPSEC_TYPE_ESP) !== 0;
  const ip = (u32[context + (TXC_LENGTHS >> 2)] >>> TXC_MACLEN_SHIFT) & 0x7f;
  const spi = ip + ((command & TXC_IPV4) !== 0 ? 20 : 40) + (esp ? 0 : AH_SPI);
  const dropped = verdict === SECURITY_DROP;
  const done = esp && (command & TXC_IPSEC_ENCRYPT) !== 0 ? 'enciphered' : 'authenticated';
  // On, the block passes a packet over for one reason, and drops it for another.
  const passedOver = dropped ? 'no-room' : 'no-context-check';
  trace({
    kind: 'transmit',
    time: core.environment.now(),
    protocol: esp ? 'esp' : 'ah',
    sa: u32[context + (TXC_SA >> 2)] & TXC_SA_INDEX,
    ...(spi + 4 <= length ? { spi: bigEndian(u8, source + spi) } : {}),
    ...(verdict === SECURITY_JOB
      ? { outcome: done }
      : {
          outcome: dropped ? 'dropped' : 'sent-in-clear',
          reason: transmitSecurityOn(core.registers) ? passedOver : 'security-off',
        }),
  });
}

function bigEndian(u8: Uint8Array, at: number): number {
  return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0;
}

const RECEIVE_TEXT: Readonly<Record<ReceiveOutcome, string>> = {
  'icv-good': 'ICV good',
  'icv-bad': 'ICV bad (code 11)',
  'wrong-protocol': 'the SA is of the other protocol (code 01)',
  'bad-length': 'bad length (code 10)',
  'security-off': 'IPsec is off',
  'no-address-entry': 'no IP entry',
  'no-spi-entry': 'no SPI entry',
  'entry-not-valid': 'key entry not valid',
  'other-ip-version': 'key entry of the other IP version',
  'passed-over': 'passed over',
};

const TRANSMIT_TEXT: Readonly<Record<TransmitOutcome, string>> = {
  enciphered: 'enciphered',
  authenticated: 'authenticated',
  'sent-in-clear': 'sent in clear',
  dropped: 'dropped',
  'engine-failed': 'the engine failed: dropped',
};

const REASON_TEXT: Readonly<Record<TransmitReason, string>> = {
  'security-off': 'IPsec is off',
  'no-context-check': 'CC is 0',
  'no-room': 'no room for it',
};

/** A decision as a line of text: `rx ESP SPI 5 → IP index 0 → SA 0 → ICV good`, `tx ESP SA 0 → SPI 5 → enciphered`. */
export function formatSecurityDecision(decision: SecurityDecision): string {
  if (decision.kind === 'transmit') {
    const { protocol, sa, spi, outcome, reason } = decision;
    if (protocol === undefined) return `tx → ${TRANSMIT_TEXT[outcome]}`;
    const way = [`tx ${protocol.toUpperCase()} SA ${sa}`];
    if (spi !== undefined) way.push(`SPI ${spi}`);
    const why = reason === undefined ? '' : `${REASON_TEXT[reason]}: `;
    return [...way, why + TRANSMIT_TEXT[outcome]].join(' → ');
  }
  const { protocol, spi, destination, ipIndex, sa, outcome } = decision;
  const way = [`rx ${protocol.toUpperCase()} SPI ${spi}`];
  if (ipIndex === undefined) way.push(`to ${destination}`);
  else way.push(`IP index ${ipIndex}`);
  if (sa !== undefined) way.push(`SA ${sa}`);
  return [...way, RECEIVE_TEXT[outcome]].join(' → ');
}
