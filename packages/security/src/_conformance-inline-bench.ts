import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import type { PortUnderTest } from '@inline-ipsec/ethdev/conformance';
import type { FlowHandle, FlowItem } from '@inline-ipsec/ethdev/flow';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_SECURITY } from '@inline-ipsec/ethdev/offloads';
import { MBUF_DATA_LEN, MBUF_OL_FLAGS_HI, MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD, RX_SEC_OFFLOAD_FAILED, TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend, pktmbufChain, pktmbufData, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { check, same } from './_conformance-check.ts';
import { PortSecurity } from './port-security.ts';
import type { SecuritySession } from './session.ts';
import type { IpsecTransform, SecuritySessionConfiguration } from './session-configuration.ts';
import { SecuritySessionPool } from './session-pool.ts';

/** What the cases for inline IPsec are written with: a port, sessions, ESP packets, and a judge. */

/** AES-128-GCM of somebody else: ciphertext and tag of 16 bytes. */
export type Seal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array) => Uint8Array;

/** A fresh port that can do inline IPsec, attached and not yet configured, and a way to its other side. */
export type InlineUnderTest = PortUnderTest & Required<Pick<PortUnderTest, 'inject' | 'sent'>>;

export const KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i);
export const OTHER_KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => 0xe0 - i);
export const SALT: Uint8Array = Uint8Array.of(0xca, 0xfe, 0xba, 0xbe);
/** 172.16.2.5, 172.16.2.6 and 2001:db8::5. */
export const ADDRESS: Uint8Array = Uint8Array.of(172, 16, 2, 5);
export const OTHER_ADDRESS: Uint8Array = Uint8Array.of(172, 16, 2, 6);
export const IPV6_ADDRESS: Uint8Array = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5);

export const GOOD: number = RX_SEC_OFFLOAD;
export const FAILED: number = RX_SEC_OFFLOAD | RX_SEC_OFFLOAD_FAILED;

const ICV_BYTES = 16;
const ESP_HEADER_BYTES = 16;
const MBUFS = 1023;
const SESSIONS = 2048;

/** An ESP packet; all but the SPI has a default. */
export interface EspPacket {
  readonly spi: number;
  readonly sequence?: number;
  /** Bytes of the payload. */
  readonly bytes?: number;
  readonly destination?: Uint8Array;
  /** Words 3 of the IPv4 header: flags and fragment offset. */
  readonly fragment?: number;
}

/** AES-128-GCM, or another AEAD. */
export function gcm(direction: 'encrypt' | 'decrypt', key: Uint8Array = KEY): CryptoTransform {
  return { kind: 'aead', direction, algorithm: 'aes-gcm', key, ivBytes: 12, tagBytes: ICV_BYTES };
}

/** A session of AES-128-GCM. */
export function sessionOf(
  direction: 'egress' | 'ingress',
  spi: number,
  key: Uint8Array = KEY,
  ipsec: Partial<IpsecTransform> = {},
): SecuritySessionConfiguration {
  return {
    action: 'inline-crypto',
    protocol: 'ipsec',
    ipsec: { spi, salt: SALT, direction, proto: 'esp', mode: 'tunnel', ...ipsec },
    crypto: gcm(direction === 'egress' ? 'encrypt' : 'decrypt', key),
  };
}

/** ESP without encryption, authenticated by AES-128-GMAC (RFC 4543). */
export function gmac(direction: 'encrypt' | 'decrypt', key: Uint8Array = KEY): CryptoTransform {
  return {
    kind: 'chain',
    direction,
    cipher: { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0 },
    auth: { algorithm: 'aes-gmac', key, tagBytes: ICV_BYTES },
  };
}

/** {@link sessionOf} of AES-128-GMAC. */
export function gmacSessionOf(
  direction: 'egress' | 'ingress',
  spi: number,
  key: Uint8Array = KEY,
  ipsec: Partial<IpsecTransform> = {},
): SecuritySessionConfiguration {
  const crypto = gmac(direction === 'egress' ? 'encrypt' : 'decrypt', key);
  return { ...sessionOf(direction, spi, key, ipsec), crypto };
}

/** A frame as software leaves it to the port: complete but for cipher and ICV. */
export function espFrame({
  spi,
  sequence = 1,
  bytes = 40,
  destination = ADDRESS,
  fragment = 0,
}: EspPacket): Uint8Array {
  const pad = (4 - ((bytes + 2) & 3)) & 3;
  const length = ESP_HEADER_BYTES + bytes + pad + 2 + ICV_BYTES;
  const frame = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
  if (destination.length === 16) {
    frame.push(0x86, 0xdd, 0x60, 0, 0, 0, ...be16(length), 50, 64, ...destination, ...destination);
  } else {
    const header = [
      0x45,
      0,
      ...be16(20 + length),
      0,
      0,
      ...be16(fragment),
      64,
      50,
      0,
      0,
      172,
      16,
      1,
      5,
      ...destination,
    ];
    let sum = 0;
    for (let i = 0; i < 20; i += 2) sum += (header[i] << 8) | header[i + 1];
    sum = (sum & 0xffff) + (sum >>> 16);
    header.splice(10, 2, ...be16(~(sum + (sum >>> 16)) & 0xffff));
    frame.push(0x08, 0x00, ...header);
  }
  frame.push(...be32(spi), ...be32(sequence), 0, 0, 0, 0, ...be32(sequence));
  for (let i = 0; i < bytes; i++) frame.push((i * 5 + spi + sequence) & 0xff);
  for (let i = 1; i <= pad; i++) frame.push(i);
  frame.push(pad, 4, ...new Array<number>(ICV_BYTES).fill(0));
  return Uint8Array.from(frame);
}

function be16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

function be32(value: number): number[] {
  return [...be16(value >>> 16), ...be16(value & 0xffff)];
}

/** A started port with inline IPsec both ways, unless it is told otherwise. */
export class InlineBench {
  readonly subject: InlineUnderTest;
  readonly security: PortSecurity;
  readonly sessions: SecuritySessionPool;
  readonly mbufs: PktmbufPool;
  readonly #seal: Seal;

  constructor(subject: InlineUnderTest, seal: Seal) {
    this.subject = subject;
    this.#seal = seal;
    const { memory, port } = subject;
    const { securityContext } = port;
    check(securityContext instanceof PortSecurity, 'the security context');
    this.security = securityContext as PortSecurity;
    this.sessions = SecuritySessionPool.create(memory, 'inl_sess', SESSIONS, this.security.sessionPrivateBytes);
    this.mbufs = PktmbufPool.create(memory, 'inl_mbufs', { count: MBUFS, cacheSize: 32, poison: true });
  }

  /** Configures the port with one queue each way, and starts it. */
  start({ receive = true, transmit = true }: { receive?: boolean; transmit?: boolean } = {}): this {
    const { port } = this.subject;
    this.configure({ receive, transmit });
    port.start();
    return this;
  }

  configure({ receive = true, transmit = true }: { receive?: boolean; transmit?: boolean } = {}): this {
    const { port } = this.subject;
    const segments = port.info().txOffloads & TX_OFFLOAD_MULTI_SEGS;
    port.configure({
      rxOffloads: receive ? RX_OFFLOAD_SECURITY : 0,
      txOffloads: (segments | (transmit ? TX_OFFLOAD_SECURITY : 0)) >>> 0,
    });
    port.rxQueueSetup(0, { pool: this.mbufs });
    port.txQueueSetup(0);
    port.promiscuous = true;
    return this;
  }

  session(configuration: SecuritySessionConfiguration): SecuritySession {
    return this.security.sessionCreate(configuration, this.sessions);
  }

  /** Leads packets for an address to an ingress session. */
  bind(session: SecuritySession, destination: Uint8Array = ADDRESS): FlowHandle {
    return this.subject.port.flowCreate({ ingress: true }, ...ruleOf(session, destination));
  }

  /** The frame that must leave the port, and that it must take for good. */
  sealed(packet: EspPacket, key: Uint8Array = KEY): Uint8Array {
    const frame = espFrame(packet);
    const esp = 14 + (packet.destination?.length === 16 ? 40 : 20);
    const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + ESP_HEADER_BYTES));
    const body = frame.subarray(esp + ESP_HEADER_BYTES, frame.length - ICV_BYTES);
    const text = this.#seal(key, nonce, frame.subarray(esp, esp + 8), body);
    return Uint8Array.of(...frame.subarray(0, esp + ESP_HEADER_BYTES), ...text);
  }

  /** As {@link sealed}, by AES-128-GMAC: in clear, with an ICV over all of ESP. */
  authenticated(packet: EspPacket, key: Uint8Array = KEY): Uint8Array {
    const frame = espFrame(packet);
    const esp = 14 + (packet.destination?.length === 16 ? 40 : 20);
    const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + ESP_HEADER_BYTES));
    const covered = frame.subarray(esp, frame.length - ICV_BYTES);
    frame.set(this.#seal(key, nonce, covered, new Uint8Array(0)), frame.length - ICV_BYTES);
    return frame;
  }

  /** An mbuf with these bytes, cut at these places into segments. */
  mbuf(bytes: Uint8Array, cuts: readonly number[] = []): number {
    const { memory } = this.subject;
    let head = 0;
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      const m = this.mbufs.alloc();
      memory.u8.set(bytes.subarray(from, to), pktmbufAppend(memory, m, to - from));
      if (head === 0) head = m;
      else pktmbufChain(memory, head, m);
      from = to;
    }
    return head;
  }

  /** An mbuf that asks for encryption, by a session if one is given. */
  secret(session: SecuritySession | undefined, bytes: Uint8Array, cuts?: readonly number[]): number {
    const m = this.mbuf(bytes, cuts);
    this.subject.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI;
    if (session !== undefined) same(this.security.setPacketMetadata(session.position, m), 0, 'setPacketMetadata');
    return m;
  }

  /** Sends mbufs and gives the frames that left. */
  send(...mbufs: readonly number[]): Uint8Array[] {
    const { port, memory } = this.subject;
    const frames: Uint8Array[] = [];
    let rest = Uint32Array.from(mbufs);
    for (let i = 0; i < 200; i++) {
      if (rest.length > 0) rest = rest.slice(port.txBurst(0, rest, rest.length));
      this.subject.step?.();
      frames.push(...this.subject.sent());
      if (rest.length === 0 && frames.length >= mbufs.length) break;
    }
    pktmbufFreeBulk(memory, rest, 0, rest.length);
    return frames;
  }

  /** Has the port receive frames, and gives flags and bytes of each. */
  receive(...frames: readonly Uint8Array[]): { flags: number; bytes: Uint8Array }[] {
    const { port, memory } = this.subject;
    this.subject.inject(frames);
    const packets: { flags: number; bytes: Uint8Array }[] = [];
    const table = new Uint32Array(32);
    for (let i = 0; i < 1000 && packets.length < frames.length; i++) {
      this.subject.step?.();
      const count = port.rxBurst(0, table, 32);
      for (const m of table.subarray(0, count)) {
        const at = pktmbufData(memory, m);
        packets.push({
          flags: (memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2] & FAILED) >>> 0,
          bytes: memory.u8.slice(at, at + memory.u16[(m + MBUF_DATA_LEN) >> 1]),
        });
      }
      pktmbufFreeBulk(memory, table, 0, count);
    }
    same(packets.length, frames.length, 'packets received');
    return packets;
  }

  /** The flags of what the port makes of frames. */
  flagsOf(...frames: readonly Uint8Array[]): number[] {
    return this.receive(...frames).map(({ flags }) => flags);
  }

  /** Stops and closes the port: all mbufs must be back then. */
  end(): void {
    const { port } = this.subject;
    if (port.state === 'started') port.stop();
    if (port.state !== 'closed') port.close();
    this.subject.close?.();
    same(this.mbufs.inUseCount, 0, 'mbufs in use at the end');
    this.mbufs.audit();
  }
}

/** Pattern and actions that bind a session to its destination. */
export function ruleOf(
  session: SecuritySession,
  destination: Uint8Array = ADDRESS,
): [pattern: FlowItem[], actions: [{ type: 'security'; conf: SecuritySession }, { type: 'end' }]] {
  const [a, b, c, d] = destination;
  const ip: FlowItem =
    destination.length === 16
      ? { type: 'ipv6', spec: { destination } }
      : { type: 'ipv4', spec: { destination: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 } };
  return [
    [{ type: 'eth' }, ip, { type: 'esp' }, { type: 'end' }],
    [{ type: 'security', conf: session }, { type: 'end' }],
  ];
}
