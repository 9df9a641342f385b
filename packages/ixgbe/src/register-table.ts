/**
 * The registers of the 82599 as data: one row a register or array of registers. The constants, the model's dispatch, the
 * dump and the documentation come from here, and the driver and the silicon share nothing else but this.
 *
 * Registers are 32 bits wide and little-endian, at byte offsets into BAR0. What the table does not do: say what a
 * register's bits set in motion; that is the silicon's.
 */

/**
 * How a register answers to software: `rw` read and write · `ro` read only · `rc` read only and cleared by reading ·
 * `w1c` a written 1 clears the bit · `w1s` a written 1 sets it · `wo` reads as 0.
 */
export type RegisterAccess = 'rw' | 'ro' | 'rc' | 'w1c' | 'w1s' | 'wo';

/** Where a field differs from its register: `ro` read only · `sc` cleared by the hardware when it is done. */
export type FieldAccess = 'ro' | 'sc';

/** A field of a register. */
export interface RegisterField {
  readonly name: string;
  /** Its lowest bit. */
  readonly bit: number;
  /** Its width in bits. */
  readonly width: number;
  readonly access?: FieldAccess;
  /** `REGISTER.FIELD` that makes this field read-only zero while it is 1. */
  readonly zeroWhile?: string;
}

/** A second place of some registers of a row. */
export interface RegisterRange {
  /** The index of the first register that lies there. */
  readonly first: number;
  readonly offset: number;
  readonly stride: number;
  readonly count: number;
}

/** One register, or an array of like ones. */
export interface RegisterRow {
  /** The datasheet's name. */
  readonly name: string;
  /** Byte offset of the first one in BAR0. */
  readonly offset: number;
  /** Bytes from one to the next; 0 for a single register. */
  readonly stride: number;
  readonly count: number;
  readonly access: RegisterAccess;
  /** Its value after a reset. */
  readonly reset: number;
  readonly fields: readonly RegisterField[];
  /** Where offset and bits are from. */
  readonly source: string;
  /** It holds a key: dumps and traces do not show its value. */
  readonly secret?: boolean;
  /** Bits that read as 0 whatever is written. */
  readonly zero?: number;
  /** The registers from index `first` on lie here and not at `offset`. */
  readonly continued?: RegisterRange;
  /** Some of the registers are to be had here as well. */
  readonly alias?: RegisterRange;
  /** Reset values of single registers of an array that differ from `reset`. */
  readonly resets?: readonly { readonly index: number; readonly value: number }[];
}

const BASE = 'DPDK 22.11 drivers/net/ixgbe/base/ixgbe_type.h';
const BASE_RESET = `${BASE}; reset: Intel X550 datasheet 333369 8.2.2`;
const X550 = 'Intel X550 datasheet 333369 8.2.2 (security block), offsets as in DPDK and Linux';

type Extra = Omit<Partial<RegisterRow>, 'name' | 'offset' | 'access' | 'fields'>;

function bit(name: string, at: number, access?: FieldAccess): RegisterField {
  return access === undefined ? { name, bit: at, width: 1 } : { name, bit: at, width: 1, access };
}

/** A field given as the datasheet gives it: highest bit, lowest bit. */
function bits(name: string, high: number, low: number, access?: FieldAccess): RegisterField {
  const field = { name, bit: low, width: high - low + 1 };
  return access === undefined ? field : { ...field, access };
}

function gated(name: string, at: number, zeroWhile: string): RegisterField {
  return { name, bit: at, width: 1, zeroWhile };
}

function one(
  name: string,
  offset: number,
  access: RegisterAccess,
  fields: readonly RegisterField[] = [],
  extra: Extra = {},
): RegisterRow {
  return { name, offset, stride: 0, count: 1, access, reset: 0, fields, source: BASE, ...extra };
}

function many(
  name: string,
  offset: number,
  stride: number,
  count: number,
  access: RegisterAccess,
  fields: readonly RegisterField[] = [],
  extra: Extra = {},
): RegisterRow {
  return { name, offset, stride, count, access, reset: 0, fields, source: BASE, ...extra };
}

const RX_UPPER = (offset: number): Extra => ({ continued: { first: 64, offset, stride: 0x40, count: 64 } });

const GENERAL: readonly RegisterRow[] = [
  one('CTRL', 0x00000, 'rw', [bit('GIO_DIS', 2), bit('LRST', 3, 'sc'), bit('RST', 26, 'sc')], { source: BASE_RESET }),
  one('STATUS', 0x00008, 'ro', [bits('LAN_ID', 3, 2), bit('GIO_MASTER_EN', 19)], {
    reset: 0x00080000,
    source: BASE_RESET,
  }),
  one('CTRL_EXT', 0x00018, 'rw', [bit('PFRSTD', 14), bit('NS_DIS', 16), bit('RO_DIS', 17), bit('DRV_LOAD', 28)]),
  one('EEC', 0x10010, 'rw', [bit('PRES', 8, 'ro'), bit('ARD', 9, 'ro'), bits('SIZE', 14, 11, 'ro')], {
    reset: 0x00002300,
  }),
  one('EERD', 0x10014, 'rw', [bit('START', 0, 'sc'), bit('DONE', 1, 'ro'), bits('ADDR', 15, 2), bits('DATA', 31, 16)]),
  one('SWSM', 0x10140, 'rw', [bit('SMBI', 0), bit('SWESMBI', 1)]),
  one('FWSM', 0x10148, 'rw', [bits('MODE', 3, 1, 'ro')]),
  one('SW_FW_SYNC', 0x10160, 'rw', [bits('SW', 4, 0), bits('FW', 9, 5), bit('REGSMP', 31)]),
];

const INTERRUPTS: readonly RegisterRow[] = [
  one('EICR', 0x00800, 'w1c', [bits('RTXQ', 15, 0), bit('LSC', 20), bit('ECC', 28)]),
  one('EICS', 0x00808, 'w1s', [bits('RTXQ', 15, 0), bit('LSC', 20)]),
  one('EIAC', 0x00810, 'rw', [bits('RTXQ', 15, 0)]),
  many('EITR', 0x00820, 4, 24, 'rw', [bits('INTERVAL', 11, 3)]),
  one('EIMS', 0x00880, 'w1s', [bits('RTXQ', 15, 0), bit('LSC', 20)]),
  one('EIMC', 0x00888, 'wo', [bits('RTXQ', 15, 0), bit('LSC', 20)]),
  one('EIAM', 0x00890, 'rw', [bits('RTXQ', 15, 0)]),
  one('GPIE', 0x00898, 'rw', [bit('MSIX_MODE', 4), bit('EIAME', 30), bit('PBA_SUPPORT', 31)]),
  many('IVAR', 0x00900, 4, 64, 'rw', [
    bits('RX_EVEN', 5, 0),
    bit('RX_EVEN_VAL', 7),
    bits('TX_EVEN', 13, 8),
    bit('TX_EVEN_VAL', 15),
    bits('RX_ODD', 21, 16),
    bit('RX_ODD_VAL', 23),
    bits('TX_ODD', 29, 24),
    bit('TX_ODD_VAL', 31),
  ]),
  one('IVAR_MISC', 0x00a00, 'rw', [bits('TCP_TIMER', 5, 0), bits('OTHER', 13, 8)]),
  many('EIMS_EX', 0x00aa0, 4, 2, 'w1s'),
  many('EIMC_EX', 0x00ab0, 4, 2, 'wo'),
];

const RECEIVE: readonly RegisterRow[] = [
  one('RXCTRL', 0x03000, 'rw', [bit('RXEN', 0)], { source: BASE_RESET }),
  one('RDRXCTL', 0x02f00, 'rw', [
    bit('CRCSTRIP', 1),
    bit('DMAIDONE', 3, 'ro'),
    bits('RSCFRSTSIZE', 21, 17),
    bit('RSCACKC', 25),
    bit('FCOE_WRFIX', 26),
  ]),
  one('FCTRL', 0x05080, 'rw', [
    bit('SBP', 1),
    bit('MPE', 8),
    bit('UPE', 9),
    bit('BAM', 10),
    bit('PMCF', 12),
    bit('DPF', 13),
  ]),
  one('VLNCTRL', 0x05088, 'rw', [bits('VET', 15, 0), bit('CFI', 28), bit('CFIEN', 29), bit('VFE', 30)], {
    reset: 0x00008100,
    source: BASE_RESET,
  }),
  one('MCSTCTRL', 0x05090, 'rw', [bits('MO', 1, 0), bit('MFE', 2)]),
  one('RXCSUM', 0x05000, 'rw', [bit('IPPCSE', 12), bit('PCSD', 13)]),
  one('RFCTL', 0x05008, 'rw', [bit('RSC_DIS', 5), bit('NFSW_DIS', 6), bit('NFSR_DIS', 7)]),
  one('MRQC', 0x0ec80, 'rw', [bits('MRQE', 3, 0), bits('RSS_FIELDS', 31, 16)], {
    alias: { first: 0, offset: 0x05818, stride: 0, count: 1 },
  }),
  many('RETA', 0x0eb00, 4, 32, 'rw', [bits('Q0', 3, 0), bits('Q1', 11, 8), bits('Q2', 19, 16), bits('Q3', 27, 24)]),
  many('RSSRK', 0x0eb80, 4, 10, 'rw'),
  many('MTA', 0x05200, 4, 128, 'rw'),
  many('RAL', 0x05400, 8, 128, 'rw', [], { continued: { first: 16, offset: 0x0a280, stride: 8, count: 112 } }),
  many('RAH', 0x05404, 8, 128, 'rw', [bits('RAH', 15, 0), bit('AV', 31)], {
    continued: { first: 16, offset: 0x0a284, stride: 8, count: 112 },
  }),
  many('VFTA', 0x0a000, 4, 128, 'rw'),
  many('PSRTYPE', 0x0ea00, 4, 64, 'rw'),
  many('RXPBSIZE', 0x03c00, 4, 8, 'rw', [bits('SIZE', 19, 10)], { resets: [{ index: 0, value: 0x00080000 }] }),
  many('RDBAL', 0x01000, 0x40, 128, 'rw', [], { ...RX_UPPER(0x0d000), zero: 0x7f }),
  many('RDBAH', 0x01004, 0x40, 128, 'rw', [], RX_UPPER(0x0d004)),
  many('RDLEN', 0x01008, 0x40, 128, 'rw', [bits('LEN', 19, 7)], { ...RX_UPPER(0x0d008), zero: 0xfff0007f }),
  many('DCA_RXCTRL', 0x0100c, 0x40, 128, 'rw', [bit('HDR_WRO', 12)], {
    ...RX_UPPER(0x0d00c),
    alias: { first: 0, offset: 0x02200, stride: 4, count: 16 },
    reset: 0x00001000,
    source: `${BASE}; bit 12 at reset: ixy src/driver/ixgbe.c`,
  }),
  many('RDH', 0x01010, 0x40, 128, 'ro', [bits('RDH', 15, 0)], RX_UPPER(0x0d010)),
  many(
    'SRRCTL',
    0x01014,
    0x40,
    128,
    'rw',
    [bits('BSIZEPACKET', 4, 0), bits('BSIZEHEADER', 13, 8), bits('DESCTYPE', 27, 25), bit('DROP_EN', 28)],
    {
      ...RX_UPPER(0x0d014),
      alias: { first: 0, offset: 0x02100, stride: 4, count: 16 },
      reset: 0x00000402,
      source: BASE_RESET,
    },
  ),
  many('RDT', 0x01018, 0x40, 128, 'rw', [bits('RDT', 15, 0)], RX_UPPER(0x0d018)),
  many('RXDCTL', 0x01028, 0x40, 128, 'rw', [bit('ENABLE', 25), bit('VME', 30)], {
    ...RX_UPPER(0x0d028),
    source: BASE_RESET,
  }),
  many('RSCCTL', 0x0102c, 0x40, 128, 'rw', [bit('RSCEN', 0), bits('MAXDESC', 3, 2)], RX_UPPER(0x0d02c)),
];

const TRANSMIT: readonly RegisterRow[] = [
  one('DMATXCTL', 0x04a80, 'rw', [bit('TE', 0), bit('GDV', 3), bits('VT', 31, 16)], {
    reset: 0x81000000,
    source: BASE_RESET,
  }),
  one('DTXMXSZRQ', 0x08100, 'rw', [bits('MAX_BYTES_NUM_REQ', 11, 0)], { reset: 0x10, source: BASE_RESET }),
  one('RTTDCS', 0x04900, 'rw', [bit('ARBDIS', 6)]),
  one('MTQC', 0x08120, 'rw', [bit('RT_ENA', 0), bit('VT_ENA', 1), bits('NUM_TC_OR_Q', 3, 2)], { source: BASE_RESET }),
  many('TXPBSIZE', 0x0cc00, 4, 8, 'rw', [bits('SIZE', 19, 10)], {
    resets: [{ index: 0, value: 0x00028000 }],
    source: BASE_RESET,
  }),
  many('TXPBTHRESH', 0x04950, 4, 8, 'rw', [bits('THRESH', 9, 0)]),
  many('TDBAL', 0x06000, 0x40, 128, 'rw', [], { zero: 0x7f }),
  many('TDBAH', 0x06004, 0x40, 128, 'rw'),
  many('TDLEN', 0x06008, 0x40, 128, 'rw', [bits('LEN', 19, 7)], { zero: 0xfff0007f }),
  many('DCA_TXCTRL', 0x0600c, 0x40, 128, 'rw', [bit('DESC_WRO', 11)]),
  many('TDH', 0x06010, 0x40, 128, 'ro', [bits('TDH', 15, 0)]),
  many('TDT', 0x06018, 0x40, 128, 'rw', [bits('TDT', 15, 0)]),
  many(
    'TXDCTL',
    0x06028,
    0x40,
    128,
    'rw',
    [
      bits('PTHRESH', 6, 0),
      bits('HTHRESH', 14, 8),
      bits('WTHRESH', 22, 16),
      bit('ENABLE', 25),
      bit('SWFLSH', 26, 'sc'),
    ],
    { source: BASE_RESET },
  ),
  many('TDWBAL', 0x06038, 0x40, 128, 'rw', [bit('HEAD_WB_EN', 0)], { source: BASE_RESET }),
  many('TDWBAH', 0x0603c, 0x40, 128, 'rw', [], { source: BASE_RESET }),
];

const MAC: readonly RegisterRow[] = [
  one(
    'HLREG0',
    0x04240,
    'rw',
    [
      bit('TXCRCEN', 0),
      bit('RXCRCSTRP', 1),
      bit('JUMBOEN', 2),
      bit('TXPADEN', 10),
      bit('LPBK', 15),
      bit('MDCSPD', 16),
      bit('RXLNGTHERREN', 27),
    ],
    { reset: 0x00012c0b, source: `${BASE}; reset: what Snabb writes, reserved bits and all` },
  ),
  one('MAXFRS', 0x04268, 'rw', [bits('MFS', 31, 16)], { reset: 0x05ee0000 }),
  one(
    'AUTOC',
    0x042a0,
    'rw',
    [bit('FLU', 0), bits('10G_PMA_PMD', 8, 7), bit('AN_RESTART', 12, 'sc'), bits('LMS', 15, 13)],
    { reset: 0x00006000, source: `${BASE}; at reset from the EEPROM, here 10G serial` },
  ),
  one('LINKS', 0x042a4, 'ro', [bits('SPEED', 29, 28), bit('UP', 30)]),
  one('AUTOC2', 0x042a8, 'rw', [bits('10G_PMA_PMD_SERIAL', 17, 16)]),
  one('ANLP1', 0x042b0, 'ro', [bits('ANAS', 19, 16)], {
    reset: 0x00010000,
    source: `${BASE}; at reset as after a negotiation`,
  }),
  one('MACC', 0x04330, 'rw', [bit('FLU', 0), bit('FSV_10G', 16)]),
];

const STATISTICS: readonly RegisterRow[] = [
  one('CRCERRS', 0x04000, 'rc'),
  one('ILLERRC', 0x04004, 'rc'),
  one('ERRBC', 0x04008, 'rc'),
  one('RLEC', 0x04040, 'rc'),
  many('MPC', 0x03fa0, 4, 8, 'rc'),
  one('PRC64', 0x0405c, 'rc'),
  one('PRC127', 0x04060, 'rc'),
  one('PRC255', 0x04064, 'rc'),
  one('PRC511', 0x04068, 'rc'),
  one('PRC1023', 0x0406c, 'rc'),
  one('PRC1522', 0x04070, 'rc'),
  one('GPRC', 0x04074, 'rc'),
  one('BPRC', 0x04078, 'rc'),
  one('MPRC', 0x0407c, 'rc'),
  one('GPTC', 0x04080, 'rc'),
  one('GORCL', 0x04088, 'rc'),
  one('GORCH', 0x0408c, 'rc', [bits('HIGH', 3, 0)]),
  one('GOTCL', 0x04090, 'rc'),
  one('GOTCH', 0x04094, 'rc', [bits('HIGH', 3, 0)]),
  one('RUC', 0x040a4, 'rc'),
  one('RFC', 0x040a8, 'rc'),
  one('ROC', 0x040ac, 'rc'),
  one('RJC', 0x040b0, 'rc'),
  one('TORL', 0x040c0, 'rc'),
  one('TORH', 0x040c4, 'rc', [bits('HIGH', 3, 0)]),
  one('TPR', 0x040d0, 'rc'),
  one('TPT', 0x040d4, 'rc'),
  one('PTC64', 0x040d8, 'rc'),
  one('PTC127', 0x040dc, 'rc'),
  one('PTC255', 0x040e0, 'rc'),
  one('PTC511', 0x040e4, 'rc'),
  one('PTC1023', 0x040e8, 'rc'),
  one('PTC1522', 0x040ec, 'rc'),
  one('MPTC', 0x040f0, 'rc'),
  one('BPTC', 0x040f4, 'rc'),
  many('QPRC', 0x01030, 0x40, 16, 'rc'),
  many('QBRC_L', 0x01034, 0x40, 16, 'rc'),
  many('QBRC_H', 0x01038, 0x40, 16, 'rc', [bits('HIGH', 3, 0)]),
  many('QPRDC', 0x01430, 0x40, 16, 'rc'),
  many('QPTC', 0x06030, 0x40, 16, 'rc'),
  many('QBTC_L', 0x08700, 8, 16, 'rc'),
  many('QBTC_H', 0x08704, 8, 16, 'rc', [bits('HIGH', 3, 0)]),
  many('RQSMR', 0x02300, 4, 32, 'rw', [
    bits('Q_MAP0', 3, 0),
    bits('Q_MAP1', 11, 8),
    bits('Q_MAP2', 19, 16),
    bits('Q_MAP3', 27, 24),
  ]),
  many('TQSM', 0x08600, 4, 32, 'rw', [
    bits('Q_MAP0', 3, 0),
    bits('Q_MAP1', 11, 8),
    bits('Q_MAP2', 19, 16),
    bits('Q_MAP3', 27, 24),
  ]),
];

const SECURITY: readonly RegisterRow[] = [
  one('SECTXCTRL', 0x08800, 'rw', [bit('SECTX_DIS', 0), bit('TX_DIS', 1), bit('STORE_FORWARD', 2)], {
    reset: 1,
    source: X550,
  }),
  one('SECTXSTAT', 0x08804, 'ro', [bit('SECTX_RDY', 0), bit('SECTX_OFF_DIS', 1), bit('ECC_TXERR', 2)], {
    source: X550,
  }),
  one('SECTXBUFFAF', 0x08808, 'rw', [bits('FULLTHRESH', 9, 0)], { reset: 0x250, source: X550 }),
  one('SECTXMINIFG', 0x08810, 'rw', [bits('MINSECIFG', 3, 0), bits('MRKRINSERT', 18, 8)], {
    reset: 0x1001,
    source: X550,
  }),
  one('SECRXCTRL', 0x08d00, 'rw', [bit('SECRX_DIS', 0), bit('RX_DIS', 1)], { reset: 1, source: X550 }),
  one('SECRXSTAT', 0x08d04, 'ro', [bit('SECRX_RDY', 0), bit('SECRX_OFF_DIS', 1), bit('ECC_RXERR', 2)], {
    source: X550,
  }),
  // MACsec shares the block: storage only.
  many('LSECTX', 0x08a00, 4, 20, 'rw'),
  many('LSECRX', 0x08f00, 4, 33, 'rw'),
];

const IPSEC: readonly RegisterRow[] = [
  one(
    'IPSTXIDX',
    0x08900,
    'rw',
    [
      gated('IPS_TX_EN', 0, 'SECTXCTRL.SECTX_DIS'),
      bits('SA_IDX', 12, 3),
      bit('READ', 30, 'sc'),
      bit('WRITE', 31, 'sc'),
    ],
    { source: X550 },
  ),
  one('IPSTXSALT', 0x08904, 'rw', [], { secret: true, source: X550 }),
  many('IPSTXKEY', 0x08908, 4, 4, 'rw', [], { secret: true, source: X550 }),
  one(
    'IPSRXIDX',
    0x08e00,
    'rw',
    [
      gated('IPS_RX_EN', 0, 'SECRXCTRL.SECRX_DIS'),
      bits('TABLE', 2, 1),
      bits('TB_IDX', 12, 3),
      bit('READ', 30, 'sc'),
      bit('WRITE', 31, 'sc'),
    ],
    { source: X550 },
  ),
  many('IPSRXIPADDR', 0x08e04, 4, 4, 'rw', [], { source: X550 }),
  one('IPSRXSPI', 0x08e14, 'rw', [], { source: X550 }),
  one('IPSRXIPIDX', 0x08e18, 'rw', [bits('IP_IDX', 6, 0)], { zero: 0xffffff80, source: X550 }),
  many('IPSRXKEY', 0x08e1c, 4, 4, 'rw', [], { secret: true, source: X550 }),
  one('IPSRXSALT', 0x08e2c, 'rw', [], { secret: true, source: X550 }),
  one('IPSRXMOD', 0x08e30, 'rw', [bit('VALID', 0), bit('PROTO', 2), bit('DECRYPT', 3), bit('IPV6', 4)], {
    zero: 0xffffffe2,
    source: X550,
  }),
];

/** All registers that are known, by block. The order says nothing. */
export const REGISTER_TABLE: readonly RegisterRow[] = [
  ...GENERAL,
  ...INTERRUPTS,
  ...RECEIVE,
  ...TRANSMIT,
  ...MAC,
  ...STATISTICS,
  ...SECURITY,
  ...IPSEC,
];

/**
 * Where register `index` of a row lies: a byte offset into BAR0.
 *
 * @throws RangeError when the row has no such register
 */
export function registerOffset(row: RegisterRow, index = 0): number {
  if (!Number.isInteger(index) || index < 0 || index >= row.count) {
    throw new RangeError(`${row.name} has registers 0 to ${row.count - 1}, not ${index}`);
  }
  const { continued } = row;
  if (continued !== undefined && index >= continued.first) {
    return continued.offset + (index - continued.first) * continued.stride;
  }
  return row.offset + index * row.stride;
}

/** The bits of a field in its register, as an unsigned mask. */
export function fieldMask(field: RegisterField): number {
  const ones = field.width === 32 ? 0xffffffff : 2 ** field.width - 1;
  return (ones << field.bit) >>> 0;
}
