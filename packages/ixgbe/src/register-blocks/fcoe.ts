import { many, one, type RegisterRow, storage } from '../register-row.ts';

/** Fibre Channel over Ethernet, which the model does not have. */
export const FCOE_REGISTERS: readonly RegisterRow[] = storage(
  one('FCPTRL', 'descriptors of a context, lower address', 0x02410, 'rw'),
  one('FCPTRH', 'descriptors of a context, upper address', 0x02414, 'rw'),
  one('FCBUFF', 'buffers of a context', 0x02418, 'rw'),
  one('FCOERPDC', 'packets dropped', 0x0241c, 'rc'),
  one('FCDMARW', 'DMA context command', 0x02420, 'rw'),
  one('FCLAST', 'last errors', 0x02424, 'rc'),
  one('FCOEPRC', 'packets received', 0x02428, 'rc'),
  one('FCOEDWRC', 'double words received', 0x0242c, 'rc'),
  one('TEOFF', 'end of frame, transmit', 0x04a94, 'rw'),
  one('TSOFF', 'start of frame, transmit', 0x04a98, 'rw'),
  one('FCRXCTRL', 'receive control', 0x05100, 'rw'),
  one('FCFLT', 'filter context', 0x05108, 'rw'),
  one('FCSMAC', 'source MAC address', 0x0510c, 'rw'),
  one('FCFLTRW', 'filter context command', 0x05110, 'rw'),
  one('FCD_ID', 'destination', 0x05114, 'rw'),
  one('FCCRC', 'packets with a bad CRC', 0x05118, 'rc'),
  one('REOFF', 'end of frame, receive', 0x05158, 'rw'),
  one('FCPARAM', 'offset parameter', 0x051d8, 'rw'),
  one('RSOFF', 'start of frame, receive', 0x051f8, 'rw'),
  one('FCOEPTC', 'packets transmitted', 0x08784, 'rc'),
  one('FCOEDWTC', 'double words transmitted', 0x08788, 'rc'),
  one('FCRECTL', 'redirection control', 0x0ed00, 'rw'),
  many('FCRETA', 'redirection table', 0x0ed10, 4, 8, 'rw'),
);
