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

/** One of the {@link CardOptions}, with the name that it has among a device's arguments. */
export interface CardOptionRow<Value extends string | number | boolean> {
  /** `-a 06:00.0,ARGUMENT=VALUE` */
  readonly argument: string;
  /** What it may be; any number of nanoseconds if left out. */
  readonly values?: readonly Value[];
  /** What it is when nobody says. */
  readonly initial: Value;
  /** What it decides, as a clause. */
  readonly decides: string;
  /** Where the question comes from. */
  readonly source: string;
}

/** {@link CardOptions} as a table, in the order of its documentation. A port's number follows from its address, not from here. */
export const CARD_OPTIONS: {
  readonly [Name in Exclude<keyof CardChoices, 'lanId'>]: CardOptionRow<CardChoices[Name]>;
} = {
  fuse: {
    argument: 'fuse',
    values: ['none', 'fused'],
    initial: 'none',
    decides: 'whether this is a part without the security block: SECTX_DIS and SECRX_DIS read 1 whatever is written',
    source: 'X550 datasheet 8.2.2, SECTXCTRL and SECRXCTRL',
  },
  protocolErrorSecp: {
    argument: 'protocol-error-secp',
    values: [true, false],
    initial: true,
    decides: 'SECP for a packet whose SA says the other protocol (code 01)',
    source: 'not in the datasheets',
  },
  lengthErrorSecp: {
    argument: 'length-error-secp',
    values: [false, true],
    initial: false,
    decides: 'SECP for a packet that is cut, too short or unaligned (code 10)',
    source: 'X540 datasheet, as libmoon reads it',
  },
  unverifiedPayload: {
    argument: 'unverified-payload',
    values: ['deciphered', 'ciphertext'],
    initial: 'deciphered',
    decides: 'what the host sees after a wrong ICV',
    source: 'not in the datasheets',
  },
  vlanSecurity: {
    argument: 'vlan-security',
    values: [true, false],
    initial: true,
    decides: 'IPsec on received frames with a VLAN tag',
    source: 'X550 datasheet 7.13; a comment in Linux’s driver says otherwise',
  },
  transmitWhileOff: {
    argument: 'transmit-while-off',
    values: ['clear', 'drop'],
    initial: 'clear',
    decides: 'what becomes of a packet for the security block while IPS_TX_EN is 0 or SECTX_DIS is 1',
    source: 'not in the datasheets',
  },
  contextCheck: {
    argument: 'context-check',
    values: ['ignored', 'needed'],
    initial: 'ignored',
    decides: 'whether a packet for the security block needs CC in its data descriptor; without it, it leaves in clear',
    source: '82599 datasheet 7.2.3.2; DPDK leaves it 0',
  },
  espHeader: {
    argument: 'esp-header',
    values: ['version', 'iplen'],
    initial: 'version',
    decides: 'how the transmit side finds ESP or AH behind MACLEN: 20 or 40 bytes by the IP version, or by IPLEN',
    source: 'not in the datasheets',
  },
  equalEntries: {
    argument: 'equal-entries',
    values: ['lowest', 'highest'],
    initial: 'lowest',
    decides: 'which of several equal entries of the address or the SPI table is found',
    source: 'not in the datasheets',
  },
  enableWithCommand: {
    argument: 'enable-with-command',
    values: ['accept', 'ignore'],
    initial: 'accept',
    decides: 'whether a table command may change the enable bit in the same write',
    source: 'X550 datasheet 7.13 forbids it; DPDK’s first SA does it',
  },
  idleReady: {
    argument: 'idle-ready',
    values: [false, true],
    initial: false,
    decides: 'SECTX_RDY and SECRX_RDY while nothing was told to stop',
    source: 'not in the datasheets; Linux looks only afterwards',
  },
  ahInitializationVector: {
    argument: 'ah-iv',
    values: ['zeroed', 'authenticated'],
    initial: 'zeroed',
    decides: 'the IV of AH with AES-GMAC in what is authenticated: zeroed with the rest of the ICV field, or as it is',
    source: 'RFC 4543 section 4, RFC 4302 section 3.3.3',
  },
  runts: {
    argument: 'runts',
    values: ['pad', 'drop'],
    initial: 'pad',
    decides: 'what becomes of a received frame below 60 bytes, which no real wire carries',
    source: 'the model: captures have such frames',
  },
  paced: {
    argument: 'paced',
    values: [false, true],
    initial: false,
    decides: 'whether frames are taken off the wire in any case, and lost where there is no descriptor, or wait',
    source: 'the model: a real wire does not wait; `pace=capture` brings it along',
  },
  commandDelay: {
    argument: 'command-delay',
    initial: 0,
    decides: 'until a table command clears its READ or WRITE bit; 0: done when the card is next stepped',
    source: 'not in the datasheets',
  },
  tableAccessDelay: {
    argument: 'table-access-delay',
    initial: 0,
    decides: 'after a reset in which the SA tables take no commands: what comes sooner is lost, and counted',
    source: 'X550 datasheet 7.13: nothing is guaranteed for 10 µs',
  },
  strict: {
    argument: 'strict',
    values: [false, true],
    initial: false,
    decides: 'whether an access that the register table does not allow is an error, or only counted',
    source: 'the model',
  },
};

/** The same as a list, each row with the name of its option. */
export const CARD_OPTION_ROWS: readonly (readonly [name: string, row: CardOptionRow<string | number | boolean>])[] =
  Object.entries(CARD_OPTIONS);

/**
 * The options with their defaults.
 *
 * @throws SetupError `ERR_CARD_OPTION` (EINVAL) for a delay that is no number of nanoseconds
 */
export function cardChoices(options: CardOptions = {}): CardChoices {
  const initial = Object.fromEntries(CARD_OPTION_ROWS.map(([name, row]) => [name, row.initial]));
  const choices = { lanId: 0, ...initial, ...options } as CardChoices;
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
