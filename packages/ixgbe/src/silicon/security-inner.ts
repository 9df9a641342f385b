import { JOB_BYTES, JOB_DESTINATION } from '@inline-ipsec/cryptodev/job';
import { RXD_ERR_L4E } from '../descriptors.ts';
import { REG } from '../registers.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { addWords } from './checksum.ts';
import { layer4Status, layer4Type } from './receive-parse.ts';
import { AH_BYTES_IPV4, AH_BYTES_IPV6 } from './security-ah.ts';

/**
 * What the descriptor says of layer 4 in a packet that the security block has verified (X550 datasheet 7.13.4): its kind, and
 * whether its checksum is right. The sum ends where the padding begins, and the pseudo header has the inner protocol. What a
 * tunnel carries is opaque.
 */

const ESP_HEADER = 16;
const ICV = 16;
/** Pad length and next header. */
const TRAILER = 2;

/** Looks into the packet of a crypto job that succeeded. */
export function reportInner(core: CardCore, job: number): void {
  const { u8, u16, u32 } = core.memory;
  const { state } = core;
  const record = u32[((state + layout.JOB_FRAMES) >> 2) + job] >> 2;
  const frame = u32[(state + layout.JOBS + job * JOB_BYTES + JOB_DESTINATION) >> 2];
  const flags = u32[record + (layout.FRAME_FLAGS >> 2)];
  const ipv6 = (flags & layout.FRAME_IPV6) !== 0;
  const payload = frame + u32[record + (layout.FRAME_PAYLOAD >> 2)];
  let end = frame + u32[record + (layout.FRAME_END >> 2)];
  let from: number;
  let protocol: number;
  if ((flags & layout.FRAME_AH) !== 0) {
    protocol = u8[payload];
    from = payload + (ipv6 ? AH_BYTES_IPV6 : AH_BYTES_IPV4);
  } else {
    end -= ICV + TRAILER;
    protocol = u8[end + 1];
    from = payload + ESP_HEADER;
    end -= u8[end];
  }
  const type = layer4Type(protocol);
  // Padding may say that it is longer than the packet: that is nobody's layer 4.
  if (type === 0 || end <= from) return;
  u32[record + (layout.FRAME_INFO >> 2)] |= type;
  const ip = frame + u32[record + (layout.FRAME_L3 >> 2)];
  const pseudo = ipv6 ? addWords(u8, u16, ip + 8, 32, 0) : addWords(u8, u16, ip + 12, 8, 0);
  const status = layer4Status(core, from, end - from, protocol, pseudo);
  if ((status & RXD_ERR_L4E) !== 0) core.registers[REG.XEC >> 2]++;
  u32[record + (layout.FRAME_STATUS >> 2)] |= status;
}
