import { BASE_RESET, bit, bits, one, type RegisterRow, storage } from '../register-row.ts';

/** The device as a whole, its EEPROM, and the semaphores that software and firmware share. */
export const GENERAL_REGISTERS: readonly RegisterRow[] = [
  one('CTRL', 'device control', 0x00000, 'rw', [bit('GIO_DIS', 2), bit('LRST', 3, 'sc'), bit('RST', 26, 'sc')], {
    alias: { first: 0, offset: 0x00004, stride: 0, count: 1 },
    source: BASE_RESET,
  }),
  one('STATUS', 'device status', 0x00008, 'ro', [bits('LAN_ID', 3, 2), bit('GIO_MASTER_EN', 19)], {
    reset: 0x00080000,
    source: BASE_RESET,
  }),
  one('CTRL_EXT', 'extended device control', 0x00018, 'rw', [
    bit('PFRSTD', 14),
    bit('NS_DIS', 16),
    bit('RO_DIS', 17),
    bit('DRV_LOAD', 28),
  ]),
  one(
    'EEC',
    'EEPROM and flash control',
    0x10010,
    'rw',
    [bit('PRES', 8, 'ro'), bit('ARD', 9, 'ro'), bits('SIZE', 14, 11, 'ro')],
    { reset: 0x00002300 },
  ),
  one('EERD', 'EEPROM read', 0x10014, 'rw', [
    bit('START', 0, 'sc'),
    bit('DONE', 1, 'ro'),
    bits('ADDR', 15, 2),
    bits('DATA', 31, 16),
  ]),
  one('SWSM', 'software semaphore', 0x10140, 'rw', [bit('SMBI', 0, 'rs'), bit('SWESMBI', 1)]),
  one('FWSM', 'firmware semaphore', 0x10148, 'rw', [bits('MODE', 3, 1, 'ro'), bit('FW_VALID', 15, 'ro')]),
  one('SW_FW_SYNC', 'what software and firmware hold (GSSR)', 0x10160, 'rw', [
    bits('SW', 4, 0),
    bits('FW', 9, 5),
    bit('REGSMP', 31),
  ]),
  ...storage(
    one('ESDP', 'software definable pins', 0x00020, 'rw'),
    one('I2CCTL', 'I²C of an SFP module', 0x00028, 'rw', [
      bit('CLK_IN', 0, 'ro'),
      bit('CLK_OUT', 1),
      bit('DATA_IN', 2, 'ro'),
      bit('DATA_OUT', 3),
    ]),
    one('FRTIMER', 'free running timer', 0x00048, 'ro'),
    one('TCPTIMER', 'TCP timer', 0x0004c, 'rw'),
    one('LEDCTL', 'LED control', 0x00200, 'rw'),
    one('EXVET', 'EtherType of an outer VLAN tag', 0x05078, 'rw', [bits('VET_EXT', 31, 16)]),
    one('EEWR', 'EEPROM write', 0x10018, 'rw'),
    one('FLA', 'flash access', 0x1001c, 'rw'),
    one('EEMNGCTL', 'EEPROM control of the firmware', 0x10110, 'rw'),
    one('EEMNGDATA', 'EEPROM data of the firmware', 0x10114, 'rw'),
    one('FLMNGCTL', 'flash control of the firmware', 0x10118, 'rw'),
    one('FLMNGDATA', 'flash data of the firmware', 0x1011c, 'rw'),
    one('FLMNGCNT', 'flash read counter of the firmware', 0x10120, 'rw'),
    one('FLOP', 'flash opcodes', 0x1013c, 'rw'),
    one('FACTPS', 'power state of the functions', 0x10150, 'ro', [bit('MNGCG', 29), bit('LFS', 30)]),
    one('GRC', 'general receive control', 0x10200, 'rw', [bit('MNG', 0, 'ro'), bit('APME', 1)]),
    one('VPDDIAG0', 'vital product data, diagnostics', 0x10204, 'ro'),
    one('VPDDIAG1', 'vital product data, diagnostics', 0x10208, 'ro'),
    one('SRAMREL', 'release of the EEPROM shadow', 0x10210, 'rw'),
    one('PHYDBG', 'PHY debug', 0x10218, 'rw'),
    one('CORECTL', 'analog set-up', 0x14f00, 'rw'),
    one('SMADARCTL', 'analog set-up of the SerDes', 0x14f10, 'rw'),
  ),
];
