import { BASE, BASE_RESET, bit, bits, many, one, type RegisterRow, storage } from '../register-row.ts';

/** Those of Intel's later parts differ from each other, and no source at hand gives the 82599's. */
const FLAGS_RESET = `${BASE}; reset: a choice, FIN and PSH in the last segment only, and no CWR there`;

/** Packet buffer, segmentation and transmit rings. */
export const TRANSMIT_REGISTERS: readonly RegisterRow[] = [
  one('DMATXCTL', 'transmit DMA control', 0x04a80, 'rw', [bit('TE', 0), bit('GDV', 3), bits('VT', 31, 16)], {
    reset: 0x81000000,
    source: BASE_RESET,
  }),
  one(
    'DTXTCPFLGL',
    'TCP flags kept in the first and the middle segments',
    0x04a88,
    'rw',
    [bits('FIRST_SEG', 11, 0), bits('MID_SEG', 27, 16)],
    { reset: 0x0ff60ff6, source: FLAGS_RESET },
  ),
  one('DTXTCPFLGH', 'TCP flags kept in the last segment', 0x04a8c, 'rw', [bits('LAST_SEG', 11, 0)], {
    reset: 0x00000f7f,
    source: FLAGS_RESET,
  }),
  one('DTXMXSZRQ', 'bytes that may be on their way from memory', 0x08100, 'rw', [bits('MAX_BYTES_NUM_REQ', 11, 0)], {
    reset: 0x10,
    source: BASE_RESET,
  }),
  one('RTTDCS', 'transmit descriptor arbiter', 0x04900, 'rw', [
    bit('TDPAC', 0),
    bit('VMPAC', 1),
    bit('TDRM', 4),
    bit('ARBDIS', 6),
    bit('BDPM', 22),
    bit('BPBFSM', 23),
  ]),
  one(
    'MTQC',
    'multiple transmit queues',
    0x08120,
    'rw',
    [bit('RT_ENA', 0), bit('VT_ENA', 1), bits('NUM_TC_OR_Q', 3, 2)],
    { source: BASE_RESET },
  ),
  many('TXPBSIZE', 'transmit packet buffer', 0x0cc00, 4, 8, 'rw', [bits('SIZE', 19, 10)], {
    resets: [{ index: 0, value: 0x00028000 }],
    source: BASE_RESET,
  }),
  many('TXPBTHRESH', 'transmit packet buffer threshold', 0x04950, 4, 8, 'rw', [bits('THRESH', 9, 0)]),
  many('TDBAL', 'transmit ring, address', 0x06000, 0x40, 128, 'rw', [], { zero: 0x7f }),
  many('TDBAH', 'transmit ring, upper address', 0x06004, 0x40, 128, 'rw'),
  many('TDLEN', 'transmit ring, bytes', 0x06008, 0x40, 128, 'rw', [bits('LEN', 19, 7)], { zero: 0xfff0007f }),
  many('DCA_TXCTRL', 'transmit DCA and relaxed ordering', 0x0600c, 0x40, 128, 'rw', [
    bit('DESC_DCA', 5),
    bit('DESC_RRO', 9),
    bit('DESC_WRO', 11),
    bit('DATA_RRO', 13),
    bits('CPUID', 31, 24),
  ]),
  many('TDH', 'transmit ring, head', 0x06010, 0x40, 128, 'rw', [bits('TDH', 15, 0)], {
    readOnlyWhile: 'TXDCTL.ENABLE',
  }),
  many('TDT', 'transmit ring, tail', 0x06018, 0x40, 128, 'rw', [bits('TDT', 15, 0)]),
  many(
    'TXDCTL',
    'transmit queue control',
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
  many('TDWBAL', 'head write-back, address', 0x06038, 0x40, 128, 'rw', [bit('HEAD_WB_EN', 0)], { source: BASE_RESET }),
  many('TDWBAH', 'head write-back, upper address', 0x0603c, 0x40, 128, 'rw', [], { source: BASE_RESET }),
  ...storage(
    one('TXDESCIC', 'transmit descriptor memory, errors', 0x082cc, 'rw'),
    many('TXLLQ', 'low latency transmit queues', 0x082e0, 4, 4, 'rw'),
    one('LBDRPEN', 'loopback drop enable', 0x0ca00, 'rw'),
    one('TIPG', 'gap between transmitted frames', 0x0cb00, 'rw'),
    one('MNGTXMAP', 'traffic class of management packets', 0x0cd10, 'rw'),
  ),
];
