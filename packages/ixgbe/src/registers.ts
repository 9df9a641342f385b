/**
 * The 82599's registers as constants: offsets of the single ones in {@link REG}, and a function for each array of
 * registers, named like it in camelCase. Their fields are in `register-fields.ts`.
 *
 * They are the table of `register-table.ts` written out, so that compilers and editors can see them; a test holds the two
 * together, and writes this file when it is run with `-u`.
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
  ESDP: 0x00020,
  I2CCTL: 0x00028,
  FRTIMER: 0x00048,
  TCPTIMER: 0x0004c,
  LEDCTL: 0x00200,
  EXVET: 0x05078,
  EEWR: 0x10018,
  FLA: 0x1001c,
  EEMNGCTL: 0x10110,
  EEMNGDATA: 0x10114,
  FLMNGCTL: 0x10118,
  FLMNGDATA: 0x1011c,
  FLMNGCNT: 0x10120,
  FLOP: 0x1013c,
  FACTPS: 0x10150,
  GRC: 0x10200,
  VPDDIAG0: 0x10204,
  VPDDIAG1: 0x10208,
  SRAMREL: 0x10210,
  PHYDBG: 0x10218,
  CORECTL: 0x14f00,
  SMADARCTL: 0x14f10,
  EICR: 0x00800,
  EICS: 0x00808,
  EIAC: 0x00810,
  EIMS: 0x00880,
  EIMC: 0x00888,
  EIAM: 0x00890,
  GPIE: 0x00898,
  IVAR_MISC: 0x00a00,
  EITRSEL: 0x00894,
  RXCTRL: 0x03000,
  RDRXCTL: 0x02f00,
  FCTRL: 0x05080,
  VLNCTRL: 0x05088,
  MCSTCTRL: 0x05090,
  RXCSUM: 0x05000,
  RFCTL: 0x05008,
  MRQC: 0x0ec80,
  QDE: 0x02f04,
  DRECCCTL: 0x02f08,
  RDDCC: 0x02f20,
  DRECCCTL2: 0x02f8c,
  STARCTRL: 0x03024,
  RSCDBU: 0x03028,
  RXMEMWRAP: 0x03190,
  DROPEN: 0x03d04,
  SYNQF: 0x0ec30,
  RQTC: 0x0ec70,
  LLITHRESH: 0x0ec90,
  DMATXCTL: 0x04a80,
  DTXTCPFLGL: 0x04a88,
  DTXTCPFLGH: 0x04a8c,
  DTXMXSZRQ: 0x08100,
  RTTDCS: 0x04900,
  MTQC: 0x08120,
  TXDESCIC: 0x082cc,
  LBDRPEN: 0x0ca00,
  TIPG: 0x0cb00,
  MNGTXMAP: 0x0cd10,
  HLREG0: 0x04240,
  MAXFRS: 0x04268,
  AUTOC: 0x042a0,
  LINKS: 0x042a4,
  AUTOC2: 0x042a8,
  ANLP1: 0x042b0,
  MACC: 0x04330,
  PCS1GCFIG: 0x04200,
  PCS1GLCTL: 0x04208,
  PCS1GLSTA: 0x0420c,
  PCS1GDBG0: 0x04210,
  PCS1GDBG1: 0x04214,
  PCS1GANA: 0x04218,
  PCS1GANLP: 0x0421c,
  PCS1GANNP: 0x04220,
  PCS1GANLPNP: 0x04224,
  HLREG1: 0x04244,
  PAP: 0x04248,
  MACA: 0x0424c,
  APAE: 0x04250,
  ARD: 0x04254,
  AIS: 0x04258,
  MSCA: 0x0425c,
  MSRWD: 0x04260,
  MLADD: 0x04264,
  TREG: 0x0426c,
  PCSS1: 0x04288,
  PCSS2: 0x0428c,
  XPCSS: 0x04290,
  SERDESC: 0x04298,
  MACS: 0x0429c,
  AUTOC3: 0x042ac,
  ANLP2: 0x042b4,
  MMNGC: 0x042d0,
  ANLPNP1: 0x042d4,
  ANLPNP2: 0x042d8,
  KRPCSFC: 0x042e0,
  KRPCSS: 0x042e4,
  FECS1: 0x042e8,
  FECS2: 0x042ec,
  SGMIIC: 0x04314,
  MPVC: 0x04318,
  LINKS2: 0x04324,
  ATLASCTL: 0x04800,
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
  XEC: 0x04120,
  MSPDC: 0x04010,
  MLFC: 0x04034,
  MRFC: 0x04038,
  LXONTXC: 0x03f60,
  LXONRXC: 0x0cf60,
  LXOFFTXC: 0x03f68,
  LXOFFRXC: 0x0cf68,
  LXONRXCNT: 0x041a4,
  LXOFFRXCNT: 0x041a8,
  MNGPRC: 0x040b4,
  MNGPDC: 0x040b8,
  MNGPTC: 0x0cf90,
  BUPRC: 0x04180,
  BMPRC: 0x04184,
  BBPRC: 0x04188,
  BUPTC: 0x0418c,
  BMPTC: 0x04190,
  BBPTC: 0x04194,
  BCRCERRS: 0x04198,
  BXONRXC: 0x0419c,
  BXOFFRXC: 0x041e0,
  BXONTXC: 0x041e4,
  BXOFFTXC: 0x041e8,
  RXNFGPC: 0x041b0,
  RXNFGBCL: 0x041b4,
  RXNFGBCH: 0x041b8,
  B2OSPC: 0x041c0,
  O2BGPTC: 0x041c4,
  O2BSPC: 0x087b0,
  B2OGPRC: 0x02f90,
  RXDSTATCTRL: 0x02f40,
  RXDGPC: 0x02f50,
  RXDGBCL: 0x02f54,
  RXDGBCH: 0x02f58,
  RXDDGPC: 0x02f5c,
  RXDDGBCL: 0x02f60,
  RXDDGBCH: 0x02f64,
  RXLPBKGPC: 0x02f68,
  RXLPBKGBCL: 0x02f6c,
  RXLPBKGBCH: 0x02f70,
  RXDLPBKGPC: 0x02f74,
  RXDLPBKGBCL: 0x02f78,
  RXDLPBKGBCH: 0x02f7c,
  TXDGPC: 0x087a0,
  TXDGBCL: 0x087a4,
  TXDGBCH: 0x087a8,
  SSVPC: 0x08780,
  SECTXCTRL: 0x08800,
  SECTXSTAT: 0x08804,
  SECTXBUFFAF: 0x08808,
  SECTXMINIFG: 0x08810,
  SECRXCTRL: 0x08d00,
  SECRXSTAT: 0x08d04,
  LSECTXCAP: 0x08a00,
  LSECTXCTRL: 0x08a04,
  LSECTXSCL: 0x08a08,
  LSECTXSCH: 0x08a0c,
  LSECTXSA: 0x08a10,
  LSECTXPN0: 0x08a14,
  LSECTXPN1: 0x08a18,
  LSECTXUT: 0x08a3c,
  LSECTXPKTE: 0x08a40,
  LSECTXPKTP: 0x08a44,
  LSECTXOCTE: 0x08a48,
  LSECTXOCTP: 0x08a4c,
  LSECRXCAP: 0x08f00,
  LSECRXCTRL: 0x08f04,
  LSECRXSCL: 0x08f08,
  LSECRXSCH: 0x08f0c,
  LSECRXUT: 0x08f40,
  LSECRXOCTD: 0x08f44,
  LSECRXOCTV: 0x08f48,
  LSECRXBAD: 0x08f4c,
  LSECRXNOSCI: 0x08f50,
  LSECRXUNSCI: 0x08f54,
  LSECRXUNCH: 0x08f58,
  LSECRXDELAY: 0x08f5c,
  LSECRXLATE: 0x08f60,
  LSECRXUNSA: 0x08f7c,
  LSECRXNUSA: 0x08f80,
  IPSTXIDX: 0x08900,
  IPSTXSALT: 0x08904,
  IPSRXIDX: 0x08e00,
  IPSRXSPI: 0x08e14,
  IPSRXIPIDX: 0x08e18,
  IPSRXSALT: 0x08e2c,
  IPSRXMOD: 0x08e30,
  PFCTOP: 0x03008,
  FCADBUL: 0x03210,
  FCADBUH: 0x03214,
  FCRTV: 0x032a0,
  FCCFG: 0x03d00,
  MFLCN: 0x04294,
  FCAMACL: 0x04328,
  FCAMACH: 0x0432c,
  TFCS: 0x0ce00,
  RTRPCS: 0x02430,
  RTRUP2TC: 0x03020,
  RTTDQSEL: 0x04904,
  RTTDT1C: 0x04908,
  RTTDT1S: 0x0490c,
  RTTBCNRM: 0x04980,
  RTTBCNRC: 0x04984,
  RTTBCNRS: 0x04988,
  RTTBCNRD: 0x0498c,
  RTTDTECC: 0x04990,
  RTTBCNTG: 0x04a90,
  RUPPBMR: 0x050a0,
  RTTBCNRTT: 0x05150,
  RTTBCNCR: 0x08b00,
  RTTBCNACH: 0x08b04,
  RTTBCNACL: 0x08b08,
  RTTBCNIDX: 0x08b0c,
  RTTBCNCP: 0x08b10,
  RTFRTIMER: 0x08b14,
  RTTUP2TC: 0x0c800,
  RTTPCS: 0x0cd00,
  LMVM_RX: 0x02fa4,
  LVMMC_RX: 0x02fa8,
  PFFLPL: 0x050b0,
  PFFLPH: 0x050b4,
  VT_CTL: 0x051b0,
  LVMMC_TX: 0x08108,
  LMVM_TX: 0x08124,
  PFDTXGSWC: 0x08220,
  FDIRCTRL: 0x0ee00,
  FDIRIPSA: 0x0ee18,
  FDIRIPDA: 0x0ee1c,
  FDIRPORT: 0x0ee20,
  FDIRVLAN: 0x0ee24,
  FDIRHASH: 0x0ee28,
  FDIRCMD: 0x0ee2c,
  FDIRFREE: 0x0ee38,
  FDIRDIP4M: 0x0ee3c,
  FDIRSIP4M: 0x0ee40,
  FDIRTCPM: 0x0ee44,
  FDIRUDPM: 0x0ee48,
  FDIRLEN: 0x0ee4c,
  FDIRUSTAT: 0x0ee50,
  FDIRFSTAT: 0x0ee54,
  FDIRMATCH: 0x0ee58,
  FDIRMISS: 0x0ee5c,
  FDIRHKEY: 0x0ee68,
  FDIRSKEY: 0x0ee6c,
  FDIRM: 0x0ee70,
  FDIRIP6M: 0x0ee74,
  FDIRSCTPM: 0x0ee78,
  FCPTRL: 0x02410,
  FCPTRH: 0x02414,
  FCBUFF: 0x02418,
  FCOERPDC: 0x0241c,
  FCDMARW: 0x02420,
  FCLAST: 0x02424,
  FCOEPRC: 0x02428,
  FCOEDWRC: 0x0242c,
  TEOFF: 0x04a94,
  TSOFF: 0x04a98,
  FCRXCTRL: 0x05100,
  FCFLT: 0x05108,
  FCSMAC: 0x0510c,
  FCFLTRW: 0x05110,
  FCD_ID: 0x05114,
  FCCRC: 0x05118,
  REOFF: 0x05158,
  FCPARAM: 0x051d8,
  RSOFF: 0x051f8,
  FCOEPTC: 0x08784,
  FCOEDWTC: 0x08788,
  FCRECTL: 0x0ed00,
  RXMTRL: 0x05120,
  TSYNCRXCTL: 0x05188,
  RXSATRL: 0x051a0,
  RXSTMPH: 0x051a4,
  RXSATRH: 0x051a8,
  RXSTMPL: 0x051e8,
  TSYNCTXCTL: 0x08c00,
  TXSTMPL: 0x08c04,
  TXSTMPH: 0x08c08,
  SYSTIML: 0x08c0c,
  SYSTIMH: 0x08c10,
  TIMINCA: 0x08c14,
  TIMADJL: 0x08c18,
  TIMADJH: 0x08c1c,
  TSAUXC: 0x08c20,
  TRGTTIML0: 0x08c24,
  TRGTTIMH0: 0x08c28,
  TRGTTIML1: 0x08c2c,
  TRGTTIMH1: 0x08c30,
  CLKTIML: 0x08c34,
  CLKTIMH: 0x08c38,
  AUXSTMPL0: 0x08c3c,
  AUXSTMPH0: 0x08c40,
  AUXSTMPL1: 0x08c44,
  AUXSTMPH1: 0x08c48,
  BMCIPVAL: 0x05060,
  WUC: 0x05800,
  WUFC: 0x05808,
  WUS: 0x05810,
  MANC: 0x05820,
  MFVAL: 0x05824,
  IPAV: 0x05838,
  MANC2H: 0x05860,
  WUPL: 0x05900,
  HICR: 0x15f00,
  HSMC0R: 0x15f04,
  HSMC1R: 0x15f08,
  FWSTS: 0x15f0c,
  SWSR: 0x15f10,
  LSWFW: 0x15f14,
  FWRESETCNT: 0x15f40,
  HFDR: 0x15fe8,
  GCR: 0x11000,
  GTV: 0x11004,
  FUNCTAG: 0x11008,
  GLT: 0x1100c,
  PHYADR: 0x11040,
  PHYDAT: 0x11044,
  PHYCTL: 0x11048,
  GCR_EXT: 0x11050,
  MREVID: 0x11064,
  PCIEECCCTL: 0x1106c,
  DCA_ID: 0x11070,
  DCA_CTRL: 0x11074,
  CIAA: 0x11088,
  CIAD: 0x1108c,
  PICAUSE: 0x110b0,
  CDQ_MBR: 0x110b4,
  PIENA: 0x110b8,
  PCIESPARE: 0x110bc,
  ECC_STATUS: 0x110e0,
  MISC_REG: 0x110f0,
  BARCTRL: 0x110f4,
  RDSTATCTL: 0x02c20,
  RDMAM: 0x02f30,
  RDMAD: 0x02f34,
  PBRXECC: 0x03300,
  RXBUFCTRL: 0x03600,
  RXDBUECC: 0x03f70,
  RXDBUEST: 0x03f74,
  MDFTC1: 0x042b8,
  MDFTC2: 0x042c0,
  MDFTFIFO1: 0x042c4,
  MDFTFIFO2: 0x042c8,
  MDFTS: 0x042cc,
  RFVAL: 0x050a4,
  RXFECCERR0: 0x051b8,
  TDHMPN2: 0x082fc,
  PBTXECC: 0x0c300,
  TXBUFCTRL: 0x0c600,
  TXDBUECC: 0x0cf70,
  TXDBUEST: 0x0cf74,
} as const;

/** Byte offset of EITR(index), index 0 to 127: interrupt throttle. */
export function eitr(index: number): number {
  return index < 24 ? 0x00820 + 4 * index : 0x12300 + 4 * (index - 24);
}

/** Byte offset of IVAR(index), index 0 to 63: interrupt vectors of queues. */
export function ivar(index: number): number {
  return 0x00900 + 4 * index;
}

/** Byte offset of EIMS_EX(index), index 0 to 1: interrupt mask of vectors, set. */
export function eimsEx(index: number): number {
  return 0x00aa0 + 4 * index;
}

/** Byte offset of EIMC_EX(index), index 0 to 1: interrupt mask of vectors, clear. */
export function eimcEx(index: number): number {
  return 0x00ab0 + 4 * index;
}

/** Byte offset of EICS_EX(index), index 0 to 1: set causes of vectors. */
export function eicsEx(index: number): number {
  return 0x00a90 + 4 * index;
}

/** Byte offset of EIAM_EX(index), index 0 to 1: masks of vectors that clear themselves. */
export function eiamEx(index: number): number {
  return 0x00ad0 + 4 * index;
}

/** Byte offset of RETA(index), index 0 to 31: RSS redirection table, four queues each. */
export function reta(index: number): number {
  return 0x0eb00 + 4 * index;
}

/** Byte offset of RSSRK(index), index 0 to 9: RSS hash key. */
export function rssrk(index: number): number {
  return 0x0eb80 + 4 * index;
}

/** Byte offset of MTA(index), index 0 to 127: multicast hash table. */
export function mta(index: number): number {
  return 0x05200 + 4 * index;
}

/** Byte offset of UTA(index), index 0 to 127: unicast hash table. */
export function uta(index: number): number {
  return 0x0f400 + 4 * index;
}

/** Byte offset of RAL(index), index 0 to 127: receive address, first four bytes. */
export function ral(index: number): number {
  return index < 16 ? 0x05400 + 8 * index : 0x0a280 + 8 * (index - 16);
}

/** Byte offset of RAH(index), index 0 to 127: receive address, last two bytes. */
export function rah(index: number): number {
  return index < 16 ? 0x05404 + 8 * index : 0x0a284 + 8 * (index - 16);
}

/** Byte offset of VFTA(index), index 0 to 127: VLAN filter table. */
export function vfta(index: number): number {
  return 0x0a000 + 4 * index;
}

/** Byte offset of PSRTYPE(index), index 0 to 63: header split and RSS of a pool. */
export function psrtype(index: number): number {
  return 0x0ea00 + 4 * index;
}

/** Byte offset of RXPBSIZE(index), index 0 to 7: receive packet buffer. */
export function rxpbsize(index: number): number {
  return 0x03c00 + 4 * index;
}

/** Byte offset of RDBAL(queue), queue 0 to 127: receive ring, address. */
export function rdbal(queue: number): number {
  return queue < 64 ? 0x01000 + 0x40 * queue : 0x0d000 + 0x40 * (queue - 64);
}

/** Byte offset of RDBAH(queue), queue 0 to 127: receive ring, upper address. */
export function rdbah(queue: number): number {
  return queue < 64 ? 0x01004 + 0x40 * queue : 0x0d004 + 0x40 * (queue - 64);
}

/** Byte offset of RDLEN(queue), queue 0 to 127: receive ring, bytes. */
export function rdlen(queue: number): number {
  return queue < 64 ? 0x01008 + 0x40 * queue : 0x0d008 + 0x40 * (queue - 64);
}

/** Byte offset of DCA_RXCTRL(queue), queue 0 to 127: receive DCA and relaxed ordering. */
export function dcaRxctrl(queue: number): number {
  return queue < 64 ? 0x0100c + 0x40 * queue : 0x0d00c + 0x40 * (queue - 64);
}

/** Byte offset of RDH(queue), queue 0 to 127: receive ring, head. */
export function rdh(queue: number): number {
  return queue < 64 ? 0x01010 + 0x40 * queue : 0x0d010 + 0x40 * (queue - 64);
}

/** Byte offset of SRRCTL(queue), queue 0 to 127: receive buffers of a queue. */
export function srrctl(queue: number): number {
  return queue < 64 ? 0x01014 + 0x40 * queue : 0x0d014 + 0x40 * (queue - 64);
}

/** Byte offset of RDT(queue), queue 0 to 127: receive ring, tail. */
export function rdt(queue: number): number {
  return queue < 64 ? 0x01018 + 0x40 * queue : 0x0d018 + 0x40 * (queue - 64);
}

/** Byte offset of RXDCTL(queue), queue 0 to 127: receive queue control. */
export function rxdctl(queue: number): number {
  return queue < 64 ? 0x01028 + 0x40 * queue : 0x0d028 + 0x40 * (queue - 64);
}

/** Byte offset of RSCCTL(queue), queue 0 to 127: receive side coalescing of a queue. */
export function rscctl(queue: number): number {
  return queue < 64 ? 0x0102c + 0x40 * queue : 0x0d02c + 0x40 * (queue - 64);
}

/** Byte offset of ETQF(index), index 0 to 7: EtherType queue filter. */
export function etqf(index: number): number {
  return 0x05128 + 4 * index;
}

/** Byte offset of ETQS(index), index 0 to 7: queue of an EtherType filter. */
export function etqs(index: number): number {
  return 0x0ec00 + 4 * index;
}

/** Byte offset of SAQF(index), index 0 to 127: source address of a five-tuple filter. */
export function saqf(index: number): number {
  return 0x0e000 + 4 * index;
}

/** Byte offset of DAQF(index), index 0 to 127: destination address of a five-tuple filter. */
export function daqf(index: number): number {
  return 0x0e200 + 4 * index;
}

/** Byte offset of SDPQF(index), index 0 to 127: ports of a five-tuple filter. */
export function sdpqf(index: number): number {
  return 0x0e400 + 4 * index;
}

/** Byte offset of FTQF(index), index 0 to 127: five-tuple filter. */
export function ftqf(index: number): number {
  return 0x0e600 + 4 * index;
}

/** Byte offset of L34TIMIR(index), index 0 to 127: queue of a five-tuple filter. */
export function l34timir(index: number): number {
  return 0x0e800 + 4 * index;
}

/** Byte offset of TXPBSIZE(index), index 0 to 7: transmit packet buffer. */
export function txpbsize(index: number): number {
  return 0x0cc00 + 4 * index;
}

/** Byte offset of TXPBTHRESH(index), index 0 to 7: transmit packet buffer threshold. */
export function txpbthresh(index: number): number {
  return 0x04950 + 4 * index;
}

/** Byte offset of TDBAL(queue), queue 0 to 127: transmit ring, address. */
export function tdbal(queue: number): number {
  return 0x06000 + 0x40 * queue;
}

/** Byte offset of TDBAH(queue), queue 0 to 127: transmit ring, upper address. */
export function tdbah(queue: number): number {
  return 0x06004 + 0x40 * queue;
}

/** Byte offset of TDLEN(queue), queue 0 to 127: transmit ring, bytes. */
export function tdlen(queue: number): number {
  return 0x06008 + 0x40 * queue;
}

/** Byte offset of DCA_TXCTRL(queue), queue 0 to 127: transmit DCA and relaxed ordering. */
export function dcaTxctrl(queue: number): number {
  return 0x0600c + 0x40 * queue;
}

/** Byte offset of TDH(queue), queue 0 to 127: transmit ring, head. */
export function tdh(queue: number): number {
  return 0x06010 + 0x40 * queue;
}

/** Byte offset of TDT(queue), queue 0 to 127: transmit ring, tail. */
export function tdt(queue: number): number {
  return 0x06018 + 0x40 * queue;
}

/** Byte offset of TXDCTL(queue), queue 0 to 127: transmit queue control. */
export function txdctl(queue: number): number {
  return 0x06028 + 0x40 * queue;
}

/** Byte offset of TDWBAL(queue), queue 0 to 127: head write-back, address. */
export function tdwbal(queue: number): number {
  return 0x06038 + 0x40 * queue;
}

/** Byte offset of TDWBAH(queue), queue 0 to 127: head write-back, upper address. */
export function tdwbah(queue: number): number {
  return 0x0603c + 0x40 * queue;
}

/** Byte offset of TXLLQ(index), index 0 to 3: low latency transmit queues. */
export function txllq(index: number): number {
  return 0x082e0 + 4 * index;
}

/** Byte offset of MPC(index), index 0 to 7: frames missed by a packet buffer. */
export function mpc(index: number): number {
  return 0x03fa0 + 4 * index;
}

/** Byte offset of QPRC(index), index 0 to 15: frames received, of a set of queues. */
export function qprc(index: number): number {
  return 0x01030 + 0x40 * index;
}

/** Byte offset of QBRC_L(index), index 0 to 15: bytes received, of a set of queues. */
export function qbrcL(index: number): number {
  return 0x01034 + 0x40 * index;
}

/** Byte offset of QBRC_H(index), index 0 to 15: bytes received, of a set of queues, upper 4 bits. */
export function qbrcH(index: number): number {
  return 0x01038 + 0x40 * index;
}

/** Byte offset of QPRDC(index), index 0 to 15: frames dropped, of a set of queues. */
export function qprdc(index: number): number {
  return 0x01430 + 0x40 * index;
}

/** Byte offset of QPTC(index), index 0 to 15: frames transmitted, of a set of queues. */
export function qptc(index: number): number {
  return 0x06030 + 0x40 * index;
}

/** Byte offset of QBTC_L(index), index 0 to 15: bytes transmitted, of a set of queues. */
export function qbtcL(index: number): number {
  return 0x08700 + 8 * index;
}

/** Byte offset of QBTC_H(index), index 0 to 15: bytes transmitted, of a set of queues, upper 4 bits. */
export function qbtcH(index: number): number {
  return 0x08704 + 8 * index;
}

/** Byte offset of RQSMR(index), index 0 to 31: sets of four receive queues. */
export function rqsmr(index: number): number {
  return 0x02300 + 4 * index;
}

/** Byte offset of TQSM(index), index 0 to 31: sets of four transmit queues. */
export function tqsm(index: number): number {
  return 0x08600 + 4 * index;
}

/** Byte offset of PXONRXCNT(index), index 0 to 7: XON frames received, of a class. */
export function pxonrxcnt(index: number): number {
  return 0x04140 + 4 * index;
}

/** Byte offset of PXOFFRXCNT(index), index 0 to 7: XOFF frames received, of a class. */
export function pxoffrxcnt(index: number): number {
  return 0x04160 + 4 * index;
}

/** Byte offset of PXON2OFFCNT(index), index 0 to 7: changes from XON to XOFF, of a class. */
export function pxon2offcnt(index: number): number {
  return 0x03240 + 4 * index;
}

/** Byte offset of PXONTXC(index), index 0 to 7: XON frames transmitted, of a class. */
export function pxontxc(index: number): number {
  return 0x03f00 + 4 * index;
}

/** Byte offset of PXONRXC(index), index 0 to 7: XON frames received, of a class, second counter. */
export function pxonrxc(index: number): number {
  return 0x0cf00 + 4 * index;
}

/** Byte offset of PXOFFTXC(index), index 0 to 7: XOFF frames transmitted, of a class. */
export function pxofftxc(index: number): number {
  return 0x03f20 + 4 * index;
}

/** Byte offset of PXOFFRXC(index), index 0 to 7: XOFF frames received, of a class, second counter. */
export function pxoffrxc(index: number): number {
  return 0x0cf20 + 4 * index;
}

/** Byte offset of RNBC(index), index 0 to 7: frames without a receive buffer. */
export function rnbc(index: number): number {
  return 0x03fc0 + 4 * index;
}

/** Byte offset of LSECTXKEY0(index), index 0 to 3: MACsec transmit key 0. */
export function lsectxkey0(index: number): number {
  return 0x08a1c + 4 * index;
}

/** Byte offset of LSECTXKEY1(index), index 0 to 3: MACsec transmit key 1. */
export function lsectxkey1(index: number): number {
  return 0x08a2c + 4 * index;
}

/** Byte offset of LSECRXSA(index), index 0 to 1: MACsec receive association. */
export function lsecrxsa(index: number): number {
  return 0x08f10 + 4 * index;
}

/** Byte offset of LSECRXPN(index), index 0 to 1: MACsec receive packet number. */
export function lsecrxpn(index: number): number {
  return 0x08f18 + 4 * index;
}

/** Byte offset of LSECRXKEY(index), index 0 to 7: MACsec receive keys, four words each. */
export function lsecrxkey(index: number): number {
  return 0x08f20 + 4 * index;
}

/** Byte offset of LSECRXOK(index), index 0 to 1: MACsec received, good. */
export function lsecrxok(index: number): number {
  return 0x08f64 + 4 * index;
}

/** Byte offset of LSECRXINV(index), index 0 to 1: MACsec received, invalid. */
export function lsecrxinv(index: number): number {
  return 0x08f6c + 4 * index;
}

/** Byte offset of LSECRXNV(index), index 0 to 1: MACsec received, not valid. */
export function lsecrxnv(index: number): number {
  return 0x08f74 + 4 * index;
}

/** Byte offset of IPSTXKEY(index), index 0 to 3: transmit table: key, least significant word first. */
export function ipstxkey(index: number): number {
  return 0x08908 + 4 * index;
}

/** Byte offset of IPSRXIPADDR(index), index 0 to 3: IP table: address. */
export function ipsrxipaddr(index: number): number {
  return 0x08e04 + 4 * index;
}

/** Byte offset of IPSRXKEY(index), index 0 to 3: key table: key, least significant word first. */
export function ipsrxkey(index: number): number {
  return 0x08e1c + 4 * index;
}

/** Byte offset of FCTTV(index), index 0 to 3: pause time, two classes each. */
export function fcttv(index: number): number {
  return 0x03200 + 4 * index;
}

/** Byte offset of FCRTL(index), index 0 to 7: low-water mark of a packet buffer. */
export function fcrtl(index: number): number {
  return 0x03220 + 4 * index;
}

/** Byte offset of FCRTH(index), index 0 to 7: high-water mark of a packet buffer. */
export function fcrth(index: number): number {
  return 0x03260 + 4 * index;
}

/** Byte offset of RTRPT4C(index), index 0 to 7: receive packet plane, configuration of a class. */
export function rtrpt4c(index: number): number {
  return 0x02140 + 4 * index;
}

/** Byte offset of RTRPT4S(index), index 0 to 7: receive packet plane, status of a class. */
export function rtrpt4s(index: number): number {
  return 0x02160 + 4 * index;
}

/** Byte offset of RTTDT2C(index), index 0 to 7: transmit descriptor plane, configuration of a class. */
export function rttdt2c(index: number): number {
  return 0x04910 + 4 * index;
}

/** Byte offset of RTTDT2S(index), index 0 to 7: transmit descriptor plane, status of a class. */
export function rttdt2s(index: number): number {
  return 0x04930 + 4 * index;
}

/** Byte offset of RTTPT2C(index), index 0 to 7: transmit packet plane, configuration of a class. */
export function rttpt2c(index: number): number {
  return 0x0cd20 + 4 * index;
}

/** Byte offset of RTTPT2S(index), index 0 to 7: transmit packet plane, status of a class. */
export function rttpt2s(index: number): number {
  return 0x0cd40 + 4 * index;
}

/** Byte offset of PFVFLRE(index), index 0 to 1: virtual functions that were reset. */
export function pfvflre(index: number): number {
  return index < 1 ? 0x00600 + 4 * index : 0x001c0 + 4 * (index - 1);
}

/** Byte offset of PFVFLREC(index), index 0 to 1: virtual functions that were reset, clear. */
export function pfvflrec(index: number): number {
  return 0x00700 + 4 * index;
}

/** Byte offset of PFMBICR(index), index 0 to 3: mailbox interrupt causes. */
export function pfmbicr(index: number): number {
  return 0x00710 + 4 * index;
}

/** Byte offset of PFMBIMR(index), index 0 to 3: mailbox interrupt masks. */
export function pfmbimr(index: number): number {
  return 0x00720 + 4 * index;
}

/** Byte offset of WQBR_RX(index), index 0 to 3: blocked receive queues. */
export function wqbrRx(index: number): number {
  return 0x02fb0 + 4 * index;
}

/** Byte offset of PFMAILBOX(index), index 0 to 63: mailbox of a virtual function. */
export function pfmailbox(index: number): number {
  return 0x04b00 + 4 * index;
}

/** Byte offset of VMTXSW(index), index 0 to 1: transmit switch of pools. */
export function vmtxsw(index: number): number {
  return 0x05180 + 4 * index;
}

/** Byte offset of VFRE(index), index 0 to 1: receive enable of pools. */
export function vfre(index: number): number {
  return 0x051e0 + 4 * index;
}

/** Byte offset of VMVIR(index), index 0 to 63: VLAN tag that a pool inserts. */
export function vmvir(index: number): number {
  return 0x08000 + 4 * index;
}

/** Byte offset of VFTE(index), index 0 to 1: transmit enable of pools. */
export function vfte(index: number): number {
  return 0x08110 + 4 * index;
}

/** Byte offset of WQBR_TX(index), index 0 to 3: blocked transmit queues. */
export function wqbrTx(index: number): number {
  return 0x08130 + 4 * index;
}

/** Byte offset of PFVFSPOOF(index), index 0 to 7: anti-spoofing, eight pools each. */
export function pfvfspoof(index: number): number {
  return 0x08200 + 4 * index;
}

/** Byte offset of VMECM(index), index 0 to 1: EtherTypes that pools may send. */
export function vmecm(index: number): number {
  return 0x08790 + 4 * index;
}

/** Byte offset of MPSAR_LO(index), index 0 to 127: pools of a receive address, 0 to 31. */
export function mpsarLo(index: number): number {
  return 0x0a600 + 8 * index;
}

/** Byte offset of MPSAR_HI(index), index 0 to 127: pools of a receive address, 32 to 63. */
export function mpsarHi(index: number): number {
  return 0x0a604 + 8 * index;
}

/** Byte offset of VMOLR(index), index 0 to 63: what a pool receives. */
export function vmolr(index: number): number {
  return 0x0f000 + 4 * index;
}

/** Byte offset of VLVF(index), index 0 to 63: VLAN of pools. */
export function vlvf(index: number): number {
  return 0x0f100 + 4 * index;
}

/** Byte offset of VLVFB(index), index 0 to 127: pools of a VLAN. */
export function vlvfb(index: number): number {
  return 0x0f200 + 4 * index;
}

/** Byte offset of MRCTL(index), index 0 to 3: mirror rule. */
export function mrctl(index: number): number {
  return 0x0f600 + 4 * index;
}

/** Byte offset of VMRVLAN(index), index 0 to 7: VLANs of a mirror rule. */
export function vmrvlan(index: number): number {
  return 0x0f610 + 4 * index;
}

/** Byte offset of VMRVM(index), index 0 to 7: pools of a mirror rule. */
export function vmrvm(index: number): number {
  return 0x0f630 + 4 * index;
}

/** Byte offset of PFMBMEM(index), index 0 to 1023: mailboxes, 16 words each. */
export function pfmbmem(index: number): number {
  return 0x13000 + 4 * index;
}

/** Byte offset of FDIRSIPV6(index), index 0 to 2: source address, IPv6. */
export function fdirsipv6(index: number): number {
  return 0x0ee0c + 4 * index;
}

/** Byte offset of FCRETA(index), index 0 to 7: redirection table. */
export function fcreta(index: number): number {
  return 0x0ed10 + 4 * index;
}

/** Byte offset of MAVTV(index), index 0 to 7: VLAN tag for management. */
export function mavtv(index: number): number {
  return 0x05010 + 4 * index;
}

/** Byte offset of MFUTP(index), index 0 to 7: ports for management. */
export function mfutp(index: number): number {
  return 0x05030 + 4 * index;
}

/** Byte offset of BMCIP(index), index 0 to 3: address of the BMC. */
export function bmcip(index: number): number {
  return 0x05050 + 4 * index;
}

/** Byte offset of MDEF_EXT(index), index 0 to 7: decision filter of management, extension. */
export function mdefExt(index: number): number {
  return 0x05160 + 4 * index;
}

/** Byte offset of METF(index), index 0 to 3: EtherTypes for management. */
export function metf(index: number): number {
  return 0x05190 + 4 * index;
}

/** Byte offset of IP4AT(index), index 0 to 3: wake-up addresses, IPv4. */
export function ip4at(index: number): number {
  return 0x05840 + 8 * index;
}

/** Byte offset of IP6AT(index), index 0 to 3: wake-up address, IPv6. */
export function ip6at(index: number): number {
  return 0x05880 + 4 * index;
}

/** Byte offset of MDEF(index), index 0 to 7: decision filter of management. */
export function mdef(index: number): number {
  return 0x05890 + 4 * index;
}

/** Byte offset of MIPAF(index), index 0 to 15: addresses for management. */
export function mipaf(index: number): number {
  return 0x058b0 + 4 * index;
}

/** Byte offset of MMAL(index), index 0 to 3: MAC address for management, lower part. */
export function mmal(index: number): number {
  return 0x05910 + 8 * index;
}

/** Byte offset of MMAH(index), index 0 to 3: MAC address for management, upper part. */
export function mmah(index: number): number {
  return 0x05914 + 8 * index;
}

/** Byte offset of WUPM(index), index 0 to 31: wake-up packet. */
export function wupm(index: number): number {
  return 0x05a00 + 4 * index;
}

/** Byte offset of FHFT(index), index 0 to 255: flexible wake-up filters, 64 words each. */
export function fhft(index: number): number {
  return 0x09000 + 4 * index;
}

/** Byte offset of FTFT(index), index 0 to 255: flexible filter of management. */
export function ftft(index: number): number {
  return 0x09400 + 4 * index;
}

/** Byte offset of FHFT_EXT(index), index 0 to 127: more flexible wake-up filters, 64 words each. */
export function fhftExt(index: number): number {
  return 0x09800 + 4 * index;
}

/** Byte offset of FLEX_MNG(index), index 0 to 447: memory shared with the firmware. */
export function flexMng(index: number): number {
  return 0x15800 + 4 * index;
}

/** Byte offset of GSCL(index), index 0 to 7: PCIe statistics control 1 to 8. */
export function gscl(index: number): number {
  return index < 4 ? 0x11010 + 4 * index : 0x11030 + 4 * (index - 4);
}

/** Byte offset of GSCN(index), index 0 to 3: PCIe statistics. */
export function gscn(index: number): number {
  return 0x11020 + 4 * index;
}

/** Byte offset of PBACL(index), index 0 to 7: clear pending interrupts. */
export function pbacl(index: number): number {
  return index < 1 ? 0x11068 + 4 * index : 0x110c4 + 4 * (index - 1);
}

/** Byte offset of PCIE_DIAG(index), index 0 to 7: PCIe diagnostics. */
export function pcieDiag(index: number): number {
  return 0x11090 + 4 * index;
}

/** Byte offset of ECC_CTRL(index), index 0 to 1: memories, error control. */
export function eccCtrl(index: number): number {
  return 0x11100 + 4 * index;
}

/** Byte offset of RDSTAT(index), index 0 to 7: receive DMA statistics. */
export function rdstat(index: number): number {
  return 0x02c00 + 4 * index;
}

/** Byte offset of RIC_DW(index), index 0 to 3: receive internal context. */
export function ricDw(index: number): number {
  return 0x02f10 + 4 * index;
}

/** Byte offset of RXWRPTR(index), index 0 to 7: receive buffer, write pointer. */
export function rxwrptr(index: number): number {
  return 0x03100 + 4 * index;
}

/** Byte offset of RXUSED(index), index 0 to 7: receive buffer, used. */
export function rxused(index: number): number {
  return 0x03120 + 4 * index;
}

/** Byte offset of RXRDPTR(index), index 0 to 7: receive buffer, read pointer. */
export function rxrdptr(index: number): number {
  return 0x03140 + 4 * index;
}

/** Byte offset of RXRDWRPTR(index), index 0 to 7: receive buffer, read and write pointer. */
export function rxrdwrptr(index: number): number {
  return 0x03160 + 4 * index;
}

/** Byte offset of RXBUFDATA(index), index 0 to 3: receive buffer access, data. */
export function rxbufdata(index: number): number {
  return 0x03610 + 4 * index;
}

/** Byte offset of RXDATAWRPTR(index), index 0 to 3: receive data, write pointer. */
export function rxdatawrptr(index: number): number {
  return 0x03700 + 4 * index;
}

/** Byte offset of RXDESCWRPTR(index), index 0 to 3: receive descriptors, write pointer. */
export function rxdescwrptr(index: number): number {
  return 0x03710 + 4 * index;
}

/** Byte offset of RXDATARDPTR(index), index 0 to 3: receive data, read pointer. */
export function rxdatardptr(index: number): number {
  return 0x03720 + 4 * index;
}

/** Byte offset of RXDESCRDPTR(index), index 0 to 3: receive descriptors, read pointer. */
export function rxdescrdptr(index: number): number {
  return 0x03730 + 4 * index;
}

/** Byte offset of TIC_DW2(index), index 0 to 3: transmit internal context, second part. */
export function ticDw2(index: number): number {
  return 0x082b0 + 4 * index;
}

/** Byte offset of TXWRPTR(index), index 0 to 7: transmit buffer, write pointer. */
export function txwrptr(index: number): number {
  return 0x0c100 + 4 * index;
}

/** Byte offset of TXUSED(index), index 0 to 7: transmit buffer, used. */
export function txused(index: number): number {
  return 0x0c120 + 4 * index;
}

/** Byte offset of TXRDPTR(index), index 0 to 7: transmit buffer, read pointer. */
export function txrdptr(index: number): number {
  return 0x0c140 + 4 * index;
}

/** Byte offset of TXRDWRPTR(index), index 0 to 7: transmit buffer, read and write pointer. */
export function txrdwrptr(index: number): number {
  return 0x0c160 + 4 * index;
}

/** Byte offset of TXBUFDATA(index), index 0 to 3: transmit buffer access, data. */
export function txbufdata(index: number): number {
  return 0x0c610 + 4 * index;
}

/** Byte offset of TXDATAWRPTR(index), index 0 to 3: transmit data, write pointer. */
export function txdatawrptr(index: number): number {
  return 0x0c700 + 4 * index;
}

/** Byte offset of TXDESCWRPTR(index), index 0 to 3: transmit descriptors, write pointer. */
export function txdescwrptr(index: number): number {
  return 0x0c710 + 4 * index;
}

/** Byte offset of TXDATARDPTR(index), index 0 to 3: transmit data, read pointer. */
export function txdatardptr(index: number): number {
  return 0x0c720 + 4 * index;
}

/** Byte offset of TXDESCRDPTR(index), index 0 to 3: transmit descriptors, read pointer. */
export function txdescrdptr(index: number): number {
  return 0x0c730 + 4 * index;
}
