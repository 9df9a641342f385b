/**
 * The 82599's registers as constants: offsets of the single ones in {@link REG}, and a function for
 * each array of registers, named like it in camelCase. Their fields are in `register-fields.ts`.
 *
 * They are the table of `register-table.ts` written out, so that compilers and editors can see them; a test holds the two
 * together.
 */

/** Byte offsets of the single registers in BAR0. */
export const REG = {
  CTRL: 0x00000,
  STATUS: 0x00008,
  CTRL_EXT: 0x00018,
  EEC: 0x10010,
  EERD: 0x10014,
  SWSM: 0x10140,
  FWSM: 0x10148,
  SW_FW_SYNC: 0x10160,
  EICR: 0x00800,
  EICS: 0x00808,
  EIAC: 0x00810,
  EIMS: 0x00880,
  EIMC: 0x00888,
  EIAM: 0x00890,
  GPIE: 0x00898,
  IVAR_MISC: 0x00a00,
  RXCTRL: 0x03000,
  RDRXCTL: 0x02f00,
  FCTRL: 0x05080,
  VLNCTRL: 0x05088,
  MCSTCTRL: 0x05090,
  RXCSUM: 0x05000,
  RFCTL: 0x05008,
  MRQC: 0x0ec80,
  DMATXCTL: 0x04a80,
  DTXMXSZRQ: 0x08100,
  RTTDCS: 0x04900,
  MTQC: 0x08120,
  HLREG0: 0x04240,
  MAXFRS: 0x04268,
  AUTOC: 0x042a0,
  LINKS: 0x042a4,
  AUTOC2: 0x042a8,
  ANLP1: 0x042b0,
  MACC: 0x04330,
  CRCERRS: 0x04000,
  ILLERRC: 0x04004,
  ERRBC: 0x04008,
  RLEC: 0x04040,
  PRC64: 0x0405c,
  PRC127: 0x04060,
  PRC255: 0x04064,
  PRC511: 0x04068,
  PRC1023: 0x0406c,
  PRC1522: 0x04070,
  GPRC: 0x04074,
  BPRC: 0x04078,
  MPRC: 0x0407c,
  GPTC: 0x04080,
  GORCL: 0x04088,
  GORCH: 0x0408c,
  GOTCL: 0x04090,
  GOTCH: 0x04094,
  RUC: 0x040a4,
  RFC: 0x040a8,
  ROC: 0x040ac,
  RJC: 0x040b0,
  TORL: 0x040c0,
  TORH: 0x040c4,
  TPR: 0x040d0,
  TPT: 0x040d4,
  PTC64: 0x040d8,
  PTC127: 0x040dc,
  PTC255: 0x040e0,
  PTC511: 0x040e4,
  PTC1023: 0x040e8,
  PTC1522: 0x040ec,
  MPTC: 0x040f0,
  BPTC: 0x040f4,
  SECTXCTRL: 0x08800,
  SECTXSTAT: 0x08804,
  SECTXBUFFAF: 0x08808,
  SECTXMINIFG: 0x08810,
  SECRXCTRL: 0x08d00,
  SECRXSTAT: 0x08d04,
  IPSTXIDX: 0x08900,
  IPSTXSALT: 0x08904,
  IPSRXIDX: 0x08e00,
  IPSRXSPI: 0x08e14,
  IPSRXIPIDX: 0x08e18,
  IPSRXSALT: 0x08e2c,
  IPSRXMOD: 0x08e30,
} as const;

// Receive queues from 64 on lie in a second block.
const LOWER_QUEUES = 64;

/** Byte offset of EITR(index), index 0 to 23. */
export function eitr(index: number): number {
  return 0x00820 + 4 * index;
}

/** Byte offset of IVAR(index), index 0 to 63. */
export function ivar(index: number): number {
  return 0x00900 + 4 * index;
}

/** Byte offset of EIMS_EX(index), index 0 to 1. */
export function eimsEx(index: number): number {
  return 0x00aa0 + 4 * index;
}

/** Byte offset of EIMC_EX(index), index 0 to 1. */
export function eimcEx(index: number): number {
  return 0x00ab0 + 4 * index;
}

/** Byte offset of RETA(index), index 0 to 31. */
export function reta(index: number): number {
  return 0x0eb00 + 4 * index;
}

/** Byte offset of RSSRK(index), index 0 to 9. */
export function rssrk(index: number): number {
  return 0x0eb80 + 4 * index;
}

/** Byte offset of MTA(index), index 0 to 127. */
export function mta(index: number): number {
  return 0x05200 + 4 * index;
}

/** Byte offset of RAL(index), index 0 to 127. */
export function ral(index: number): number {
  return index < 16 ? 0x05400 + 8 * index : 0x0a280 + 8 * (index - 16);
}

/** Byte offset of RAH(index), index 0 to 127. */
export function rah(index: number): number {
  return index < 16 ? 0x05404 + 8 * index : 0x0a284 + 8 * (index - 16);
}

/** Byte offset of VFTA(index), index 0 to 127. */
export function vfta(index: number): number {
  return 0x0a000 + 4 * index;
}

/** Byte offset of PSRTYPE(index), index 0 to 63. */
export function psrtype(index: number): number {
  return 0x0ea00 + 4 * index;
}

/** Byte offset of RXPBSIZE(index), index 0 to 7. */
export function rxpbsize(index: number): number {
  return 0x03c00 + 4 * index;
}

/** Byte offset of RDBAL(queue), queue 0 to 127. */
export function rdbal(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01000 + 0x40 * queue : 0x0d000 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RDBAH(queue), queue 0 to 127. */
export function rdbah(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01004 + 0x40 * queue : 0x0d004 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RDLEN(queue), queue 0 to 127. */
export function rdlen(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01008 + 0x40 * queue : 0x0d008 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of DCA_RXCTRL(queue), queue 0 to 127. */
export function dcaRxctrl(queue: number): number {
  return queue < LOWER_QUEUES ? 0x0100c + 0x40 * queue : 0x0d00c + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RDH(queue), queue 0 to 127. */
export function rdh(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01010 + 0x40 * queue : 0x0d010 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of SRRCTL(queue), queue 0 to 127. */
export function srrctl(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01014 + 0x40 * queue : 0x0d014 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RDT(queue), queue 0 to 127. */
export function rdt(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01018 + 0x40 * queue : 0x0d018 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RXDCTL(queue), queue 0 to 127. */
export function rxdctl(queue: number): number {
  return queue < LOWER_QUEUES ? 0x01028 + 0x40 * queue : 0x0d028 + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of RSCCTL(queue), queue 0 to 127. */
export function rscctl(queue: number): number {
  return queue < LOWER_QUEUES ? 0x0102c + 0x40 * queue : 0x0d02c + 0x40 * (queue - LOWER_QUEUES);
}

/** Byte offset of TXPBSIZE(index), index 0 to 7. */
export function txpbsize(index: number): number {
  return 0x0cc00 + 4 * index;
}

/** Byte offset of TXPBTHRESH(index), index 0 to 7. */
export function txpbthresh(index: number): number {
  return 0x04950 + 4 * index;
}

/** Byte offset of TDBAL(queue), queue 0 to 127. */
export function tdbal(queue: number): number {
  return 0x06000 + 0x40 * queue;
}

/** Byte offset of TDBAH(queue), queue 0 to 127. */
export function tdbah(queue: number): number {
  return 0x06004 + 0x40 * queue;
}

/** Byte offset of TDLEN(queue), queue 0 to 127. */
export function tdlen(queue: number): number {
  return 0x06008 + 0x40 * queue;
}

/** Byte offset of DCA_TXCTRL(queue), queue 0 to 127. */
export function dcaTxctrl(queue: number): number {
  return 0x0600c + 0x40 * queue;
}

/** Byte offset of TDH(queue), queue 0 to 127. */
export function tdh(queue: number): number {
  return 0x06010 + 0x40 * queue;
}

/** Byte offset of TDT(queue), queue 0 to 127. */
export function tdt(queue: number): number {
  return 0x06018 + 0x40 * queue;
}

/** Byte offset of TXDCTL(queue), queue 0 to 127. */
export function txdctl(queue: number): number {
  return 0x06028 + 0x40 * queue;
}

/** Byte offset of TDWBAL(queue), queue 0 to 127. */
export function tdwbal(queue: number): number {
  return 0x06038 + 0x40 * queue;
}

/** Byte offset of TDWBAH(queue), queue 0 to 127. */
export function tdwbah(queue: number): number {
  return 0x0603c + 0x40 * queue;
}

/** Byte offset of MPC(index), index 0 to 7. */
export function mpc(index: number): number {
  return 0x03fa0 + 4 * index;
}

/** Byte offset of QPRC(index), index 0 to 15. */
export function qprc(index: number): number {
  return 0x01030 + 0x40 * index;
}

/** Byte offset of QBRC_L(index), index 0 to 15. */
export function qbrcL(index: number): number {
  return 0x01034 + 0x40 * index;
}

/** Byte offset of QBRC_H(index), index 0 to 15. */
export function qbrcH(index: number): number {
  return 0x01038 + 0x40 * index;
}

/** Byte offset of QPRDC(index), index 0 to 15. */
export function qprdc(index: number): number {
  return 0x01430 + 0x40 * index;
}

/** Byte offset of QPTC(index), index 0 to 15. */
export function qptc(index: number): number {
  return 0x06030 + 0x40 * index;
}

/** Byte offset of QBTC_L(index), index 0 to 15. */
export function qbtcL(index: number): number {
  return 0x08700 + 8 * index;
}

/** Byte offset of QBTC_H(index), index 0 to 15. */
export function qbtcH(index: number): number {
  return 0x08704 + 8 * index;
}

/** Byte offset of RQSMR(index), index 0 to 31. */
export function rqsmr(index: number): number {
  return 0x02300 + 4 * index;
}

/** Byte offset of TQSM(index), index 0 to 31. */
export function tqsm(index: number): number {
  return 0x08600 + 4 * index;
}

/** Byte offset of LSECTX(index), index 0 to 19. */
export function lsectx(index: number): number {
  return 0x08a00 + 4 * index;
}

/** Byte offset of LSECRX(index), index 0 to 32. */
export function lsecrx(index: number): number {
  return 0x08f00 + 4 * index;
}

/** Byte offset of IPSTXKEY(index), index 0 to 3. */
export function ipstxkey(index: number): number {
  return 0x08908 + 4 * index;
}

/** Byte offset of IPSRXIPADDR(index), index 0 to 3. */
export function ipsrxipaddr(index: number): number {
  return 0x08e04 + 4 * index;
}

/** Byte offset of IPSRXKEY(index), index 0 to 3. */
export function ipsrxkey(index: number): number {
  return 0x08e1c + 4 * index;
}
