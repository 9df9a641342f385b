import { writeEthernetHeader } from '@inline-ipsec/net/ethernet';
import { writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { type FrameToWrite, writePcap } from '@inline-ipsec/net/pcap';
import type { FrameMix } from './frame-mix.ts';

/** The policies' first network in the article's configuration, 192.168.105.0/24; the next ones follow it. */
const FIRST_NETWORK = 0xc0a8_6900;
/** The generator's address in its network. */
const HOST = 10;
const HOSTS = 200;
const SOURCE = 0xc0a8_690a;
const FIRST_PORT = 1024;
const PORTS = 50_000;

/** The network, a /24, that policy number `policy` protects; u32 in host order. */
export function policyNetwork(policy: number): number {
  return (FIRST_NETWORK + (policy << 8)) >>> 0;
}

/** What tells the packets of one flow from those of another. */
export interface Flow {
  /** u32 in host order. */
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * Flow number `flow`: flows go round over the networks of `policies` policies, and then over hosts; no two have both
 * ports alike.
 */
export function flowOf(flow: number, policies: number): Flow {
  const turn = Math.floor(flow / policies);
  return {
    destination: policyNetwork(flow % policies) + HOST + (turn % HOSTS),
    sourcePort: FIRST_PORT + (flow % PORTS),
    destinationPort: FIRST_PORT + Math.floor(flow / PORTS),
  };
}

/** A frame with a UDP packet of a flow, `bytes` long with its Ethernet header and without FCS. */
export function clearFrame(bytes: number, flow: Flow = flowOf(0, 1)): Uint8Array {
  const frame = new Uint8Array(bytes);
  writeEthernetHeader(frame, 0, {
    destination: Uint8Array.of(2, 0, 0, 0, 0, 1),
    source: Uint8Array.of(2, 0, 0, 0, 0, 2),
    type: 0x0800,
  });
  writeIpv4Header(frame, 14, {
    source: SOURCE,
    destination: flow.destination,
    protocol: 17,
    totalLength: bytes - 14,
  });
  for (let i = 42; i < bytes; i++) frame[i] = i;
  const view = new DataView(frame.buffer);
  view.setUint16(34, flow.sourcePort);
  view.setUint16(36, flow.destinationPort);
  view.setUint16(38, bytes - 34);
  return frame;
}

/** A capture of `count` frames of a mix, whose flows go round over `policies` policies. */
export function clearCapture(mix: FrameMix, count: number, policies: number): Uint8Array {
  const { pattern } = mix;
  return writePcap(
    Array.from(
      { length: count },
      (_, i): FrameToWrite => ({
        data: clearFrame(pattern[i % pattern.length], flowOf(i % policies, policies)),
      }),
    ),
  );
}
