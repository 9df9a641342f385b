import { bit, bits, many, one, type RegisterField, type RegisterRow, X550 } from '../register-row.ts';

function gated(name: string, at: number, zeroWhile: string): RegisterField {
  return { name, bit: at, width: 1, zeroWhile };
}

/** The SA tables' staging registers and commands. */
export const IPSEC_REGISTERS: readonly RegisterRow[] = [
  one(
    'IPSTXIDX',
    'transmit table: enable and command',
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
  one('IPSTXSALT', 'transmit table: salt', 0x08904, 'rw', [], { secret: true, source: X550 }),
  many('IPSTXKEY', 'transmit table: key, least significant word first', 0x08908, 4, 4, 'rw', [], {
    secret: true,
    source: X550,
  }),
  one(
    'IPSRXIDX',
    'receive tables: enable and command',
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
  many('IPSRXIPADDR', 'IP table: address', 0x08e04, 4, 4, 'rw', [], { source: X550 }),
  one('IPSRXSPI', 'SPI table: SPI, first byte lowest', 0x08e14, 'rw', [], { source: X550 }),
  one('IPSRXIPIDX', 'SPI table: index into the IP table', 0x08e18, 'rw', [bits('IP_IDX', 6, 0)], {
    zero: 0xffffff80,
    source: X550,
  }),
  many('IPSRXKEY', 'key table: key, least significant word first', 0x08e1c, 4, 4, 'rw', [], {
    secret: true,
    source: X550,
  }),
  one('IPSRXSALT', 'key table: salt', 0x08e2c, 'rw', [], { secret: true, source: X550 }),
  one(
    'IPSRXMOD',
    'key table: mode',
    0x08e30,
    'rw',
    [bit('VALID', 0), bit('PROTO', 2), bit('DECRYPT', 3), bit('IPV6', 4)],
    { zero: 0xffffffe2, source: X550 },
  ),
];
