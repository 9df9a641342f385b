import { writeEthernetHeader } from '@inline-ipsec/net/ethernet';
import { writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { type FrameToWrite, writePcap } from '@inline-ipsec/net/pcap';

/** The policies' network and the generator's address in the article's configuration. */
const INNER_ADDRESS = 0xc0a8690a;

/** A UDP-like frame of `bytes` bytes, Ethernet header included and FCS not, as the benchmark sends it. */
export function clearFrame(bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  writeEthernetHeader(frame, 0, {
    destination: Uint8Array.of(2, 0, 0, 0, 0, 1),
    source: Uint8Array.of(2, 0, 0, 0, 0, 2),
    type: 0x0800,
  });
  writeIpv4Header(frame, 14, {
    source: INNER_ADDRESS,
    destination: INNER_ADDRESS,
    protocol: 17,
    totalLength: bytes - 14,
  });
  for (let i = 34; i < bytes; i++) frame[i] = i;
  return frame;
}

/** A capture of `count` frames, all alike. */
export function captureOf(frame: Uint8Array, count: number): Uint8Array {
  return writePcap(Array.from({ length: count }, (): FrameToWrite => ({ data: frame })));
}
