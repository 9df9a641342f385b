import { bit, bits, many, one, type RegisterRow, storage } from '../register-row.ts';

/** The card on its bus. Nothing but CTRL's master disable and resets is modelled of it. */
export const PCIE_REGISTERS: readonly RegisterRow[] = storage(
  one('GCR', 'PCIe control', 0x11000, 'rw', [
    bits('CMPL_TMOUT', 15, 12),
    bit('CMPL_TMOUT_RESEND', 16),
    bit('CAP_VER2', 18, 'ro'),
  ]),
  one('GTV', 'PCIe timer value', 0x11004, 'rw'),
  one('FUNCTAG', 'function and tag', 0x11008, 'rw'),
  one('GLT', 'PCIe latency timer', 0x1100c, 'rw'),
  many('GSCL', 'PCIe statistics control 1 to 8', 0x11010, 4, 8, 'rw', [], {
    continued: { first: 4, offset: 0x11030, stride: 4, count: 4 },
  }),
  many('GSCN', 'PCIe statistics', 0x11020, 4, 4, 'rc'),
  one('PHYADR', 'PCIe PHY address', 0x11040, 'rw'),
  one('PHYDAT', 'PCIe PHY data', 0x11044, 'rw'),
  one('PHYCTL', 'PCIe PHY control', 0x11048, 'rw'),
  one('GCR_EXT', 'PCIe control, extension', 0x11050, 'rw', [
    bits('VT_MODE', 1, 0),
    bit('BUFFERS_CLEAR', 30),
    bit('MSIX_EN', 31),
  ]),
  one('MREVID', 'mirrored revision', 0x11064, 'ro'),
  many('PBACL', 'clear pending interrupts', 0x11068, 4, 8, 'w1c', [], {
    continued: { first: 1, offset: 0x110c4, stride: 4, count: 7 },
  }),
  one('PCIEECCCTL', 'PCIe memory, errors', 0x1106c, 'rw'),
  one('DCA_ID', 'DCA requester', 0x11070, 'ro'),
  one('DCA_CTRL', 'DCA control', 0x11074, 'rw', [bit('DCA_DIS', 0), bits('DCA_MODE', 4, 1)]),
  one('CIAA', 'configuration space, address', 0x11088, 'rw'),
  one('CIAD', 'configuration space, data', 0x1108c, 'rw'),
  many('PCIE_DIAG', 'PCIe diagnostics', 0x11090, 4, 8, 'rw'),
  one('PICAUSE', 'PCIe interrupt causes', 0x110b0, 'w1c'),
  one('CDQ_MBR', 'completion queue', 0x110b4, 'rw'),
  one('PIENA', 'PCIe interrupt enable', 0x110b8, 'rw'),
  one('PCIESPARE', 'spare', 0x110bc, 'rw'),
  one('ECC_STATUS', 'memories, errors', 0x110e0, 'ro'),
  one('MISC_REG', 'miscellaneous', 0x110f0, 'rw'),
  one('BARCTRL', 'sizes of the BARs', 0x110f4, 'rw', [bits('FLSIZE', 10, 8), bit('CSRSIZE', 13)]),
  many('ECC_CTRL', 'memories, error control', 0x11100, 4, 2, 'rw'),
);
