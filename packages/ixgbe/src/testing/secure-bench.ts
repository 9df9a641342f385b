import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import type { FlowAction, FlowHandle, FlowItem } from '@inline-ipsec/ethdev/flow';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_SECURITY } from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_HI, MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD, RX_SEC_OFFLOAD_FAILED, TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';
import type { SecuritySession } from '@inline-ipsec/security/session';
import type { IpsecTransform, SecuritySessionConfiguration } from '@inline-ipsec/security/session-configuration';
import { IPSRXIDX_IPS_RX_EN, IPSTXIDX_IPS_TX_EN } from '../register-fields.ts';
import { ipsrxipaddr, ipsrxkey, ipstxkey, REG } from '../registers.ts';
import { ARTICLE_KEY, ARTICLE_SALT } from '../vectors/article.ts';
import { ESP_HEADER_BYTES, type EspFrameOptions, espFrame, ICV_BYTES, TUNNEL_END } from './esp-frame.ts';
import { PortBench } from './port-bench.ts';

/** For tests: a port with inline IPsec both ways, sessions, rules and packets for it. */

/** The article's key and salt, and another key. */
export const KEY: Uint8Array = bytesOf(ARTICLE_KEY);
export const SALT: Uint8Array = bytesOf(ARTICLE_SALT);
export const OTHER_KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 | i);
/** 2001:db8::5. */
export const IPV6_END: Uint8Array = bytesOf('20010db8000000000000000000000005');
/** Port offloads for both directions. */
export const BOTH: { readonly rxOffloads: number; readonly txOffloads: number } = {
  rxOffloads: RX_OFFLOAD_SECURITY,
  txOffloads: TX_OFFLOAD_SECURITY,
};
/** Flags of a packet that was not authentic. */
export const FAILED: number = RX_SEC_OFFLOAD | RX_SEC_OFFLOAD_FAILED;

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

export function gcm(direction: 'encrypt' | 'decrypt', key: Uint8Array = KEY): CryptoTransform {
  return { kind: 'aead', direction, algorithm: 'aes-gcm', key, ivBytes: 12, tagBytes: 16 };
}

export function gmac(direction: 'encrypt' | 'decrypt', key: Uint8Array = KEY): CryptoTransform {
  return {
    kind: 'chain',
    direction,
    cipher: { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0 },
    auth: { algorithm: 'aes-gmac', key, tagBytes: 16 },
  };
}

export function sessionOf(
  direction: 'ingress' | 'egress',
  spi: number,
  crypto: CryptoTransform,
  ipsec: Partial<IpsecTransform> = {},
): SecuritySessionConfiguration {
  return {
    action: 'inline-crypto',
    protocol: 'ipsec',
    ipsec: { spi, salt: SALT, direction, proto: 'esp', mode: 'tunnel', ...ipsec },
    crypto,
  };
}

/** An SA of AES-128-GCM out. */
export function egress(spi: number, key: Uint8Array = KEY): SecuritySessionConfiguration {
  return sessionOf('egress', spi, gcm('encrypt', key));
}

/** As {@link egress}, in transport mode, in which the card can do something about TCP and UDP. */
export function egressTransport(spi: number, key: Uint8Array = KEY): SecuritySessionConfiguration {
  return sessionOf('egress', spi, gcm('encrypt', key), { mode: 'transport' });
}

/** An SA of AES-128-GCM in. */
export function ingress(spi: number, key: Uint8Array = KEY): SecuritySessionConfiguration {
  return sessionOf('ingress', spi, gcm('decrypt', key));
}

export function ipItem(destination: Uint8Array = TUNNEL_END): FlowItem {
  if (destination.length === 16) return { type: 'ipv6', spec: { destination } };
  const [a, b, c, d] = destination;
  return { type: 'ipv4', spec: { destination: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 } };
}

/** Pattern and actions that bind a session to its destination. */
export function rule(
  session: SecuritySession,
  destination: Uint8Array = TUNNEL_END,
): [pattern: FlowItem[], actions: FlowAction[]] {
  return [
    [{ type: 'eth' }, ipItem(destination), { type: 'esp' }, { type: 'end' }],
    [{ type: 'security', conf: session }, { type: 'end' }],
  ];
}

/** AES-128-GCM of somebody else, to compare with: ciphertext and tag. */
export type Seal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array) => Uint8Array;

/** What {@link sealed} is told. */
export interface SealOptions {
  readonly key?: Uint8Array;
  /** Bytes before the ESP header, behind the Ethernet header. Default 20. */
  readonly l3?: number;
  /** GMAC. */
  readonly authOnly?: boolean;
}

/** The frame that must leave the card when software gave it `frame`. */
export function sealed(seal: Seal, frame: Uint8Array, options: SealOptions = {}): Uint8Array {
  const { key = KEY, l3 = 20, authOnly = false } = options;
  const esp = 14 + l3;
  const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + ESP_HEADER_BYTES));
  const header = frame.subarray(0, esp + ESP_HEADER_BYTES);
  const body = frame.subarray(esp + ESP_HEADER_BYTES, frame.length - ICV_BYTES);
  if (!authOnly) return Uint8Array.of(...header, ...seal(key, nonce, frame.subarray(esp, esp + 8), body));
  const tag = seal(key, nonce, frame.subarray(esp, frame.length - ICV_BYTES), new Uint8Array(0));
  return Uint8Array.of(...header, ...body, ...tag);
}

/** What a port gave of a frame: its SEC_OFFLOAD flags, and its bytes. */
export interface Received {
  readonly flags: number;
  readonly bytes: Uint8Array;
}

export class SecureBench extends PortBench {
  bind(session: SecuritySession, destination: Uint8Array = TUNNEL_END): FlowHandle {
    return this.port.flowCreate({ ingress: true }, ...rule(session, destination));
  }

  /** An mbuf that asks for encryption, by a session if one is given. */
  secret(session: SecuritySession | undefined, frame: Uint8Array, flags = 0): number {
    const m = this.mbuf(frame);
    this.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI | flags;
    if (session !== undefined) this.security.setPacketMetadata(session.position, m);
    return m;
  }

  /** Sends one frame by a session and gives what came out of the card. */
  sendFrame(session: SecuritySession, options: EspFrameOptions): Uint8Array[] {
    this.send([this.secret(session, espFrame(options))]);
    return this.list.sent.splice(0);
  }

  flagsOf(m: number): number {
    return this.memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2] & FAILED;
  }

  /** Has the port receive a frame. */
  receiveFrame(frame: Uint8Array): Received {
    this.list.incoming.push(frame);
    const [m] = this.receive(1);
    const received = { flags: this.flagsOf(m), bytes: this.bytes(m) };
    this.free(m);
    return received;
  }

  /** IPS_RX_EN and IPS_TX_EN. */
  get enabled(): [receive: boolean, transmit: boolean] {
    return [
      (this.card.read(REG.IPSRXIDX) & IPSRXIDX_IPS_RX_EN) !== 0,
      (this.card.read(REG.IPSTXIDX) & IPSTXIDX_IPS_TX_EN) !== 0,
    ];
  }

  /** Entries of the card's tables that are not all zeros, read by its own commands. */
  usedEntries(): { addresses: number; spis: number; keys: number; tx: number } {
    const address = [0, 1, 2, 3].map(ipsrxipaddr);
    const key = [...[0, 1, 2, 3].map(ipsrxkey), REG.IPSRXSALT, REG.IPSRXMOD];
    const tx = [...[0, 1, 2, 3].map(ipstxkey), REG.IPSTXSALT];
    return {
      addresses: this.#used(REG.IPSRXIDX, 1, 128, address),
      spis: this.#used(REG.IPSRXIDX, 2, 1024, [REG.IPSRXSPI, REG.IPSRXIPIDX]),
      keys: this.#used(REG.IPSRXIDX, 3, 1024, key),
      tx: this.#used(REG.IPSTXIDX, 0, 1024, tx),
    };
  }

  #used(index: number, table: number, entries: number, staging: readonly number[]): number {
    const enable = this.card.read(index) & 1;
    let used = 0;
    for (let i = 0; i < entries; i++) {
      this.card.write(index, (0x4000_0000 | enable | (table << 1) | (i << 3)) >>> 0);
      this.card.settle();
      if (staging.some((register) => this.card.read(register) !== 0)) used++;
    }
    return used;
  }
}

/** A started {@link SecureBench}. */
export function secureBench(options: ConstructorParameters<typeof PortBench>[0] = {}): SecureBench {
  return new SecureBench(options).start(BOTH);
}
