import { bit, bits, many, one, type RegisterRow, storage } from '../register-row.ts';

/** Pause frames, which the model neither sends nor obeys. */
export const FLOW_CONTROL_REGISTERS: readonly RegisterRow[] = storage(
  one('PFCTOP', 'priority flow control EtherType and opcode', 0x03008, 'rw'),
  many('FCTTV', 'pause time, two classes each', 0x03200, 4, 4, 'rw'),
  one('FCADBUL', 'destination of pause frames, lower part', 0x03210, 'rw'),
  one('FCADBUH', 'destination of pause frames, upper part', 0x03214, 'rw'),
  many('FCRTL', 'low-water mark of a packet buffer', 0x03220, 4, 8, 'rw', [bits('RTL', 18, 5), bit('XONE', 31)]),
  many('FCRTH', 'high-water mark of a packet buffer', 0x03260, 4, 8, 'rw', [bits('RTH', 18, 5), bit('FCEN', 31)]),
  one('FCRTV', 'pause refresh time', 0x032a0, 'rw', [bits('FC_REFRESH', 15, 0)]),
  one('FCCFG', 'kind of pause frames that are sent', 0x03d00, 'rw', [bits('TFCE', 4, 3)]),
  one('MFLCN', 'pause frames that are obeyed', 0x04294, 'rw', [
    bit('PMCF', 0),
    bit('DPF', 1),
    bit('RPFCM', 2),
    bit('RFCE', 3),
    bits('RPFCE', 11, 4),
  ]),
  one('FCAMACL', 'address of pause frames, lower part', 0x04328, 'rw'),
  one('FCAMACH', 'address of pause frames, upper part', 0x0432c, 'rw'),
  one('TFCS', 'what is paused', 0x0ce00, 'ro'),
);
