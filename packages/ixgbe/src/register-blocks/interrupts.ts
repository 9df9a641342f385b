import { bit, bits, many, one, type RegisterRow, storage } from '../register-row.ts';

const CAUSES = [
  bits('RTXQ', 15, 0),
  bit('FLOW_DIR', 16),
  bit('RX_MISS', 17),
  bit('PCI', 18),
  bit('MAILBOX', 19),
  bit('LSC', 20),
  bit('LINKSEC', 21),
  bit('MNG', 22),
  bit('GPI_SDP0', 24),
  bit('GPI_SDP1', 25),
  bit('GPI_SDP2', 26),
  bit('ECC', 28),
  bit('DHER', 29),
  bit('TCP_TIMER', 30),
];

/** Causes, masks, moderation, and which queue has which vector. No interrupt is ever raised: they are state to look at. */
export const INTERRUPT_REGISTERS: readonly RegisterRow[] = [
  one('EICR', 'interrupt causes', 0x00800, 'rc-w1c', CAUSES),
  one('EICS', 'set interrupt causes', 0x00808, 'w1s', CAUSES),
  one('EIAC', 'causes that clear themselves', 0x00810, 'rw', [bits('RTXQ', 15, 0)]),
  many('EITR', 'interrupt throttle', 0x00820, 4, 128, 'rw', [bits('INTERVAL', 11, 3), bit('CNT_WDIS', 31)], {
    continued: { first: 24, offset: 0x12300, stride: 4, count: 104 },
  }),
  one('EIMS', 'interrupt mask, set', 0x00880, 'w1s', CAUSES),
  one('EIMC', 'interrupt mask, clear', 0x00888, 'wo', CAUSES),
  one('EIAM', 'masks that clear themselves', 0x00890, 'rw', CAUSES),
  one('GPIE', 'general purpose interrupts', 0x00898, 'rw', [
    bit('SDP0_GPIEN', 0),
    bit('SDP1_GPIEN', 1),
    bit('SDP2_GPIEN', 2),
    bit('MSIX_MODE', 4),
    bit('OCD', 5),
    bit('EIMEN', 6),
    bits('RSC_DELAY', 13, 11),
    bits('VTMODE', 15, 14),
    bit('EIAME', 30),
    bit('PBA_SUPPORT', 31),
  ]),
  many('IVAR', 'interrupt vectors of queues', 0x00900, 4, 64, 'rw', [
    bits('RX_EVEN', 5, 0),
    bit('RX_EVEN_VAL', 7),
    bits('TX_EVEN', 13, 8),
    bit('TX_EVEN_VAL', 15),
    bits('RX_ODD', 21, 16),
    bit('RX_ODD_VAL', 23),
    bits('TX_ODD', 29, 24),
    bit('TX_ODD_VAL', 31),
  ]),
  one('IVAR_MISC', 'interrupt vectors of other causes', 0x00a00, 'rw', [
    bits('TCP_TIMER', 5, 0),
    bit('TCP_TIMER_VAL', 7),
    bits('OTHER', 13, 8),
    bit('OTHER_VAL', 15),
  ]),
  many('EIMS_EX', 'interrupt mask of vectors, set', 0x00aa0, 4, 2, 'w1s'),
  many('EIMC_EX', 'interrupt mask of vectors, clear', 0x00ab0, 4, 2, 'wo'),
  ...storage(
    one('EITRSEL', 'throttle of virtual functions', 0x00894, 'rw'),
    many('EICS_EX', 'set causes of vectors', 0x00a90, 4, 2, 'w1s'),
    many('EIAM_EX', 'masks of vectors that clear themselves', 0x00ad0, 4, 2, 'rw'),
  ),
];
