import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { EspTunnel, IV_BYTES } from './esp-packets.ts';
import type { FrameTarget } from './frame-target.ts';
import { articlePacket, ethernetFrame, type FrameAddresses } from './packets.ts';

/** What {@link sendTraffic} sends. Addresses in host order; what is left out is as in the article. */
export interface Traffic {
  /** How many frames, 1 to 2^32 − 1. */
  readonly count: number;
  /** Bytes behind the clear packet's IP header. */
  readonly size?: number;
  readonly source?: number;
  readonly destination?: number;
  /** Its tunnel; undefined for clear packets. */
  readonly esp?:
    | {
        readonly spi?: number;
        readonly keyAndSalt?: Uint8Array;
        readonly source?: number;
        readonly destination?: number;
        /** Each packet has a sequence number and an IV of its own. Else all are one packet, the first of its SA. */
        readonly fresh?: boolean;
        /** What enciphers. Default the engine `noble`. */
        readonly engine?: EngineFactory;
      }
    | undefined;
  /** Default broadcast, and the target's own address. */
  readonly ethernet?: FrameAddresses;
}

/** What was sent. */
export interface TrafficReport {
  readonly packets: number;
  /** Bytes of one frame, from the Ethernet header on. */
  readonly frameBytes: number;
  /** The sequence number of the last ESP packet, the first having 1; undefined when they were clear. */
  readonly lastSequence: number | undefined;
}

/**
 * Sends the article's packets. IVs come from the environment's randomness.
 *
 * @throws SetupError as {@link articlePacket}, {@link EspTunnel} and {@link FrameTarget.send} do
 */
export function sendTraffic(traffic: Traffic, environment: Environment, target: FrameTarget): TrafficReport {
  const { count, esp } = traffic;
  const packet = articlePacket(traffic);
  const addresses: FrameAddresses = {
    destination: traffic.ethernet?.destination,
    source: traffic.ethernet?.source ?? target.macAddress,
  };
  if (esp === undefined) {
    const frame = ethernetFrame(packet, addresses);
    for (let i = 0; i < count; i++) target.send(frame);
    return { packets: count, frameBytes: frame.length, lastSequence: undefined };
  }

  const tunnel = new EspTunnel(esp);
  const iv = new Uint8Array(IV_BYTES);
  let frame: Uint8Array = new Uint8Array(0);
  let sequence = 0;
  try {
    for (let i = 0; i < count; i++) {
      if (i === 0 || esp.fresh) {
        environment.random(iv);
        frame = ethernetFrame(tunnel.encapsulate(packet, ++sequence, iv), addresses);
      }
      target.send(frame);
    }
  } finally {
    tunnel.close();
  }
  return { packets: count, frameBytes: frame.length, lastSequence: sequence };
}
