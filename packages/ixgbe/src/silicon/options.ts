import { SetupError } from '@inline-ipsec/eal/errors';

/**
 * What the sources leave open about the card, as named choices. Each default is the one that the datasheet's text, or a
 * driver that is known to work, makes most likely; the others are there so that a driver can be tried against them.
 */
export interface CardOptions {
  /** `fused`: a part without the security block. SECTX_DIS and SECRX_DIS read 1 whatever is written. Default `none`. */
  readonly fuse?: 'none' | 'fused';
  /** Which of a device's two ports this is: STATUS.LAN_ID. Default 0. */
  readonly lanId?: 0 | 1;
  /** SECP for a packet whose SA says the other protocol (code 01). Default true. */
  readonly protocolErrorSecp?: boolean;
  /** SECP for a packet that is cut, too short or unaligned (code 10). Default false, as libmoon reads the X540's text. */
  readonly lengthErrorSecp?: boolean;
  /**
   * What the host sees after a wrong ICV: the `deciphered` bytes, the worst case for a careless driver and the default,
   * or the `ciphertext` as it came.
   */
  readonly unverifiedPayload?: 'deciphered' | 'ciphertext';
  /** IPsec on received frames with a VLAN tag. Default true (datasheet); a comment in Linux says otherwise. */
  readonly vlanSecurity?: boolean;
  /** A packet for the security block while IPS_TX_EN is 0 or SECTX_DIS is 1: leaves in `clear` (default), or `drop`. */
  readonly transmitWhileOff?: 'clear' | 'drop';
  /**
   * CC in the data descriptor of a packet for the security block: `ignored` (default, as DPDK leaves it 0 and works), or
   * `needed` by it (a table of the datasheet), and a packet without it leaves in clear.
   */
  readonly contextCheck?: 'ignored' | 'needed';
  /**
   * How the transmit side finds ESP or AH behind MACLEN: 20 or 40 bytes by the IP `version` that the context tells
   * (default), or by its `iplen`.
   */
  readonly espHeader?: 'version' | 'iplen';
  /** Which of several equal entries of the address or the SPI table is found. Default `lowest`. */
  readonly equalEntries?: 'lowest' | 'highest';
  /**
   * A table command in the write that changes the enable bit: both are done (`accept`, the default, for DPDK's first SA
   * does so), or the bit stays as it was (`ignore`; the datasheet forbids such a write).
   */
  readonly enableWithCommand?: 'accept' | 'ignore';
  /** SECTX_RDY and SECRX_RDY while nothing was told to stop. Default false. */
  readonly idleReady?: boolean;
  /**
   * The IV of AH with AES-GMAC as a part of what is authenticated: `zeroed` with the rest of the ICV field (default), or
   * `authenticated` as it is. RFC 4543 makes it a part of that field, which RFC 4302 zeroes; as the nonce it counts anyway.
   */
  readonly ahInitializationVector?: 'zeroed' | 'authenticated';
  /** A frame below 60 bytes, which no real wire carries: `pad` it as the sending MAC would (default), or `drop` it. */
  readonly runts?: 'pad' | 'drop';
  /** Frames are taken off the wire in any case, and lost where there is no descriptor. Default false: they wait. */
  readonly paced?: boolean;
  /** Nanoseconds until a table command clears its READ or WRITE bit. Default 0: done when the card is next stepped. */
  readonly commandDelay?: number;
  /**
   * Nanoseconds after a reset in which the SA tables take no commands: what comes sooner is lost, and counted. The X550's
   * datasheet guarantees nothing for 10 µs. Default 0.
   */
  readonly tableAccessDelay?: number;
  /** An access to a register that is not in the table throws instead of being counted. Default false. */
  readonly strict?: boolean;
}

/** {@link CardOptions} with nothing left open. */
export type CardChoices = Required<CardOptions>;

const DEFAULTS: CardChoices = {
  fuse: 'none',
  lanId: 0,
  protocolErrorSecp: true,
  lengthErrorSecp: false,
  unverifiedPayload: 'deciphered',
  vlanSecurity: true,
  transmitWhileOff: 'clear',
  contextCheck: 'ignored',
  espHeader: 'version',
  equalEntries: 'lowest',
  enableWithCommand: 'accept',
  idleReady: false,
  ahInitializationVector: 'zeroed',
  runts: 'pad',
  paced: false,
  commandDelay: 0,
  tableAccessDelay: 0,
  strict: false,
};

/**
 * The options with their defaults.
 *
 * @throws SetupError `ERR_CARD_OPTION` (EINVAL) for a delay that is no number of nanoseconds
 */
export function cardChoices(options: CardOptions = {}): CardChoices {
  const choices = { ...DEFAULTS, ...options };
  requireTime(choices.commandDelay, 'the delay of table commands');
  requireTime(choices.tableAccessDelay, 'the delay of the tables after a reset');
  return choices;
}

function requireTime(nanoseconds: number, what: string): void {
  if (nanoseconds >= 0) return;
  throw new SetupError({
    code: 'ERR_CARD_OPTION',
    errno: 'EINVAL',
    message: `${what} is not a time`,
    expected: 'nanoseconds, 0 or more',
    got: String(nanoseconds),
  });
}
